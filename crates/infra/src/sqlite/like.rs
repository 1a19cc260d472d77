//! Likes as rows: one a user and target by primary key, counted on the target and for its owner in the same step.

use std::sync::LazyLock;

use async_trait::async_trait;
use aviary_domain::id::RawId;
use aviary_domain::like::{Like, LikeNote, LikeRepository, LikeState, LikeTarget, LikedVideo};
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError};
use rusqlite::{Connection, Row, params};

use super::database::Database;
use super::error::SqlError;
use super::newest;
use super::row::{all, count, execute, first, id_from, integer, optional_id_from, timestamp};
use super::video_row::{VIDEO_CARD, VIDEO_CARD_WIDTH, video_card, visible_to};

/// The `kind` of likes of videos.
pub(crate) const VIDEO: i64 = 1;
/// The `kind` of likes of comments.
pub(crate) const COMMENT: i64 = 2;
/// The `kind` of likes of tweets.
pub(crate) const TWEET: i64 = 3;

/// A page of the videos that a user (?1) likes and sees, after a time and id (?2, ?3).
pub(super) static LIKED_VIDEOS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIDEO_CARD}, l.id, l.description, l.inviter, l.created_at
         FROM likes l JOIN videos v ON v.id = l.target JOIN users u ON u.id = v.owner
         WHERE l.liked_by = ?1 AND l.kind = {VIDEO} AND (l.created_at, l.id) < (?2, ?3) AND {}
         ORDER BY l.created_at DESC, l.id DESC LIMIT ?4 OFFSET ?5",
        visible_to("?1")
    )
});

/// The owner and the number of likes of a video (?1) that a user (?2) sees.
static FIND_VIDEO: LazyLock<String> =
    LazyLock::new(|| format!("SELECT v.owner, v.likes_count FROM videos v WHERE v.id = ?1 AND {}", visible_to("?2")));

/// The owner and the number of likes of a comment (?1) that a user (?2) sees.
static FIND_COMMENT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT c.owner, c.likes_count FROM comments c JOIN videos v ON v.id = c.video WHERE c.id = ?1 AND {}",
        visible_to("?2")
    )
});

/// The owner and the number of likes of a tweet (?1); everybody sees it.
const FIND_TWEET: &str = "SELECT t.owner, t.likes_count FROM tweets t WHERE t.id = ?1";

/// The condition that a user likes something, as a column; `target` and `user` are SQL, a user of NULL likes nothing.
pub(crate) fn liked_by(kind: i64, target: &str, user: &str) -> String {
    format!("EXISTS (SELECT 1 FROM likes l WHERE l.kind = {kind} AND l.target = {target} AND l.liked_by = {user})")
}

/// Changes how many likes somebody received.
pub(crate) fn change_received(c: &Connection, owner: &RawId, change: i64) -> Result<(), SqlError> {
    if change != 0 {
        execute(c, "UPDATE users SET likes_received = likes_received + ?2 WHERE id = ?1", params![owner, change])?;
    }
    Ok(())
}

/// Queues the likes of something deleted, if it has any.
pub(crate) fn leave_to_purge(c: &Connection, kind: i64, target: &RawId) -> Result<(), SqlError> {
    execute(
        c,
        "INSERT INTO purge_queue (kind, target)
         SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM likes WHERE kind = ?1 AND target = ?2)",
        params![kind, target],
    )?;
    Ok(())
}

/// The likes in the embedded store.
pub struct SqliteLikes {
    database: Database,
}

impl SqliteLikes {
    /// The likes of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl LikeRepository for SqliteLikes {
    async fn put(&self, like: &Like) -> Result<Option<LikeState>, StoreError> {
        let like = like.clone();
        self.database
            .write(move |c| {
                let Some(target) = Target::find(c, like.target, like.liked_by)? else { return Ok(None) };
                let added = target.add(c, &like)?;
                target.counted(c, true, i64::from(added)).map(Some)
            })
            .await
    }

    async fn remove(&self, user: Id<User>, target: LikeTarget) -> Result<Option<LikeState>, StoreError> {
        self.database
            .write(move |c| {
                let Some(target) = Target::find(c, target, user)? else { return Ok(None) };
                let removed = target.remove(c, user)?;
                target.counted(c, false, -i64::from(removed)).map(Some)
            })
            .await
    }

