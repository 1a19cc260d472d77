//! What the media store says of a video's files, written down with all that follows from it.

use aviary_domain::file::FileKey;
use aviary_domain::video::{Settlement, Video, VideoStatus};
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
    let mut video = before.clone();
    rename(&mut video.file, said.film.as_ref());
    rename(&mut video.thumbnail, said.still.as_ref());
    if let Some(change) = said.status.as_ref().filter(|change| change.from.name() == before.status.name()) {
        video.status = change.to.clone();
        if video.status == VideoStatus::Processing {
            media_task::make(c, id, now)?;
        }
    }
    if video != before {
        write(c, &video)?;
    }
    if video.is_public() != before.is_public() {
        show_or_hide(c, &video)?;
    }
    Ok(Some(video))
}

/// Passed over where somebody else has changed the key meanwhile.
fn rename(key: &mut FileKey, said: Option<&(FileKey, FileKey)>) {
    if let Some((_, renamed)) = said.filter(|(known, _)| known == key) {
        *key = renamed.clone();
    }
}

fn write(c: &Connection, video: &Video) -> Result<(), SqlError> {
    const SQL: &str = "UPDATE videos SET file = ?2, thumbnail = ?3, state = ?4, status = ?5, status_reason = ?6,
         publish_when_ready = ?7 WHERE id = ?1";
    let standing = Standing::of(video);
    let values = params![
        video.id.bytes(),
        video.file.as_str(),
        video.thumbnail.as_str(),
        standing.state,
        standing.status,
        standing.reason,
        standing.publish_when_ready,
    ];
    execute(c, SQL, values).map(drop)
}
