//! The ledger of files that no row owns, in SQLite.

use async_trait::async_trait;
use aviary_domain::file::{DueFile, FileKey, FileLedger};
use aviary_domain::{StoreError, Timestamp};
use rusqlite::{Connection, params};

use super::Database;
use super::error::SqlError;
use super::row::{all, execute, integer, key};

/// The ledger in SQLite.
pub struct SqliteFileLedger {
    database: Database,
}

impl SqliteFileLedger {
    /// The ledger of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl FileLedger for SqliteFileLedger {
    async fn reserve(&self, keys: &[FileKey], until: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO file_ledger (key, due_at) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at";
        let keys = keys.to_vec();
        self.database.write(move |c| each(c, SQL, &keys, until)).await
    }

    async fn release(&self, keys: &[FileKey], now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE file_ledger SET due_at = min(due_at, ?2) WHERE key = ?1";
        let keys = keys.to_vec();
        self.database.write(move |c| each(c, SQL, &keys, now)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueFile>, StoreError> {
        const SQL: &str = "SELECT key, attempts FROM file_ledger WHERE due_at <= ?1 ORDER BY due_at, key LIMIT ?2";
        let values = params![now.millis(), integer(limit)];
        self.database.read(|c| all(c, SQL, values, |row| Ok(DueFile { key: key(row, 0)?, attempts: row.get(1)? })))
    }

    async fn forget(&self, key: &FileKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.database
            .write(move |c| execute(c, "DELETE FROM file_ledger WHERE key = ?1", [key.as_str()]).map(drop))
            .await
    }

    async fn postpone(&self, key: &FileKey, until: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE file_ledger SET due_at = ?2, attempts = attempts + 1 WHERE key = ?1";
        let keys = [key.clone()];
        self.database.write(move |c| each(c, SQL, &keys, until)).await
    }
}

fn each(c: &Connection, sql: &str, keys: &[FileKey], time: Timestamp) -> Result<(), SqlError> {
    keys.iter().try_for_each(|key| execute(c, sql, params![key.as_str(), time.millis()]).map(drop))
}

/// Takes a reserved file out of the ledger for the row that is to own it; one that is not reserved, or due already,
/// may be gone by the time the row is written.
pub(super) fn claim(c: &Connection, key: &FileKey, now: Timestamp) -> Result<(), SqlError> {
    const SQL: &str = "DELETE FROM file_ledger WHERE key = ?1 AND due_at > ?2";
    match execute(c, SQL, params![key.as_str(), now.millis()])? {
        0 => Err(StoreError::Conflict { field: "file" }.into()),
        _ => Ok(()),
    }
}

/// Puts a file back that its row lets go of.
pub(super) fn make_due(c: &Connection, key: &FileKey, now: Timestamp) -> Result<(), SqlError> {
    const SQL: &str = "INSERT INTO file_ledger (key, due_at) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET due_at = min(due_at, excluded.due_at)";
    execute(c, SQL, params![key.as_str(), now.millis()]).map(drop)
}
