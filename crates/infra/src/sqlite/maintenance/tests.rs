//! What no port shows: that recounting sees every counter, and that purging keeps them exact at every step.

use aviary_domain::comment::{Comment, CommentText};
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::id::RawId;
use aviary_domain::like::{Like, LikeTarget};
use aviary_domain::maintenance::Reconcile;
use aviary_domain::playlist::{Added, Playlist, PlaylistName};
use aviary_domain::security::GuestKey;
use aviary_domain::subscription::Subscription;
use aviary_domain::tweet::{Tweet, TweetText};
use aviary_domain::user::User;
use aviary_domain::video::{Description, Title, Video, VideoStatus, Viewer, Visit};
use aviary_domain::{Id, Timestamp};
use rusqlite::params;
use std::time::Duration;
use tempfile::TempDir;

use crate::sqlite::{OpenStore, open};

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const USERS: u8 = 6;
const COMMENTS: u8 = 4;

fn id<T>(kind: u8, number: u8) -> Id<T> {
    let mut raw: RawId = [kind; 12];
    raw[11] = number;
    Id::from_bytes(raw)
}

fn user(number: u8) -> Id<User> {
    id(1, number)
}

/// User 0 has two published videos and one that is not, and everybody does everything to everything they can see.
struct World {
    opened: OpenStore,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { opened: open(folder.path()).unwrap(), _folder: folder };
        for number in 0..USERS {
            world.add_user(number).await;
        }
        for number in 0..3 {
            world.add_video(number).await;
        }
        for number in 0..USERS {
            world.be_social(number).await;
        }
        // Liked, commented and collected while it was visible: only the unpublished are seen by nobody but the owner.
        world.opened.store.videos.toggle_published(id(2, 2), NOW).await.unwrap();
        world
    }

    async fn add_user(&self, number: u8) {
        self.sql(format!(
            "INSERT INTO users (id, username, email, full_name, password_hash, avatar, created_at, updated_at)
             VALUES (x'{}', 'u{number}', 'u{number}@x.yz', 'U', 'p', 'a', 0, 0)",
            user(number)
        ))
        .await;
    }

    async fn add_video(&self, number: u8) {
        let file = FileKey::new(FileFormat::Mp4, [number; 16]);
        let thumbnail = FileKey::new(FileFormat::Jpeg, [number; 16]);
        let later = NOW.after(Duration::from_hours(1));
        self.opened.store.files.reserve(&[file.clone(), thumbnail.clone()], later).await.unwrap();
        let video = Video {
            id: id(2, number),
            owner: user(0),
            file,
            thumbnail,
            title: Title::parse("A film").unwrap(),
            description: Description::parse("").unwrap(),
            duration: 1.0,
            width: 1,
            height: 1,
            bytes: 1,
            thumbnail_bytes: 2,
            status: VideoStatus::Ready,
            is_published: true,
            views: 0,
            likes_count: 0,
            comments_count: 0,
            created_at: NOW,
            updated_at: NOW,
        };
        self.opened.store.videos.create(&video, None, None).await.unwrap();
    }

    /// What one user does: a tweet, a playlist, a subscription, and to each video visits, comments and likes.
    async fn be_social(&self, number: u8) {
        let store = &self.opened.store;
        let me = user(number);
        let tweet = Tweet {
            id: id(4, number),
            owner: me,
            content: TweetText::parse("Hi").unwrap(),
            likes_count: 0,
            created_at: NOW,
            updated_at: NOW,
        };
        store.tweets.create(&tweet, None).await.unwrap();
        let channel = user((number + 1) % USERS);
        let subscription = Subscription { id: id(6, number), subscriber: me, channel, created_at: NOW };
        store.subscriptions.put(&subscription).await.unwrap().unwrap();
        let playlist = Playlist {
            id: id(7, number),
            owner: me,
            name: PlaylistName::parse("Mine").unwrap(),
            description: Description::parse("").unwrap(),
            created_at: NOW,
            updated_at: NOW,
        };
        store.playlists.create(&playlist, None).await.unwrap();
        for older in 0..=number {
            self.like(number, LikeTarget::Tweet(id(4, older))).await;
        }
        for video in 0..3 {
            self.enjoy(number, video).await;
        }
    }

    async fn enjoy(&self, number: u8, video: u8) {
        let store = &self.opened.store;
        for viewer in [Viewer::User(user(number)), Viewer::Guest(GuestKey([number; 16]))] {
            let visit = Visit { video: id(2, video), viewer, now: NOW, window: Duration::from_mins(30) };
            store.videos.watch(&visit).await.unwrap().unwrap();
        }
        let added = store.playlists.add_video(id(7, number), id(2, video), NOW).await.unwrap();
        assert_eq!(added, Added::Present);
        self.like(number, LikeTarget::Video(id(2, video))).await;
        for turn in 0..COMMENTS {
            let comment = Comment {
                id: id(10 + video, number * COMMENTS + turn),
                video: id(2, video),
                owner: user(number),
                content: CommentText::parse("Nice").unwrap(),
                likes_count: 0,
                created_at: NOW,
                updated_at: NOW,
            };
            store.comments.create(&comment, None).await.unwrap().unwrap();
        }
        for earlier in 0..number * COMMENTS {
            self.like(number, LikeTarget::Comment(id(10 + video, earlier))).await;
        }
    }

    async fn like(&self, number: u8, target: LikeTarget) {
        let like = Like {
            id: id(5, number),
            liked_by: user(number),
            target,
            description: None,
            inviter: None,
            created_at: NOW,
        };
        assert!(self.opened.store.likes.put(&like).await.unwrap().unwrap().is_liked);
    }

    async fn sql(&self, sql: String) {
        self.opened.database.write(move |c| Ok(c.execute(&sql, [])?)).await.unwrap();
    }

    fn number(&self, sql: &str) -> i64 {
        self.opened.database.read(|c| Ok(c.query_row(sql, [], |row| row.get(0))?)).unwrap()
    }

    async fn assert_exact(&self, when: &str) {
        let report = self.opened.store.maintenance.reconcile(Reconcile::Report).await.unwrap();
        assert_eq!(report.examples, [], "{when}");
        assert_eq!(report.drifted, 0, "{when}");
    }

    /// Purges in steps of `limit`, looking at every count after each; answers how many rows went.
    async fn purge_in_steps(&self, limit: usize) -> usize {
        let mut removed = 0;
        loop {
            let step = self.opened.store.maintenance.purge(limit).await.unwrap();
            self.assert_exact("after a step of the purge").await;
            assert!(step <= limit + 1, "a step of {limit} removed {step}");
            removed += step;
            if step == 0 {
                return removed;
            }
        }
    }
}

