//! What no port shows: that recounting sees and repairs every counter, and that purging leaves nothing behind.

use aviary_domain::like::LikeTarget;
use aviary_domain::maintenance::{DriftReport, Reconcile};
use aviary_domain::page::{PageRequest, PageSize};
use aviary_domain::test_support::fixture::{at, comment, guest, like, visit};
use aviary_domain::test_support::seed;
use aviary_domain::user::User;
use aviary_domain::video::{Video, Viewer};
use aviary_domain::{Id, Store};
use futures_util::future::{join_all, join4};
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};

use super::{Guard, fresh};

/// Every stored count: its collection, its field, and what reports call it.
const COUNTS: [(&str, &str, &str); 16] = [
    ("users", "subscribersCount", "users.subscribers_count"),
    ("users", "subscriptionsCount", "users.subscriptions_count"),
    ("users", "videosCount", "users.videos_count"),
    ("users", "publishedCount", "users.published_count"),
    ("users", "tweetsCount", "users.tweets_count"),
    ("users", "viewsReceived", "users.views_received"),
    ("users", "likesReceived", "users.likes_received"),
    ("users", "commentsReceived", "users.comments_received"),
    ("users", "storedBytes", "users.stored_bytes"),
    ("videos", "likesCount", "videos.likes_count"),
    ("videos", "commentsCount", "videos.comments_count"),
    ("comments", "likesCount", "comments.likes_count"),
    ("tweets", "likesCount", "tweets.likes_count"),
    ("playlists", "entries", "playlists.entries"),
    ("totals", "published", "totals.published_videos"),
    ("totals", "tweets", "totals.tweets"),
];

/// One user with a published video, a hidden one and a tweet; both users do everything to everything.
struct World {
    store: Store,
    guard: Guard,
    owner: User,
    video: Video,
}

impl World {
    async fn new() -> Self {
        let (store, guard) = fresh().await;
        let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
        let (video, other) = (seed::video(&store, owner.id).await, seed::video(&store, owner.id).await);
        seed::hidden_video(&store, owner.id).await;
        let tweet = seed::tweet(&store, owner.id).await;
        for user in [&owner, &fan] {
            let comment = seed::comment(&store, video.id, owner.id).await;
            let viewer = Viewer::User(user.id);
            seed::watch(&store, video.id, viewer, at(2)).await;
            seed::watch(&store, other.id, viewer, at(2)).await;
            seed::watch(&store, video.id, guest(user.id.bytes()[11]), at(2)).await;
            seed::playlist(&store, owner.id, &[video.clone(), other.clone()]).await;
            for target in [LikeTarget::Video(video.id), LikeTarget::Comment(comment.id), LikeTarget::Tweet(tweet.id)] {
                seed::like(&store, owner.id, target).await;
                seed::like(&store, fan.id, target).await;
            }
        }
        seed::subscribe(&store, fan.id, owner.id).await;
        seed::subscribe(&store, owner.id, fan.id).await;
        Self { store, guard, owner, video }
    }

    async fn reconcile(&self, mode: Reconcile) -> DriftReport {
        self.store.maintenance.reconcile(mode).await.expect("a report")
    }

    async fn assert_exact(&self, when: &str) {
        assert_eq!(self.reconcile(Reconcile::Report).await, DriftReport::default(), "{when}");
    }

    /// The document whose count a test changes: one of the owner's, where counts are not 0.
    fn counted(&self, collection: &str, field: &str) -> Document {
        match collection {
            "users" => doc! { "_id": object_id(self.owner.id) },
            "videos" => doc! { "_id": object_id(self.video.id) },
            "totals" => doc! { "_id": format!("{field}:3") },
            _ => doc! { "owner": object_id(self.owner.id) },
        }
    }
}

