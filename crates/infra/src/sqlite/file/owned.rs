//! A walk over all files that rows own: users by id, then videos by id.

use aviary_domain::Id;
use aviary_domain::file::{FileKey, FileOwner, OwnedFile, OwnedPlace};
use aviary_domain::video::Video;
use rusqlite::{Connection, Row, params};

use super::super::error::SqlError;
use super::super::row::{all, id_from, integer, key};

/// The pictures of users after ?1, at most ?2 users.
pub(crate) const USERS: &str = "SELECT id, avatar, cover_image FROM users WHERE id > ?1 ORDER BY id LIMIT ?2";

/// The files of videos after ?1, at most ?2 videos.
pub(crate) const VIDEOS: &str =
    "SELECT id, file, thumbnail FROM videos WHERE id > ?1 AND state < 2 ORDER BY id LIMIT ?2";

/// A part of the walk. Every row has a file, so that a part is empty only at the end.
pub(super) fn owned(c: &Connection, after: Option<OwnedPlace>, limit: usize) -> Result<Vec<OwnedFile>, SqlError> {
    let limit = limit.max(1);
    // Every id comes after no bytes at all.
    let (users_after, videos_after) = match after {
        None => (Some(Vec::new()), Vec::new()),
        Some(OwnedPlace::User(id)) => (Some(id.bytes().to_vec()), Vec::new()),
        Some(OwnedPlace::Video(id)) => (None, id.bytes().to_vec()),
    };
    let mut files = Vec::new();
    if let Some(after) = users_after {
        files.extend(all(c, USERS, params![after, integer(limit)], pictures)?.into_iter().flatten());
    }
    if files.len() < limit {
        let rows = integer(limit - files.len());
        files.extend(all(c, VIDEOS, params![videos_after, rows], film_and_still)?.into_iter().flatten());
    }
    Ok(files)
}

fn pictures(row: &Row<'_>) -> rusqlite::Result<Vec<OwnedFile>> {
    let user = id_from(row, 0)?;
    let avatar = OwnedFile { key: key(row, 1)?, owner: FileOwner::Avatar(user) };
    let cover = row.get::<_, Option<String>>(2)?.map(FileKey::from_stored);
    let cover = cover.map(|key| OwnedFile { key, owner: FileOwner::Cover(user) });
    Ok(std::iter::once(avatar).chain(cover).collect())
}

fn film_and_still(row: &Row<'_>) -> rusqlite::Result<Vec<OwnedFile>> {
    let video: Id<Video> = id_from(row, 0)?;
    let film = OwnedFile { key: key(row, 1)?, owner: FileOwner::Film(video) };
    let still = OwnedFile { key: key(row, 2)?, owner: FileOwner::Still(video) };
    Ok(std::iter::once(film).chain(Some(still).filter(|still| !still.key.is_derived())).collect())
}
