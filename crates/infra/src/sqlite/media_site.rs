//! The note of where the files of a home are, in SQLite: one row.

use async_trait::async_trait;
use aviary_domain::StoreError;
use aviary_domain::media::site::{MediaSite, MediaSiteNote};
use rusqlite::{Connection, Row, params};

use super::Database;
use super::error::SqlError;
use super::row::{execute, first};

/// The note in SQLite.
pub struct SqliteMediaSiteNote {
    database: Database,
}

impl SqliteMediaSiteNote {
    /// The note in this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl MediaSiteNote for SqliteMediaSiteNote {
    async fn noted(&self) -> Result<Option<MediaSite>, StoreError> {
        self.database.read(read)
    }

    async fn note(&self, before: Option<MediaSite>, site: MediaSite) -> Result<bool, StoreError> {
        let noted = move |c: &Connection| {
            let is_before = read(c)? == before;
            if is_before {
                write(c, &site)?;
            }
            Ok(is_before)
        };
        self.database.write(noted).await
    }
}

/// The site that is noted.
pub(super) fn read(c: &Connection) -> Result<Option<MediaSite>, SqlError> {
    first(c, "SELECT account, folder FROM media_site", [], site)
}

/// Notes a site, whichever is noted.
pub(super) fn write(c: &Connection, site: &MediaSite) -> Result<(), SqlError> {
    const SQL: &str = "INSERT OR REPLACE INTO media_site (id, account, folder) VALUES (1, ?1, ?2)";
    match site {
        MediaSite::Folder => execute(c, SQL, [None::<&str>; 2]),
        MediaSite::Account { name, folder } => execute(c, SQL, params![name, folder]),
    }
    .map(drop)
}

fn site(row: &Row<'_>) -> rusqlite::Result<MediaSite> {
    Ok(match row.get(0)? {
        None => MediaSite::Folder,
        Some(name) => MediaSite::Account { name, folder: row.get(1)? },
    })
}
