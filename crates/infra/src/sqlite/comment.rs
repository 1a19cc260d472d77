//! Comments as rows. A comment stands and falls with its video: every statement asks whether that is visible.

use std::sync::LazyLock;

use async_trait::async_trait;
use aviary_domain::comment::{Comment, CommentCard, CommentRepository, CommentText, PlacedComment};
use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::video::Video;
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, Row, params};

use super::answers::Answers;
use super::database::Database;
use super::error::SqlError;
use super::idempotency::note;
use super::row::{USER_CARD, all, count, execute, first, id_from, integer, timestamp, user_card};
use super::video_row::visible_to;
use super::{like, newest};

/// The columns that [`comment`] reads, of a row of `comments` called `c`.
const COMMENT: &str = "c.id, c.video, c.owner, c.content, c.likes_count, c.created_at, c.updated_at";

/// How many columns [`COMMENT`] has.
const COMMENT_WIDTH: usize = 7;

/// A page of a video (?1) for a viewer (?2) after a time and id (?3, ?4).
pub(super) static LIST: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COMMENT}, {}, {USER_CARD} FROM comments c JOIN users u ON u.id = c.owner
         WHERE c.video = ?1 AND (c.created_at, c.id) < (?3, ?4)
         ORDER BY c.created_at DESC, c.id DESC LIMIT ?5 OFFSET ?6",
        like::liked_by(like::COMMENT, "c.id", "?2")
    )
});

/// One comment (?1) as its owner sees it.
static OWN_CARD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COMMENT}, {}, {USER_CARD} FROM comments c JOIN users u ON u.id = c.owner WHERE c.id = ?1",
        like::liked_by(like::COMMENT, "c.id", "c.owner")
    )
});

/// One comment (?1) with its video's owner, where a viewer (?2) sees the video.
static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COMMENT}, v.owner FROM comments c JOIN videos v ON v.id = c.video WHERE c.id = ?1 AND {}",
        visible_to("?2")
    )
});

/// The owner and the number of comments of a video (?1) that a viewer (?2) sees.
static VIDEO: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT v.owner, v.comments_count FROM videos v WHERE v.id = ?1 AND {}", visible_to("?2"))
});

/// Changes a comment (?1) whose owner still sees the video.
static UPDATE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE comments SET content = ?2, updated_at = ?3
         WHERE id = ?1 AND EXISTS (SELECT 1 FROM videos v WHERE v.id = comments.video AND {})",
        visible_to("comments.owner")
    )
});

/// The comments in the embedded store.
pub struct SqliteComments {
    database: Database,
}

impl SqliteComments {
    /// The comments of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl CommentRepository for SqliteComments {
    async fn create(&self, comment: &Comment, once: Option<Once>) -> Result<Option<CommentCard>, StoreError> {
        let comment = comment.clone();
        self.database.write(move |c| create(c, &comment, once.as_ref())).await
    }

    async fn find(&self, id: Id<Comment>, viewer: Option<Id<User>>) -> Result<Option<PlacedComment>, StoreError> {
        self.database.read(|c| {
            first(c, &FIND, params![id.bytes(), viewer.map(|v| v.bytes())], |row| {
                Ok(PlacedComment { comment: comment(row)?, video_owner: id_from(row, COMMENT_WIDTH)? })
            })
        })
    }

