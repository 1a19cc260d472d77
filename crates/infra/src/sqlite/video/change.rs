//! Adding, changing and deleting videos, each with the counts and files that go with it.

use aviary_domain::idempotency::Once;
use aviary_domain::user::User;
use aviary_domain::video::{
    Description, NewStill, TASK_DELAY, Title, Video, VideoCard, VideoChange, VideoStatus, title_sort_key,
};
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, params};

use super::super::error::SqlError;
use super::super::file::{claim, make_due};
use super::super::idempotency::note;
use super::super::media_task;
use super::super::row::{execute, first, integer};
use super::super::ticket::reserved_bytes;
use super::super::user::stored_bytes;
use super::super::video_row::{DELETED, Standing, VIDEO, VIDEO_CARD, VIDEO_CARD_FROM, video, video_card};
use super::{settle, words};
use crate::gain::Gain;

pub(super) fn create(
    c: &Connection,
    video: &Video,
    quota: Option<u64>,
    once: Option<&Once>,
) -> Result<VideoCard, SqlError> {
    note(c, once, video.id.bytes())?;
    claim(c, &video.file, video.created_at)?;
    claim(c, &video.thumbnail, video.created_at)?;
    // A ticket that was for this film is closed by now.
    check_room(c, video.owner, video.stored_bytes(), quota)?;
    insert(c, video)?;
    credit(c, video.owner, Gain::of_new(video))?;
    words::set(c, c.last_insert_rowid(), video)?;
    if video.status != VideoStatus::Ready {
        media_task::make(c, video.id, video.created_at.after(TASK_DELAY))?;
    }
    stored_card(c, video.id)
}

fn insert(c: &Connection, video: &Video) -> Result<(), SqlError> {
    const SQL: &str = "INSERT INTO videos
        (id, owner, state, status, status_reason, publish_when_ready, file, thumbnail, title, title_key, description,
         duration, width, height, bytes, thumbnail_bytes, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
    let standing = Standing::of(video);
    let values = params![
        video.id.bytes(),
        video.owner.bytes(),
        standing.state,
        standing.status,
        standing.reason,
        standing.publish_when_ready,
        video.file.as_str(),
        video.thumbnail.as_str(),
        video.title.as_str(),
        title_sort_key(&video.title),
        video.description.as_str(),
        video.duration,
        video.width,
        video.height,
        integer(video.bytes),
        integer(video.thumbnail_bytes),
        video.created_at.millis(),
        video.updated_at.millis(),
    ];
    execute(c, SQL, values).map(drop)
}

pub(super) fn update(
    c: &Connection,
    id: Id<Video>,
    change: &VideoChange,
    now: Timestamp,
) -> Result<Option<VideoCard>, SqlError> {
    const SQL: &str = "UPDATE videos SET title = coalesce(?2, title), title_key = coalesce(?3, title_key),
         description = coalesce(?4, description), updated_at = ?5 WHERE id = ?1";
    let Some(before) = live(c, id)? else {
        return Ok(None);
    };
    if let Some(still) = &change.thumbnail {
        replace_still(c, &before, still, change.quota, now)?;
    }
    let values = params![
        id.bytes(),
        change.title.as_ref().map(Title::as_str),
        change.title.as_ref().map(title_sort_key),
        change.description.as_ref().map(Description::as_str),
        now.millis(),
    ];
    execute(c, SQL, values)?;
    let card = stored_card(c, id)?;
    if change.title.is_some() || change.description.is_some() {
        words::set(c, seq(c, id)?, &card.video)?;
    }
    Ok(Some(card))
}

fn replace_still(
    c: &Connection,
    before: &Video,
    still: &NewStill,
    quota: Option<u64>,
    now: Timestamp,
) -> Result<(), SqlError> {
    const SQL: &str = "UPDATE videos SET thumbnail = ?2, thumbnail_bytes = ?3 WHERE id = ?1";
    if let Some(growth) = still.bytes.checked_sub(before.thumbnail_bytes).filter(|growth| *growth > 0) {
        check_room(c, before.owner, growth, quota)?;
    }
    claim(c, &still.key, now)?;
    make_due(c, &before.thumbnail, now)?;
    execute(c, SQL, params![before.id.bytes(), still.key.as_str(), integer(still.bytes)])?;
    if !before.is_public() {
        // It was stored for everybody to fetch.
        media_task::make(c, before.id, now)?;
    }
    credit(c, before.owner, Gain::of_still(before, still))
}

pub(super) fn toggle_published(c: &Connection, id: Id<Video>, now: Timestamp) -> Result<Option<VideoCard>, SqlError> {
    let Some(before) = live(c, id)? else {
        return Ok(None);
    };
    let video = Video { is_published: !before.is_published, updated_at: now, ..before.clone() };
    settle::write(c, &video)?;
    media_task::make(c, id, now)?;
    show_or_hide(c, &before, &video)?;
    stored_card(c, id).map(Some)
}

/// Follows a video that has just become visible or hidden, if it has, with the counts and in the index.
pub(super) fn show_or_hide(c: &Connection, before: &Video, video: &Video) -> Result<(), SqlError> {
    if video.is_public() == before.is_public() {
        return Ok(());
    }
    credit(c, video.owner, Gain::of_visibility(before, video))?;
    words::set(c, seq(c, video.id)?, video)
}

/// Costs the same however much hangs on the video: the row stays as a tombstone that no answer shows, and the rest is
/// purged later.
pub(super) fn delete(c: &Connection, id: Id<Video>, now: Timestamp) -> Result<bool, SqlError> {
    let Some(video) = live(c, id)? else {
        return Ok(false);
    };
    words::remove(c, seq(c, id)?)?;
    execute(c, "UPDATE videos SET state = ?2 WHERE id = ?1", params![id.bytes(), DELETED])?;
    execute(c, "INSERT INTO purge_queue (kind, target) VALUES (1, ?1)", [id.bytes()])?;
    media_task::forget(c, id)?;
    make_due(c, &video.file, now)?;
    make_due(c, &video.thumbnail, now)?;
    credit(c, video.owner, Gain::of_loss(&video))?;
    Ok(true)
}

/// Refuses what does not fit into the owner's quota any more. Nobody else writes until this job is done.
fn check_room(c: &Connection, owner: Id<User>, more: u64, quota: Option<u64>) -> Result<(), SqlError> {
    let Some(quota) = quota else { return Ok(()) };
    let used = stored_bytes(c, owner)?.unwrap_or_default().saturating_add(reserved_bytes(c, owner)?);
    if used.saturating_add(more) > quota { Err(StoreError::QuotaExceeded { used, quota }.into()) } else { Ok(()) }
}

/// Changes the counts of an owner, and those of the whole store that follow from them.
fn credit(c: &Connection, owner: Id<User>, gain: Gain) -> Result<(), SqlError> {
    const OWNER: &str = "UPDATE users SET videos_count = videos_count + ?2, published_count = published_count + ?3,
         views_received = views_received + ?4, likes_received = likes_received + ?5,
         comments_received = comments_received + ?6, stored_bytes = stored_bytes + ?7 WHERE id = ?1";
    const TOTAL: &str = "UPDATE totals SET value = value + ?1 WHERE name = 'published_videos'";
    let Gain { videos, published, views, likes, comments, bytes } = gain;
    execute(c, OWNER, params![owner.bytes(), videos, published, views, likes, comments, bytes])?;
    if published != 0 {
        execute(c, TOTAL, [published])?;
    }
    Ok(())
}

/// The video that is not deleted, whoever may see it.
pub(super) fn live(c: &Connection, id: Id<Video>) -> Result<Option<Video>, SqlError> {
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
