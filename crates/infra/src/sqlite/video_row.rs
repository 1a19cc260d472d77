//! Videos as rows: their columns, and the rule of who may see them.

use aviary_domain::video::{Description, Title, Video, VideoCard, VideoStatus};
use rusqlite::Row;

use super::row::{count, id_from, key, timestamp, user_card};

/// The columns that [`video`] reads, of a row of `videos` called `v`.
macro_rules! video_columns {
    () => {
        "v.id, v.owner, v.file, v.thumbnail, v.title, v.description, v.duration, v.width, v.height, v.bytes, \
         v.thumbnail_bytes, v.status, v.status_reason, v.state = 1 OR v.publish_when_ready, v.views, v.likes_count, \
         v.comments_count, v.created_at, v.updated_at"
    };
}

/// The columns that [`video`] reads, of a row of `videos` called `v`.
pub(crate) const VIDEO: &str = video_columns!();

/// The columns that [`video_card`] reads, of [`VIDEO_CARD_FROM`].
pub(crate) const VIDEO_CARD: &str = concat!(video_columns!(), ", u.id, u.username, u.full_name, u.avatar");

/// The tables that a video card comes from.
pub(crate) const VIDEO_CARD_FROM: &str = "videos v JOIN users u ON u.id = v.owner";

/// How many columns [`VIDEO`] has.
const VIDEO_WIDTH: usize = 19;

/// How many columns [`VIDEO_CARD`] has: where further columns of a query start.
pub(crate) const VIDEO_CARD_WIDTH: usize = VIDEO_WIDTH + 4;

/// The `state` of a video that its owner alone sees.
pub(crate) const HIDDEN: i64 = 0;
/// The `state` of a video that everybody sees.
pub(crate) const VISIBLE: i64 = 1;
/// The `state` of a video that nobody sees and that waits to be purged.
pub(crate) const DELETED: i64 = 2;

/// The columns that say who sees a video and how far it is, as a statement sets them.
pub(crate) struct Standing<'a> {
    /// [`HIDDEN`] or [`VISIBLE`].
    pub(crate) state: i64,
    /// Nothing for a video that is ready.
    pub(crate) status: Option<&'static str>,
    /// Why it failed.
    pub(crate) reason: Option<&'a str>,
    /// Whether it becomes visible by being ready.
    pub(crate) publish_when_ready: bool,
}

impl<'a> Standing<'a> {
    /// That of this video.
    pub(crate) fn of(video: &'a Video) -> Self {
        let is_ready = video.status == VideoStatus::Ready;
        Self {
            state: if video.is_public() { VISIBLE } else { HIDDEN },
            status: (!is_ready).then(|| video.status.name()),
            reason: video.status.reason(),
            publish_when_ready: video.is_published && !is_ready,
        }
    }
}

/// The condition that the video `v` is visible to the user whose id is bound to this parameter (NULL for a guest).
pub(crate) fn visible_to(parameter: &str) -> String {
    format!("(v.state = 1 OR (v.state = 0 AND v.owner = {parameter}))")
}

/// The video in the columns of [`VIDEO`], which start at `offset`.
pub(crate) fn video(row: &Row<'_>, offset: usize) -> rusqlite::Result<Video> {
    Ok(Video {
        id: id_from(row, offset)?,
        owner: id_from(row, offset + 1)?,
        file: key(row, offset + 2)?,
        thumbnail: key(row, offset + 3)?,
        title: Title::from_stored(row.get(offset + 4)?),
        description: Description::from_stored(row.get(offset + 5)?),
        duration: row.get(offset + 6)?,
        width: row.get(offset + 7)?,
        height: row.get(offset + 8)?,
        bytes: count(row, offset + 9)?,
        thumbnail_bytes: count(row, offset + 10)?,
        status: status(row, offset + 11)?,
        is_published: row.get(offset + 13)?,
        views: count(row, offset + 14)?,
        likes_count: count(row, offset + 15)?,
        comments_count: count(row, offset + 16)?,
        created_at: timestamp(row, offset + 17)?,
        updated_at: timestamp(row, offset + 18)?,
    })
}

/// The status in a column and its reason in the next one.
fn status(row: &Row<'_>, column: usize) -> rusqlite::Result<VideoStatus> {
    Ok(match row.get_ref(column)?.as_str_or_null()? {
        None => VideoStatus::Ready,
        Some("processing") => VideoStatus::Processing,
        // The table has no other one.
        Some(_) => VideoStatus::Failed(row.get::<_, Option<String>>(column + 1)?.unwrap_or_default()),
    })
}

/// The video card in the columns of [`VIDEO_CARD`], which start at `offset`.
pub(crate) fn video_card(row: &Row<'_>, offset: usize) -> rusqlite::Result<VideoCard> {
    Ok(VideoCard { video: video(row, offset)?, owner: user_card(row, offset + VIDEO_WIDTH)? })
}
