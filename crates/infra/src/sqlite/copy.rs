//! A data folder as one side of a copy. As a target its database has another name until the copy is complete, by which
//! every server refuses the folder.

mod row;
mod target;

use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use aviary_domain::Store;
use aviary_domain::media::site::MediaSite;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::pool::LEAST_MEMORY;
use super::{DATABASE, Database, OpenError, connection, open};
use crate::copy::CopyError;
use crate::copy::home::{Batch, Home, Read, Reading, Rows, Source, Totals};
use crate::copy::record::{Record, Value};
use crate::copy::table::Table;
use crate::media::site;

pub(crate) use self::target::{home, target};

/// The database while a home is being copied into it.
const UNFINISHED: &str = "aviary.sqlite3.unfinished";

/// How many rows one step of the purge removes.
const PURGED: usize = 1_000;

/// A folder that is to be copied; no server may have it.
pub(crate) fn source(folder: &Path) -> Result<Box<dyn Source>, CopyError> {
    if !holds_home(folder) {
        return Err(CopyError::NoHome { home: name(folder) });
    }
    let opened = open(folder)?;
    let side = SourceSide { folder: folder.to_owned(), store: opened.store, database: opened.database };
    Ok(Box::new(side))
}

/// Refuses to open a folder into which a home is being copied, or was left half copied.
pub(super) fn refuse_unfinished(folder: &Path) -> Result<(), OpenError> {
    if folder.join(UNFINISHED).exists() { Err(OpenError::HalfCopied { path: folder.to_owned() }) } else { Ok(()) }
}

/// What to remove to get rid of a half copied home; the media of the servers may lie in the same folder.
pub(super) fn remains(folder: &Path) -> String {
    format!("{}*", folder.join(UNFINISHED).display())
}

/// By what the home of a folder is known, where it can be read: somebody may be using it.
fn identity_of(folder: &Path) -> Option<String> {
    let connection = connection::reader(&folder.join(DATABASE), LEAST_MEMORY).ok()?;
    first_user(&connection).ok()?.map(|user| user.to_string())
}

/// By what the home that was copied is known; nothing while no user has arrived.
fn first_user(connection: &Connection) -> rusqlite::Result<Option<Record>> {
    let user = connection.query_row("SELECT id FROM users ORDER BY id LIMIT 1", [], |row| row.get(0));
    Ok(user.optional()?.map(|id| Record(vec![Value::Id(id)])))
}

fn holds_home(folder: &Path) -> bool {
    fs::metadata(folder.join(DATABASE)).is_ok_and(|file| file.len() > 0)
}

fn name(folder: &Path) -> String {
    format!("the folder {}", folder.display())
}

/// The home that is copied.
struct SourceSide {
    folder: PathBuf,
    store: Store,
    database: Database,
}

#[async_trait]
impl Home for SourceSide {
    fn name(&self) -> String {
        name(&self.folder)
    }

    async fn count(&self, table: &'static Table) -> Result<u64, CopyError> {
        count(&self.folder.join(DATABASE), table)
    }

    fn read(&self, reading: Reading) -> Rows {
        read(self.folder.join(DATABASE), reading)
    }

    async fn totals(&self) -> Result<Totals, CopyError> {
        totals(&self.folder.join(DATABASE))
    }
}

#[async_trait]
impl Source for SourceSide {
    async fn purge(&self) -> Result<u64, CopyError> {
        let removed = self.store.maintenance.purge(PURGED).await?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    async fn strangers(&self) -> Result<Vec<(String, u64)>, CopyError> {
        // Nobody else writes tables into this file.
        Ok(Vec::new())
    }

    async fn media(&self) -> Result<Option<String>, CopyError> {
        Ok(None)
    }

    async fn site(&self) -> Result<Option<MediaSite>, CopyError> {
        Ok(self.store.media_site.noted().await?)
    }

    async fn check_site(&self, own: &MediaSite) -> Result<(), CopyError> {
        Ok(site::check(&self.store, own).await?)
    }

    async fn check_media(&self, _folder: &Path) -> Result<(), CopyError> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<(), CopyError> {
        Ok(self.database.close().await?)
    }
}

fn count(file: &Path, table: &Table) -> Result<u64, CopyError> {
    let sql = format!("SELECT count(*) FROM {}", table.name);
    let rows: i64 = connection::reader(file, LEAST_MEMORY)?.query_row(&sql, [], |row| row.get(0))?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

fn totals(file: &Path) -> Result<Totals, CopyError> {
    let connection = connection::reader(file, LEAST_MEMORY)?;
    let value = |name| connection.query_row("SELECT value FROM totals WHERE name = ?1", [name], |row| row.get(0));
    Ok(Totals { published_videos: value("published_videos")?, tweets: value("tweets")? })
}

/// Reads on a connection and a thread of its own, so that a sort of the whole table happens once and not for each batch.
fn read(file: PathBuf, reading: Reading) -> Rows {
    let (sender, rows) = Rows::channel();
    spawn_blocking(move || {
        // The connection is closed before the last word: who hears that may rename the file.
        let last = send(&file, &reading, &sender).map(|()| None);
        // Nobody listens any more where it cannot be sent.
        drop(sender.blocking_send(last));
    });
    rows
}

/// Reads the rows and sends them in batches, without the last word.
fn send(file: &Path, reading: &Reading, sender: &mpsc::Sender<Read>) -> Result<(), CopyError> {
    let connection = connection::reader(file, LEAST_MEMORY)?;
    let mut statement = connection.prepare(&row::select(reading))?;
    let mut rows = statement.query(params_from_iter(row::start(reading)))?;
    let mut batch = Batch::default();
    while let Some(row) = rows.next()? {
        batch.push(row::record(reading.table, row)?);
        if batch.is_full(reading.limits) && sender.blocking_send(Ok(Some(std::mem::take(&mut batch)))).is_err() {
            return Ok(());
        }
    }
    if !batch.records.is_empty() {
        drop(sender.blocking_send(Ok(Some(batch))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::open;
    use crate::copy::table::TABLES;

    /// Columns that are made anew from the others, or hold them in another way.
    const DERIVED: [(&str, &str); 4] =
        [("videos", "seq"), ("media_tasks", "seq"), ("likes", "kind"), ("likes", "target")];
    /// Tables whose rows a copy leaves behind: what is there ends with the process, or is made anew.
    const LEFT: [&str; 5] = ["purge_queue", "leases", "totals", "media_site", "sqlite_sequence"];

    #[test]
    fn every_column_of_every_table_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        let file = rusqlite::Connection::open(folder.path().join(super::DATABASE)).unwrap();
        let sql = "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
            WHERE t.type = 'table' AND t.name NOT LIKE 'video_words%'";
        let mut columns = file.prepare(sql).unwrap();
        let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let stored: BTreeSet<(String, String)> = columns.map(Result::unwrap).collect();
        let left = |table: &str, column: &str| LEFT.contains(&table) || DERIVED.contains(&(table, column));
        let stored: BTreeSet<_> = stored.into_iter().filter(|(table, column)| !left(table, column)).collect();
        let copied = TABLES.iter().flat_map(|table| {
            let own = table.columns.iter().filter(|column| column.selected() == column.name);
            own.map(|column| (table.name.to_owned(), column.name.to_owned()))
        });
        assert_eq!(stored, copied.collect());
    }
}
