//! A data folder as one side of a copy. As a target its database has another name until the copy is complete, by which
//! every server refuses the folder.

mod row;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aviary_domain::media::site::MediaSite;
use aviary_domain::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params_from_iter};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{DATABASE, Database, OpenError, connection, media_site, open, prepare_database};
use crate::copy::CopyError;
use crate::copy::home::{Batch, Home, KeyChange, Place, Read, Reading, Rows, Source, Target, Totals};
use crate::copy::record::{Record, Value};
use crate::copy::table::Table;
use crate::data_folder::DataFolder;
use crate::media::site;
use crate::progress::Progress;

/// The database while a home is being copied into it.
const UNFINISHED: &str = "aviary.sqlite3.unfinished";

/// The place of the copy, in the unfinished database alone: one row.
const STATE: &str =
    "CREATE TABLE IF NOT EXISTS copy_state (id INTEGER PRIMARY KEY CHECK (id = 1), place TEXT NOT NULL)";

/// How many rows one step of the purge removes.
const PURGED: usize = 1_000;

/// While a home is filled its indexes are written all over: kept in memory (256 MiB), and written to the file after some
/// batches at once, each of their pages is written a few times instead of hundreds.
const FILLING: &str = "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 65536;";

/// A folder that is to be copied; no server may have it.
pub(crate) fn source(folder: &Path) -> Result<Box<dyn Source>, CopyError> {
    if !holds_home(folder) {
        return Err(CopyError::NoHome { home: name(folder) });
    }
    let opened = open(folder)?;
    let side = SourceSide { folder: folder.to_owned(), store: opened.store, database: opened.database };
    Ok(Box::new(side))
}

/// A folder that a home is to be copied to, or that was left while one was. The identity is that of the source.
pub(crate) fn target(folder: &Path, identity: &str) -> Result<Box<dyn Target>, CopyError> {
    if holds_home(folder) {
        let home = name(folder);
        let same = !identity.is_empty() && identity_of(folder).is_some_and(|own| own == identity);
        return Err(if same { CopyError::Complete { home } } else { CopyError::NotEmpty { home } });
    }
    let taken = DataFolder::take(folder).map_err(OpenError::from)?;
    let file = taken.file(UNFINISHED).map_err(OpenError::from)?;
    let (connection, _) = prepare_database(&file, taken.unclean())?;
    connection.execute_batch(FILLING)?;
    Ok(Box::new(TargetSide { folder: folder.to_owned(), file, taken, connection: Mutex::new(connection) }))
}

