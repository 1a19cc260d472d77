//! Videos in SQLite: adding, changing and deleting them; lists, search and visits have files of their own.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::video::{
    Description, Title, Video, VideoCard, VideoChange, VideoDetail, VideoQuery, VideoRepository, Visit, title_sort_key,
};
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, params};

use super::Database;
use super::error::SqlError;
use super::file::{claim, make_due};
use super::idempotency::note;
use super::row::{execute, first, integer};
use super::video_row::{DELETED, PUBLISHED, UNPUBLISHED, VIDEO, VIDEO_CARD, VIDEO_CARD_FROM, video, video_card};

pub(super) mod list;
mod search;
mod watch;
pub(in crate::sqlite) mod words;

/// Videos in SQLite.
pub struct SqliteVideos {
    database: Database,
}

impl SqliteVideos {
    /// The videos of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl VideoRepository for SqliteVideos {
    async fn create(&self, video: &Video, once: Option<Once>) -> Result<VideoCard, StoreError> {
        let video = video.clone();
        self.database.write(move |c| create(c, &video, once.as_ref())).await
    }

    async fn find(&self, id: Id<Video>) -> Result<Option<Video>, StoreError> {
        self.database.read(|c| live(c, id))
    }

    async fn list(&self, query: &VideoQuery, page: &PageRequest) -> Result<Page<VideoCard>, StoreError> {
        let (query, request) = (query.clone(), page.clone());
        match query.words {
            Some(words) => {
                self.database.scan(move |c| search::search(c, query.scope, &words, query.order, &request)).await
            }
            None => self.database.read_page(page, move |c| list::list(c, query.scope, query.order, &request)).await,
        }
    }

    async fn watch(&self, visit: &Visit) -> Result<Option<VideoDetail>, StoreError> {
        let visit = *visit;
        // Most visits change nothing: they are answered without waiting for the writer.
        match self.database.read(|c| watch::look(c, &visit))? {
            watch::Looked::Absent => Ok(None),
            watch::Looked::Settled(detail) => Ok(Some(*detail)),
            watch::Looked::Due(uncounted) => match self.database.write(move |c| watch::enter(c, &visit)).await {
                Err(error @ StoreError::Unavailable(_)) => {
                    tracing::warn!(%error, "a visit was not counted");
                    Ok(Some(*uncounted))
                }
                entered => entered,
            },
        }
    }

    async fn update(
        &self,
        id: Id<Video>,
        change: &VideoChange,
        now: Timestamp,
    ) -> Result<Option<VideoCard>, StoreError> {
        let change = change.clone();
        self.database.write(move |c| update(c, id, &change, now)).await
    }

    async fn toggle_published(&self, id: Id<Video>, now: Timestamp) -> Result<Option<VideoCard>, StoreError> {
        self.database.write(move |c| toggle_published(c, id, now)).await
    }

    async fn delete(&self, id: Id<Video>, now: Timestamp) -> Result<bool, StoreError> {
        self.database.write(move |c| delete(c, id, now)).await
    }
}

