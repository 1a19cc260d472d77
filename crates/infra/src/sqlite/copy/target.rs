//! The folder that is written: its database has another name until the copy is complete.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aviary_domain::StoreError;
use aviary_domain::media::site::MediaSite;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{
    UNFINISHED, count, first_user, holds_home, identity_of, name, read, refuse_unfinished, remains, row, totals,
};
use crate::copy::CopyError;
use crate::copy::home::{Home, KeyChange, Place, Reading, Rows, Target, Totals};
use crate::copy::record::Record;
use crate::copy::table::Table;
use crate::data_folder::DataFolder;
use crate::progress::Progress;
use crate::sqlite::{DATABASE, OpenError, media_site, prepare_database};

/// The place of the copy, in the unfinished database alone: one row.
const STATE: &str =
    "CREATE TABLE IF NOT EXISTS copy_state (id INTEGER PRIMARY KEY CHECK (id = 1), place TEXT NOT NULL)";

/// While a home is filled its indexes are written all over: kept in memory (256 MiB), and written to the file after some
/// batches at once, each of their pages is written a few times instead of hundreds.
const FILLING: &str = "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 65536;";

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
        // Rows that came in one after the other leave the word index in many parts, each of which every search asks.
        connection.execute("INSERT INTO video_words (video_words) VALUES ('optimize')", [])?;
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
