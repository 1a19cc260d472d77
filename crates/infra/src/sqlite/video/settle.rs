//! What the media store says of a video's files, written down with all that follows from it.

use aviary_domain::video::{Settled, Settlement, Video};
use aviary_domain::{Id, Timestamp};
use rusqlite::{Connection, params};

use super::super::error::SqlError;
use super::super::media_task;
use super::super::row::execute;
use super::super::video_row::Standing;
use super::change::{live, show_or_hide};

pub(super) fn settle(
    c: &Connection,
    id: Id<Video>,
    said: &Settlement,
    now: Timestamp,
) -> Result<Option<Video>, SqlError> {
    let Some(before) = live(c, id)? else {
        return Ok(None);
    };
    let Settled { video, begins } = said.applied_to(before.clone());
    if video != before {
        write(c, &video)?;
    }
    if begins {
        media_task::make(c, id, now)?;
    }
    show_or_hide(c, &before, &video)?;
    Ok(Some(video))
}

/// Writes the keys of a video, how far it is, who sees it, and when its owner changed it.
pub(super) fn write(c: &Connection, video: &Video) -> Result<(), SqlError> {
    const SQL: &str = "UPDATE videos SET file = ?2, thumbnail = ?3, state = ?4, status = ?5, status_reason = ?6,
         publish_when_ready = ?7, updated_at = ?8 WHERE id = ?1";
    let standing = Standing::of(video);
    let values = params![
        video.id.bytes(),
        video.file.as_str(),
        video.thumbnail.as_str(),
        standing.state,
        standing.status,
        standing.reason,
        standing.publish_when_ready,
        video.updated_at.millis(),
    ];
    execute(c, SQL, values).map(drop)
}
