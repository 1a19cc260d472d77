//! Videos by the names of their files, whichever marks follow these.

use aviary_domain::file::FileKey;
use aviary_domain::video::Video;
use rusqlite::{Connection, params};

use super::super::error::SqlError;
use super::super::row::{all, key};
use super::super::video_row::{VIDEO, video};

/// What may be a file of this name (from ?1 to before ?2) that not everybody may fetch.
pub(crate) const HIDDEN: &str = "SELECT file FROM videos WHERE state = 0 AND file >= ?1 AND file < ?2
     UNION ALL SELECT thumbnail FROM videos WHERE state = 0 AND thumbnail >= ?1 AND thumbnail < ?2
     UNION ALL SELECT key FROM file_ledger WHERE key = ?1";

/// The videos that are processing and may have the film of this name (from ?1 to before ?2).
pub(crate) fn processing_sql() -> String {
    format!(
        "SELECT {VIDEO} FROM videos v
         WHERE v.state = 0 AND v.status = 'processing' AND v.file >= ?1 AND v.file < ?2"
    )
}

pub(super) fn is_hidden(c: &Connection, file: &FileKey) -> Result<bool, SqlError> {
    let found = all(c, HIDDEN, params![file.name(), end(file)], |row| key(row, 0))?;
    Ok(found.iter().any(|found| found.name() == file.name()))
}

pub(super) fn find_processing(c: &Connection, film: &FileKey) -> Result<Option<Video>, SqlError> {
    let found = all(c, &processing_sql(), params![film.name(), end(film)], |row| video(row, 0))?;
    Ok(found.into_iter().find(|video| video.file.name() == film.name()))
}

/// What comes after this name and all its marks: `$` is next to `#`. Hardly anything else lies between.
fn end(file: &FileKey) -> String {
    format!("{}$", file.name())
}