/// Every stored count, and one row of it.
const STORED: [(&str, &str, &str); 16] = [
    ("users", "subscribers_count", "username = 'u0'"),
    ("users", "subscriptions_count", "username = 'u0'"),
    ("users", "videos_count", "username = 'u0'"),
    ("users", "published_count", "username = 'u0'"),
    ("users", "tweets_count", "username = 'u0'"),
    ("users", "views_received", "username = 'u0'"),
    ("users", "likes_received", "username = 'u0'"),
    ("users", "comments_received", "username = 'u0'"),
    ("users", "stored_bytes", "username = 'u0'"),
    ("videos", "likes_count", "seq = 1"),
    ("videos", "comments_count", "seq = 1"),
    ("comments", "likes_count", "id = (SELECT min(id) FROM comments)"),
    ("tweets", "likes_count", "id = (SELECT min(id) FROM tweets)"),
    ("playlists", "entries", "id = (SELECT min(id) FROM playlists)"),
    ("totals", "published_videos", "name = 'published_videos'"),
    ("totals", "tweets", "name = 'tweets'"),
];

#[tokio::test]
async fn every_damaged_counter_is_told_and_repaired() {
    let world = World::new().await;
    world.assert_exact("before any damage").await;
    for (table, name, row) in STORED {
        let column = if table == "totals" { "value" } else { name };
        let actual = world.number(&format!("SELECT {column} FROM {table} WHERE {row}"));
        assert!(actual > 0, "{table}.{name} counts something");
        world.sql(format!("UPDATE {table} SET {column} = {column} + 7 WHERE {row}")).await;
        for mode in [Reconcile::Report, Reconcile::Repair] {
            let report = world.opened.store.maintenance.reconcile(mode).await.unwrap();
            let [drift] = report.examples.as_slice() else { panic!("{table}.{name}: {report:?}") };
            assert_eq!((drift.counter, report.drifted), (format!("{table}.{name}").as_str(), 1));
            assert_eq!((drift.stored, drift.actual), (actual + 7, actual), "{table}.{name}");
            assert_eq!(drift.row.len(), if table == "totals" { 0 } else { 24 });
        }
        world.assert_exact(name).await;
    }
}