    async fn toggle(&self, like: &Like) -> Result<Option<LikeState>, StoreError> {
        let like = like.clone();
        self.database
            .write(move |c| {
                let Some(target) = Target::find(c, like.target, like.liked_by)? else { return Ok(None) };
                let removed = target.remove(c, like.liked_by)?;
                if removed {
                    return target.counted(c, false, -1).map(Some);
                }
                target.add(c, &like)?;
                target.counted(c, true, 1).map(Some)
            })
            .await
    }

    async fn liked_videos(&self, user: Id<User>, page: &PageRequest) -> Result<Page<LikedVideo>, StoreError> {
        let request = page.clone();
        self.database.read_page(page, move |c| liked_videos(c, user, &request)).await
    }
}

/// Something that a user can see and like.
struct Target {
    kind: i64,
    /// The statement that changes its (?1) number of likes by ?2.
    count: &'static str,
    id: RawId,
    owner: RawId,
    likes: u64,
}

impl Target {
    fn find(c: &Connection, target: LikeTarget, user: Id<User>) -> Result<Option<Self>, SqlError> {
        let user = user.bytes();
        let read = |row: &Row<'_>| Ok((row.get(0)?, count(row, 1)?));
        let (kind, count, id, found) = match target {
            LikeTarget::Video(id) => (
                VIDEO,
                "UPDATE videos SET likes_count = likes_count + ?2 WHERE id = ?1",
                id.bytes(),
                first(c, &FIND_VIDEO, params![id.bytes(), user], read)?,
            ),
            LikeTarget::Comment(id) => (
                COMMENT,
                "UPDATE comments SET likes_count = likes_count + ?2 WHERE id = ?1",
                id.bytes(),
                first(c, &FIND_COMMENT, params![id.bytes(), user], read)?,
            ),
            LikeTarget::Tweet(id) => (
                TWEET,
                "UPDATE tweets SET likes_count = likes_count + ?2 WHERE id = ?1",
                id.bytes(),
                first(c, FIND_TWEET, [id.bytes()], read)?,
            ),
        };
        Ok(found.map(|(owner, likes)| Self { kind, count, id, owner, likes }))
    }

    /// Adds the like unless there is one; tells whether it did.
    fn add(&self, c: &Connection, like: &Like) -> Result<bool, SqlError> {
        let added = execute(
            c,
            "INSERT INTO likes (kind, target, liked_by, id, description, inviter, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (kind, target, liked_by) DO NOTHING",
            params![
                self.kind,
                self.id,
                like.liked_by.bytes(),
                like.id.bytes(),
                like.description.as_ref().map(LikeNote::as_str),
                like.inviter.map(|id| id.bytes()),
                like.created_at.millis(),
            ],
        )?;
        Ok(added > 0)
    }

    /// Removes the user's like if there is one; tells whether it did.
    fn remove(&self, c: &Connection, user: Id<User>) -> Result<bool, SqlError> {
        let removed = execute(
            c,
            "DELETE FROM likes WHERE kind = ?1 AND target = ?2 AND liked_by = ?3",
            params![self.kind, self.id, user.bytes()],
        )?;
        Ok(removed > 0)
    }

    /// Counts what was added or removed, and tells how things stand.
    fn counted(&self, c: &Connection, is_liked: bool, change: i64) -> Result<LikeState, SqlError> {
        if change != 0 {
            execute(c, self.count, params![self.id, change])?;
            change_received(c, &self.owner, change)?;
        }
        Ok(LikeState { is_liked, likes_count: self.likes.saturating_add_signed(change) })
    }
}

fn liked_videos(c: &Connection, user: Id<User>, page: &PageRequest) -> Result<Page<LikedVideo>, SqlError> {
    let (time, id) = newest::start(page)?;
    let liked = all(
        c,
        &LIKED_VIDEOS,
        params![user.bytes(), time, id, integer(page.surplus()), integer(page.offset())],
        |row| liked_video(row, user),
    )?;
    Ok(Page::from_surplus(liked, page.size, None, |last| newest::cursor(last.like.created_at, last.like.id)))
}

fn liked_video(row: &Row<'_>, user: Id<User>) -> rusqlite::Result<LikedVideo> {
    let video = video_card(row, 0)?;
    let like = Like {
        id: id_from(row, VIDEO_CARD_WIDTH)?,
        liked_by: user,
        target: LikeTarget::Video(video.video.id),
        description: row.get::<_, Option<String>>(VIDEO_CARD_WIDTH + 1)?.map(LikeNote::from_stored),
        inviter: optional_id_from(row, VIDEO_CARD_WIDTH + 2)?,
        created_at: timestamp(row, VIDEO_CARD_WIDTH + 3)?,
    };
    Ok(LikedVideo { like, video })
}