    async fn list(
        &self,
        video: Id<Video>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<CommentCard>>, StoreError> {
        let request = page.clone();
        let work = move |c: &Connection, answers: &mut Answers| {
            let key = (video.bytes(), viewer.map(|viewer| viewer.bytes()));
            answers.comments.get(key, &request, || list(c, video, viewer, &request))
        };
        self.database.read_page_again(page, work).await
    }

    async fn update(
        &self,
        id: Id<Comment>,
        content: &CommentText,
        now: Timestamp,
    ) -> Result<Option<CommentCard>, StoreError> {
        let content = content.clone();
        self.database
            .write(move |c| match execute(c, &UPDATE, params![id.bytes(), content.as_str(), now.millis()])? {
                0 => Ok(None),
                _ => own_card(c, id),
            })
            .await
    }

    async fn delete(&self, id: Id<Comment>) -> Result<bool, StoreError> {
        self.database.write(move |c| delete(c, id)).await
    }
}

fn create(c: &Connection, comment: &Comment, once: Option<&Once>) -> Result<Option<CommentCard>, SqlError> {
    let (video, owner) = (comment.video.bytes(), comment.owner.bytes());
    let Some(video_owner) = first(c, &VIDEO, params![video, owner], |row| row.get::<_, RawId>(0))? else {
        return Ok(None);
    };
    note(c, once, comment.id.bytes())?;
    execute(
        c,
        "INSERT INTO comments (id, video, owner, content, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            comment.id.bytes(),
            video,
            owner,
            comment.content.as_str(),
            comment.created_at.millis(),
            comment.updated_at.millis(),
        ],
    )?;
    change_counts(c, &video, &video_owner, 1)?;
    own_card(c, comment.id)
}

fn list(
    c: &Connection,
    video: Id<Video>,
    viewer: Option<Id<User>>,
    page: &PageRequest,
) -> Result<Option<Page<CommentCard>>, SqlError> {
    let (video, viewer) = (video.bytes(), viewer.map(|v| v.bytes()));
    let Some(comments) = first(c, &VIDEO, params![video, viewer], |row| count(row, 1))? else {
        return Ok(None);
    };
    let (time, id) = newest::start(page)?;
    let cards = all(c, &LIST, params![video, viewer, time, id, integer(page.surplus()), integer(page.offset())], card)?;
    let total = page.cursor().is_none().then_some(comments);
    Ok(Some(Page::from_surplus(cards, page.size, total, |last| {
        newest::cursor(last.comment.created_at, last.comment.id)
    })))
}

fn delete(c: &Connection, id: Id<Comment>) -> Result<bool, SqlError> {
    let id = id.bytes();
    let found = first(
        c,
        "SELECT c.owner, c.likes_count, c.video, v.owner FROM comments c JOIN videos v ON v.id = c.video
         WHERE c.id = ?1 AND v.state < 2",
        [id],
        |row| Ok((row.get::<_, RawId>(0)?, row.get::<_, i64>(1)?, row.get::<_, RawId>(2)?, row.get::<_, RawId>(3)?)),
    )?;
    let Some((owner, likes, video, video_owner)) = found else {
        return Ok(false);
    };
    like::change_received(c, &owner, -likes)?;
    like::leave_to_purge(c, like::COMMENT, &id)?;
    execute(c, "DELETE FROM comments WHERE id = ?1", [id])?;
    change_counts(c, &video, &video_owner, -1)?;
    Ok(true)
}

fn change_counts(c: &Connection, video: &RawId, video_owner: &RawId, change: i64) -> Result<(), SqlError> {
    execute(c, "UPDATE videos SET comments_count = comments_count + ?2 WHERE id = ?1", params![video, change])?;
    execute(
        c,
        "UPDATE users SET comments_received = comments_received + ?2 WHERE id = ?1",
        params![video_owner, change],
    )?;
    Ok(())
}

fn own_card(c: &Connection, id: Id<Comment>) -> Result<Option<CommentCard>, SqlError> {
    first(c, &OWN_CARD, [id.bytes()], card)
}

fn card(row: &Row<'_>) -> rusqlite::Result<CommentCard> {
    Ok(CommentCard {
        comment: comment(row)?,
        is_liked: row.get(COMMENT_WIDTH)?,
        owner: user_card(row, COMMENT_WIDTH + 1)?,
    })
}

fn comment(row: &Row<'_>) -> rusqlite::Result<Comment> {
    Ok(Comment {
        id: id_from(row, 0)?,
        video: id_from(row, 1)?,
        owner: id_from(row, 2)?,
        content: CommentText::from_stored(row.get(3)?),
        likes_count: count(row, 4)?,
        created_at: timestamp(row, 5)?,
        updated_at: timestamp(row, 6)?,
    })
}