/// A counter that a later migration adds must be recounted too.
#[tokio::test]
async fn no_stored_count_is_forgotten() {
    let world = World::new().await;
    let counts = "SELECT count(*) FROM sqlite_schema m JOIN pragma_table_info(m.name) i
                  WHERE m.type = 'table' AND (i.name GLOB '*_count' OR i.name GLOB '*_received'
                      OR i.name IN ('entries', 'stored_bytes'))";
    let totals = "SELECT count(*) FROM totals";
    assert_eq!(usize::try_from(world.number(counts) + world.number(totals)), Ok(STORED.len()));
}

#[tokio::test]
async fn a_report_tells_all_and_shows_the_first() {
    let world = World::new().await;
    world.sql("UPDATE comments SET likes_count = likes_count + 1".to_owned()).await;
    world.sql("UPDATE users SET likes_received = 0, tweets_count = 9".to_owned()).await;
    let report = world.opened.store.maintenance.reconcile(Reconcile::Repair).await.unwrap();
    let comments = u64::from(USERS * COMMENTS) * 3;
    assert_eq!(report.drifted, comments + 2 * u64::from(USERS));
    assert_eq!(report.examples.len(), usize::try_from(report.drifted).unwrap().min(super::DriftReport::SHOWN));
    world.assert_exact("after the repair").await;
}

#[tokio::test]
async fn purging_in_small_steps_keeps_every_count_exact_and_leaves_nothing() {
    for limit in [1, 3, 1000] {
        let world = World::new().await;
        let store = &world.opened.store;
        assert!(store.videos.delete(id(2, 0), NOW).await.unwrap());
        assert!(store.comments.delete(id(11, 0)).await.unwrap());
        assert!(store.tweets.delete(id(4, 0)).await.unwrap());
        world.assert_exact("after the deletes").await;
        let expected = ROWS_OF_DELETED.iter().map(|sql| world.number(sql)).sum::<i64>()
            // Each comment's likes wait in the queue, save those of the last user's comments, which have none.
            + i64::from((USERS - 1) * COMMENTS);

        let removed = world.purge_in_steps(limit).await;

        assert_eq!(i64::try_from(removed), Ok(expected), "in steps of {limit}");
        for sql in ROWS_OF_DELETED {
            assert_eq!(world.number(sql), 0, "{sql}");
        }
        assert_eq!(world.number("SELECT count(*) FROM videos"), 2);
    }
}

/// Everything that refers to what the test deletes, and the queue.
const ROWS_OF_DELETED: [&str; 8] = [
    "SELECT count(*) FROM videos WHERE state = 2",
    "SELECT count(*) FROM purge_queue",
    "SELECT count(*) FROM views WHERE video NOT IN (SELECT id FROM videos WHERE state < 2)",
    "SELECT count(*) FROM history WHERE video NOT IN (SELECT id FROM videos WHERE state < 2)",
    "SELECT count(*) FROM comments WHERE video NOT IN (SELECT id FROM videos WHERE state < 2)",
    "SELECT count(*) FROM playlist_videos WHERE video NOT IN (SELECT id FROM videos WHERE state < 2)",
    "SELECT count(*) FROM likes WHERE kind <> 2 AND target NOT IN
         (SELECT id FROM videos WHERE state < 2 UNION ALL SELECT id FROM tweets)",
    "SELECT count(*) FROM likes WHERE kind = 2 AND target NOT IN
         (SELECT c.id FROM comments c JOIN videos v ON v.id = c.video WHERE v.state < 2)",
];

#[tokio::test]
async fn what_is_over_expires_in_bounded_steps() {
    let world = World::new().await;
    let views = world.number("SELECT count(*) FROM views");
    world
        .opened
        .database
        .write(|c| {
            for (number, end) in [(0, NOW), (1, NOW.after(Duration::from_millis(1)))] {
                c.execute(
                    "INSERT INTO sessions (id, user, refresh, created_at, expires_at)
                     VALUES (?1, ?2, zeroblob(32), 0, ?3)",
                    params![id::<()>(8, number).bytes(), user(0).bytes(), end.millis()],
                )?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let maintenance = &world.opened.store.maintenance;
    let earlier = NOW.before(Duration::from_millis(1));
    assert_eq!(maintenance.expire(earlier, NOW, 3).await.unwrap(), 0, "nothing is over yet");
    let later = NOW.after(Duration::from_millis(1));
    let mut expired = 0;
    loop {
        let step = maintenance.expire(NOW, later, 3).await.unwrap();
        assert!(step <= 3);
        expired += step;
        if step == 0 {
            break;
        }
    }
    assert_eq!(i64::try_from(expired), Ok(views + 1), "one session is over");
    assert_eq!(world.number("SELECT count(*) FROM sessions"), 1);
    world.assert_exact("views stay counted after they expire").await;
}