/// A folder whose home is to be changed where it is; no server may have it.
pub(crate) fn home(folder: &Path) -> Result<Box<dyn Target>, CopyError> {
    if !holds_home(folder) {
        return Err(CopyError::NoHome { home: name(folder) });
    }
    refuse_unfinished(folder)?;
    let taken = DataFolder::take(folder).map_err(OpenError::from)?;
    let file = taken.file(DATABASE).map_err(OpenError::from)?;
    let (connection, _) = prepare_database(&file, taken.unclean())?;
    Ok(Box::new(TargetSide { folder: folder.to_owned(), file, taken, connection: Mutex::new(connection) }))
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
    let connection = connection::reader(&folder.join(DATABASE)).ok()?;
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

/// The home that is being made. Its writes block the calling thread: a copy has nothing else to do meanwhile.
struct TargetSide {
    folder: PathBuf,
    file: PathBuf,
    taken: DataFolder,
    connection: Mutex<Connection>,
}

impl TargetSide {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Home for TargetSide {
    fn name(&self) -> String {
        name(&self.folder)
    }

    async fn count(&self, table: &'static Table) -> Result<u64, CopyError> {
        count(&self.file, table)
    }

    fn read(&self, reading: Reading) -> Rows {
        read(self.file.clone(), reading)
    }

    async fn totals(&self) -> Result<Totals, CopyError> {
        totals(&self.file)
    }
}

#[async_trait]
impl Target for TargetSide {
    fn undo(&self) -> String {
        format!("remove {} (and nothing else in that folder)", remains(&self.folder))
    }

    async fn place(&self) -> Result<Option<Place>, CopyError> {
        if self.connection().table_exists(None, "copy_state")? {
            let place = self.connection().query_row("SELECT place FROM copy_state", [], |row| row.get::<_, String>(0));
            return place.optional()?.map(|place| Place::of_text(&place, self)).transpose();
        }
        // Rows without a place: a copy that was killed after all was done and before the database had its name.
        let source = first_user(&self.connection())?;
        Ok(source.map(|source| Place { source: source.to_string(), table: None, after: None }))
    }

    async fn note(&self, place: &Place) -> Result<(), CopyError> {
        let connection = self.connection();
        connection.execute(STATE, [])?;
        Ok(note(&connection, place)?)
    }

    async fn put_off_indexes(&self) -> Result<(), CopyError> {
        Ok(())
    }

    async fn make_indexes(&self, _progress: &dyn Progress) -> Result<(), CopyError> {
        Ok(())
    }

    async fn site(&self) -> Result<Option<MediaSite>, CopyError> {
        Ok(media_site::read(&self.connection()).map_err(StoreError::from)?)
    }

    async fn note_site(&self, site: &MediaSite) -> Result<(), CopyError> {
        Ok(media_site::write(&self.connection(), site).map_err(StoreError::from)?)
    }

    async fn write(&self, table: &'static Table, records: Vec<Record>, place: &Place) -> Result<(), CopyError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for record in &records {
            row::insert(&transaction, table, record).map_err(|cause| {
                let key = record.key(table.key).to_string();
                CopyError::Refused { table: table.name, key, cause }
            })?;
        }
        note(&transaction, place)?;
        Ok(transaction.commit()?)
    }

    async fn change_key(&self, change: &KeyChange) -> Result<(), CopyError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        row::change_key(&transaction, change)?;
        Ok(transaction.commit()?)
    }

    async fn write_totals(&self, totals: Totals) -> Result<(), CopyError> {
        let connection = self.connection();
        for (name, value) in [("published_videos", totals.published_videos), ("tweets", totals.tweets)] {
            connection.execute("UPDATE totals SET value = ?2 WHERE name = ?1", (name, value))?;
        }
        Ok(())
    }

    async fn finish(self: Box<Self>, _media: Option<String>) -> Result<(), CopyError> {
        let Self { taken, connection, .. } = *self;
        let connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.execute("DROP TABLE IF EXISTS copy_state", [])?;
        // All of it has to be in the file before that gets its name: the log has another one.
        let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        connection.close().map_err(|(_, error)| error)?;
        if busy != 0 {
            return Err(CopyError::Interrupted);
        }
        taken.rename(UNFINISHED, DATABASE).map_err(OpenError::from)?;
        Ok(taken.release().map_err(OpenError::from)?)
    }

    async fn leave(self: Box<Self>) -> Result<(), CopyError> {
        let Self { taken, connection, .. } = *self;
        let connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.close().map_err(|(_, error)| error)?;
        Ok(taken.release().map_err(OpenError::from)?)
    }
}

fn note(connection: &Connection, place: &Place) -> Result<(), CopyError> {
    let sql = "INSERT OR REPLACE INTO copy_state (id, place) VALUES (1, ?1)";
    connection.prepare_cached(sql)?.execute([place.to_text()?])?;
    Ok(())
}

fn count(file: &Path, table: &Table) -> Result<u64, CopyError> {
    let sql = format!("SELECT count(*) FROM {}", table.name);
    let rows: i64 = connection::reader(file)?.query_row(&sql, [], |row| row.get(0))?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

fn totals(file: &Path) -> Result<Totals, CopyError> {
    let connection = connection::reader(file)?;
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
    let connection = connection::reader(file)?;
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
