//! Videos as rows: their columns, and the rule of who may see them.

use aviary_domain::video::{Description, Title, Video, VideoCard};
use rusqlite::Row;

use super::row::{count, id_from, key, timestamp, user_card};

/// The columns that [`video`] reads, of a row of `videos` called `v`.
macro_rules! video_columns {
    () => {
        "v.id, v.owner, v.file, v.thumbnail, v.title, v.description, v.duration, v.width, v.height, v.bytes, v.state, \
         v.views, v.likes_count, v.comments_count, v.created_at, v.updated_at"
    };
}

/// The columns that [`video`] reads, of a row of `videos` called `v`.
pub(crate) const VIDEO: &str = video_columns!();

/// The columns that [`video_card`] reads, of [`VIDEO_CARD_FROM`].
pub(crate) const VIDEO_CARD: &str = concat!(video_columns!(), ", u.id, u.username, u.full_name, u.avatar");

/// The tables that a video card comes from.
pub(crate) const VIDEO_CARD_FROM: &str = "videos v JOIN users u ON u.id = v.owner";

/// How many columns [`VIDEO`] has.
const VIDEO_WIDTH: usize = 16;

/// How many columns [`VIDEO_CARD`] has: where further columns of a query start.
pub(crate) const VIDEO_CARD_WIDTH: usize = VIDEO_WIDTH + 4;

/// The `state` of a video that its owner alone sees.
pub(crate) const UNPUBLISHED: i64 = 0;
/// The `state` of a video that everybody sees.
pub(crate) const PUBLISHED: i64 = 1;
/// The `state` of a video that nobody sees and that waits to be purged.
pub(crate) const DELETED: i64 = 2;

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
        is_published: row.get::<_, i64>(offset + 10)? == PUBLISHED,
        views: count(row, offset + 11)?,
        likes_count: count(row, offset + 12)?,
        comments_count: count(row, offset + 13)?,
        created_at: timestamp(row, offset + 14)?,
        updated_at: timestamp(row, offset + 15)?,
    })
}

/// The video card in the columns of [`VIDEO_CARD`], which start at `offset`.
pub(crate) fn video_card(row: &Row<'_>, offset: usize) -> rusqlite::Result<VideoCard> {
    Ok(VideoCard { video: video(row, offset)?, owner: user_card(row, offset + VIDEO_WIDTH)? })
}