fn create(c: &Connection, video: &Video, once: Option<&Once>) -> Result<VideoCard, SqlError> {
    const SQL: &str = "INSERT INTO videos
        (id, owner, state, file, thumbnail, title, title_key, description, duration, width, height, bytes,
         created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    note(c, once, video.id.bytes())?;
    claim(c, &video.file, video.created_at)?;
    claim(c, &video.thumbnail, video.created_at)?;
    let values = params![
        video.id.bytes(),
        video.owner.bytes(),
        if video.is_published { PUBLISHED } else { UNPUBLISHED },
        video.file.as_str(),
        video.thumbnail.as_str(),
        video.title.as_str(),
        title_sort_key(&video.title),
        video.description.as_str(),
        video.duration,
        video.width,
        video.height,
        integer(video.bytes),
        video.created_at.millis(),
        video.updated_at.millis(),
    ];
    execute(c, SQL, values)?;
    let change = Gain { videos: 1, published: i64::from(video.is_published), ..Gain::default() };
    credit(c, video.owner, change)?;
    words::set(c, c.last_insert_rowid(), video)?;
    stored_card(c, video.id)
}

fn update(c: &Connection, id: Id<Video>, change: &VideoChange, now: Timestamp) -> Result<Option<VideoCard>, SqlError> {
    const SQL: &str = "UPDATE videos SET title = coalesce(?2, title), title_key = coalesce(?3, title_key),
         description = coalesce(?4, description), thumbnail = coalesce(?5, thumbnail), updated_at = ?6 WHERE id = ?1";
    let Some(before) = live(c, id)? else {
        return Ok(None);
    };
    if let Some(thumbnail) = &change.thumbnail {
        claim(c, thumbnail, now)?;
        make_due(c, &before.thumbnail, now)?;
    }
    let values = params![
        id.bytes(),
        change.title.as_ref().map(Title::as_str),
        change.title.as_ref().map(title_sort_key),
        change.description.as_ref().map(Description::as_str),
        change.thumbnail.as_ref().map(FileKey::as_str),
        now.millis(),
    ];
    execute(c, SQL, values)?;
    let card = stored_card(c, id)?;
    if change.title.is_some() || change.description.is_some() {
        words::set(c, seq(c, id)?, &card.video)?;
    }
    Ok(Some(card))
}

fn toggle_published(c: &Connection, id: Id<Video>, now: Timestamp) -> Result<Option<VideoCard>, SqlError> {
    const SQL: &str = "UPDATE videos SET state = 1 - state, updated_at = ?2 WHERE id = ?1 AND state < 2";
    if execute(c, SQL, params![id.bytes(), now.millis()])? == 0 {
        return Ok(None);
    }
    let card = stored_card(c, id)?;
    let published = if card.video.is_published { 1 } else { -1 };
    credit(c, card.video.owner, Gain { published, ..Gain::default() })?;
    words::set(c, seq(c, id)?, &card.video)?;
    Ok(Some(card))
}

/// Costs the same however much hangs on the video: the row stays as a tombstone that no answer shows, and the rest is
/// purged later.
fn delete(c: &Connection, id: Id<Video>, now: Timestamp) -> Result<bool, SqlError> {
    let Some(video) = live(c, id)? else {
        return Ok(false);
    };
    words::remove(c, seq(c, id)?)?;
    execute(c, "UPDATE videos SET state = ?2 WHERE id = ?1", params![id.bytes(), DELETED])?;
    execute(c, "INSERT INTO purge_queue (kind, target) VALUES (1, ?1)", [id.bytes()])?;
    make_due(c, &video.file, now)?;
    make_due(c, &video.thumbnail, now)?;
    let loss = Gain {
        videos: -1,
        published: -i64::from(video.is_published),
        views: -integer(video.views),
        likes: -integer(video.likes_count),
        comments: -integer(video.comments_count),
    };
    credit(c, video.owner, loss)?;
    Ok(true)
}

/// What an owner's stored counts gain; negative for a loss.
#[derive(Clone, Copy, Default)]
struct Gain {
    videos: i64,
    published: i64,
    views: i64,
    likes: i64,
    comments: i64,
}

/// Changes the counts of an owner, and those of the whole store that follow from them.
fn credit(c: &Connection, owner: Id<User>, gain: Gain) -> Result<(), SqlError> {
    const OWNER: &str = "UPDATE users SET videos_count = videos_count + ?2, published_count = published_count + ?3,
         views_received = views_received + ?4, likes_received = likes_received + ?5,
         comments_received = comments_received + ?6 WHERE id = ?1";
    const TOTAL: &str = "UPDATE totals SET value = value + ?1 WHERE name = 'published_videos'";
    let values = params![owner.bytes(), gain.videos, gain.published, gain.views, gain.likes, gain.comments];
    execute(c, OWNER, values)?;
    if gain.published != 0 {
        execute(c, TOTAL, [gain.published])?;
    }
    Ok(())
}

/// The video that is not deleted, whoever may see it.
fn live(c: &Connection, id: Id<Video>) -> Result<Option<Video>, SqlError> {
    let sql = format!("SELECT {VIDEO} FROM videos v WHERE v.id = ?1 AND v.state < 2");
    first(c, &sql, [id.bytes()], |row| video(row, 0))
}

/// The card of a video that was just written.
fn stored_card(c: &Connection, id: Id<Video>) -> Result<VideoCard, SqlError> {
    let sql = format!("SELECT {VIDEO_CARD} FROM {VIDEO_CARD_FROM} WHERE v.id = ?1");
    Ok(c.prepare_cached(&sql)?.query_row([id.bytes()], |row| video_card(row, 0))?)
}

/// The row number under which the words of a video are indexed.
fn seq(c: &Connection, id: Id<Video>) -> Result<i64, SqlError> {
    Ok(c.prepare_cached("SELECT seq FROM videos WHERE id = ?1")?.query_row([id.bytes()], |row| row.get(0))?)
}