fn object_id<T>(id: Id<T>) -> ObjectId {
    ObjectId::from_bytes(id.bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_damaged_counter_is_told_and_repaired() {
    let world = World::new().await;
    let database = world.guard.database().await;
    world.assert_exact("before any damage").await;
    for (collection, field, name) in COUNTS {
        let counted = world.counted(collection, field);
        let field = if collection == "totals" { "value" } else { field };
        let damage = doc! { "$inc": { field: 7_i64 } };
        let damaged = database.collection::<Document>(collection).update_one(counted, damage).await.unwrap();
        assert_eq!(damaged.modified_count, 1, "{name}");
        for mode in [Reconcile::Report, Reconcile::Repair] {
            let report = world.reconcile(mode).await;
            let [drift] = report.examples.as_slice() else { panic!("{name}: {report:?}") };
            assert_eq!((drift.counter, report.drifted), (name, 1));
            assert!(drift.actual > 0, "{name} counts something");
            assert_eq!(drift.stored, drift.actual + 7, "{name}");
            assert_eq!(drift.row.len(), if collection == "totals" { 0 } else { 24 });
        }
        world.assert_exact(name).await;
    }
}

/// What drifted so far hides nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_count_below_nothing_is_read_as_nothing_and_told_as_it_is() {
    let world = World::new().await;
    let database = world.guard.database().await;
    for (collection, field, name) in COUNTS {
        let counted = world.counted(collection, field);
        let field = if collection == "totals" { "value" } else { field };
        let damage = doc! { "$set": { field: -1_000_i64 } };
        let damaged = database.collection::<Document>(collection).update_one(counted, damage).await.unwrap();
        assert_eq!(damaged.modified_count, 1, "{name}");
    }
    let (store, page) = (&world.store, PageRequest::first(PageSize::DEFAULT));
    let video = store.videos.find(world.video.id).await.unwrap().unwrap();
    assert_eq!((video.likes_count, video.comments_count), (0, 0));
    let stats = store.dashboard.stats(world.owner.id).await.unwrap().unwrap();
    assert_eq!((stats.videos, stats.likes, stats.subscribers), (0, 0, 0));
    let tweets = store.tweets.list(None, &page).await.unwrap();
    assert_eq!((tweets.total, tweets.items.len()), (Some(0), 1));
    assert_eq!(store.comments.list(world.video.id, None, &page).await.unwrap().unwrap().items.len(), 2);
    assert_eq!(store.playlists.list_by(world.owner.id, None, &page).await.unwrap().unwrap().items.len(), 2);

    let report = world.reconcile(Reconcile::Repair).await;
    assert_eq!(report.examples.len(), COUNTS.len(), "{report:?}");
    assert!(report.examples.iter().all(|drift| drift.stored < -900), "{report:?}");
    world.assert_exact("after the repair").await;
}

/// A counter that a later version adds must be recounted too.
#[tokio::test(flavor = "multi_thread")]
async fn no_stored_count_is_forgotten() {
    let world = World::new().await;
    let database = world.guard.database().await;
    let mut found = Vec::new();
    for collection in ["users", "videos", "comments", "tweets", "playlists", "subscriptions", "likes"] {
        let row = database.collection::<Document>(collection).find_one(doc! {}).await.unwrap().unwrap();
        let counts = row.keys().filter(|field| field.ends_with("Count") || field.ends_with("Received"));
        let counts = counts.chain(row.keys().filter(|field| ["entries", "storedBytes"].contains(&field.as_str())));
        found.extend(counts.map(|field| (collection, field.clone())));
    }
    let mut known: Vec<_> = COUNTS.iter().map(|(collection, field, _)| (*collection, (*field).to_owned())).collect();
    known.retain(|(collection, _)| *collection != "totals");
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_tells_all_and_shows_the_first_and_a_repair_goes_in_batches() {
    let (store, guard) = fresh().await;
    let owner = seed::user(&store).await;
    for _ in 0..12 {
        join_all((0..100).map(|_| seed::tweet(&store, owner.id))).await;
    }
    let tweets = guard.database().await.collection::<Document>("tweets");
    tweets.update_many(doc! {}, doc! { "$inc": { "likesCount": 1_i64 } }).await.unwrap();
    for mode in [Reconcile::Report, Reconcile::Repair] {
        let report = store.maintenance.reconcile(mode).await.unwrap();
        assert_eq!((report.drifted, report.examples.len()), (1_200, DriftReport::SHOWN), "{mode:?}");
    }
    assert_eq!(store.maintenance.reconcile(Reconcile::Report).await.unwrap(), DriftReport::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn repairs_at_once_and_beside_writes_set_each_count_right_once() {
    let world = World::new().await;
    let database = world.guard.database().await;
    let fans = seed::users(&world.store, 20).await;
    for collection in ["users", "videos"] {
        let all = doc! { "$inc": { "likesCount": 5_i64, "likesReceived": 5_i64, "subscribersCount": 3_i64 } };
        database.collection::<Document>(collection).update_many(doc! {}, all).await.unwrap();
    }
    let repairs = join_all((0..4).map(|_| world.reconcile(Reconcile::Repair)));
    let writes = fans.iter().map(async |fan| {
        seed::like(&world.store, fan.id, LikeTarget::Video(world.video.id)).await;
        seed::subscribe(&world.store, fan.id, world.owner.id).await;
    });
    tokio::join!(repairs, join_all(writes));
    world.assert_exact("after the repairs").await;
}

/// How many documents of each kind still refer to this video.
async fn left(database: &Database, video: &Video) -> Vec<(&'static str, u64)> {
    let mut left = Vec::new();
    for collection in ["comments", "likes", "playlist_videos", "history", "views"] {
        let refers = doc! { "video": object_id(video.id) };
        let number = database.collection::<Document>(collection).count_documents(refers).await.expect("a number");
        left.push((collection, number));
    }
    let queued = database.collection::<Document>("purge_queue").count_documents(doc! {}).await.expect("a number");
    left.push(("purge_queue", queued));
    left.retain(|(_, number)| *number > 0);
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn purging_in_small_steps_keeps_every_count_exact_and_leaves_nothing() {
    for limit in [1, 3, 1_000] {
        let world = World::new().await;
        let database = world.guard.database().await;
        assert!(world.store.videos.delete(world.video.id, at(3)).await.unwrap());
        let mut steps = 0;
        loop {
            let step = world.store.maintenance.purge(limit).await.unwrap();
            assert!(step <= limit + 1, "a step of {limit} removed {step}");
            world.assert_exact("after a step of the purge").await;
            steps += 1;
            if step == 0 {
                break;
            }
        }
        assert!(steps > 5 || limit == 1_000, "{steps} steps of {limit}");
        assert_eq!(left(&database, &world.video).await, [], "in steps of {limit}");
        let likes = database.collection::<Document>("likes");
        let likes = likes.count_documents(doc! { "comment": { "$ne": null } }).await.unwrap();
        assert_eq!(likes, 0, "likes of its comments");
    }
}

/// Whatever is hung on a video in the moment in which it is deleted is refused or purged.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_what_raced_a_delete_and_its_purge() {
    let (store, guard) = fresh().await;
    let database = guard.database().await;
    let owner = seed::user(&store).await;
    let fans = seed::users(&store, 6).await;
    let mut playlists = Vec::new();
    for fan in &fans {
        playlists.push(seed::playlist(&store, fan.id, &[]).await);
    }
    for _ in 0..12 {
        let video = seed::video(&store, owner.id).await;
        let hung = fans.iter().zip(&playlists).map(async |(fan, playlist)| {
            let like = like(fan.id, LikeTarget::Video(video.id), at(2));
            let comment = comment(video.id, fan.id, at(2));
            let visit = visit(video.id, Viewer::User(fan.id), at(2));
            let (added, liked, watched, commented) = join4(
                store.playlists.add_video(playlist.id, video.id, at(2)),
                store.likes.put(&like),
                store.videos.watch(&visit),
                store.comments.create(&comment, None),
            )
            .await;
            assert!(added.is_ok() && liked.is_ok() && watched.is_ok() && commented.is_ok());
        });
        let deleted = async {
            assert!(store.videos.delete(video.id, at(3)).await.unwrap());
            while store.maintenance.purge(100).await.unwrap() > 0 {}
        };
        tokio::join!(join_all(hung), deleted);
        while store.maintenance.purge(100).await.unwrap() > 0 {}
        assert_eq!(left(&database, &video).await, []);
    }
    assert_eq!(store.maintenance.reconcile(Reconcile::Report).await.unwrap(), DriftReport::default());
}
