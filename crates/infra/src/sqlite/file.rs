//! The ledger of files that no row owns, in SQLite. It has names alone, never marks, and never those of derived stills.

use async_trait::async_trait;
use aviary_domain::file::{DueFile, FileKey, FileLedger, OwnedFile, OwnedPlace};
use aviary_domain::{StoreError, Timestamp};
use rusqlite::{Connection, Row, params};

use super::Database;
use super::error::SqlError;
use super::row::{all, execute, integer, key};

pub(super) mod owned;

/// The files whose time has come by ?1, at most ?2.
pub(super) const DUE: &str = "SELECT key, attempts FROM file_ledger WHERE due_at <= ?1 ORDER BY due_at, key LIMIT ?2";

/// The files that were given up (due at ?1), at most ?2.
pub(super) const GIVEN_UP: &str = "SELECT key, attempts FROM file_ledger WHERE due_at = ?1 ORDER BY key LIMIT ?2";

/// The names after ?1, at most ?2.
pub(super) const LIST: &str = "SELECT key FROM file_ledger WHERE key > ?1 ORDER BY key LIMIT ?2";

/// The ledger in SQLite.
pub struct SqliteFileLedger {
    database: Database,
}

impl SqliteFileLedger {
    /// The ledger of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Runs a statement for each of the files, with its name and a time.
    async fn each(&self, sql: &'static str, keys: &[FileKey], time: Timestamp) -> Result<(), StoreError> {
        let keys = keys.to_vec();
        self.database
            .write(move |c| {
                let mut kept = keys.iter().filter(|key| !key.is_derived());
                kept.try_for_each(|key| execute(c, sql, params![key.name(), time.millis()]).map(drop))
            })
            .await
    }
}

#[async_trait]
impl FileLedger for SqliteFileLedger {
    async fn reserve(&self, keys: &[FileKey], until: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO file_ledger (key, due_at) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at";
        self.each(SQL, keys, until).await
    }

    async fn release(&self, keys: &[FileKey], now: Timestamp) -> Result<(), StoreError> {
        self.each("UPDATE file_ledger SET due_at = min(due_at, ?2) WHERE key = ?1", keys, now).await
    }

    async fn prolong(&self, key: &FileKey, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE file_ledger SET due_at = max(due_at, ?3)
             WHERE key = ?1 AND due_at > ?2 AND attempts = 0";
        let name = key.name().to_owned();
        let prolonged = move |c: &Connection| execute(c, SQL, params![name, now.millis(), until.millis()]);
        Ok(self.database.write(prolonged).await? > 0)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueFile>, StoreError> {
        // What was given up is not due, however late it is.
        let now = now.millis().min(Timestamp::NEVER.millis() - 1);
        self.database.read(|c| all(c, DUE, params![now, integer(limit)], due_file))
    }

    async fn forget(&self, key: &FileKey) -> Result<(), StoreError> {
        let name = key.name().to_owned();
        self.database.write(move |c| execute(c, "DELETE FROM file_ledger WHERE key = ?1", [name]).map(drop)).await
    }

    async fn postpone(&self, key: &FileKey, until: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE file_ledger SET due_at = ?2, attempts = attempts + 1 WHERE key = ?1";
        self.each(SQL, std::slice::from_ref(key), until).await
    }

    async fn given_up(&self, limit: usize) -> Result<Vec<DueFile>, StoreError> {
        let values = params![Timestamp::NEVER.millis(), integer(limit)];
        self.database.read(|c| all(c, GIVEN_UP, values, due_file))
    }

    async fn retry_given_up(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "UPDATE file_ledger SET due_at = ?2, attempts = 0 WHERE due_at = ?1";
        let values = [Timestamp::NEVER.millis(), now.millis()];
        let retried = self.database.write(move |c| execute(c, SQL, values)).await?;
        Ok(u64::try_from(retried).unwrap_or(u64::MAX))
    }

    async fn list(&self, after: Option<FileKey>, limit: usize) -> Result<Vec<FileKey>, StoreError> {
        // No name is empty.
        let after = after.as_ref().map_or("", FileKey::name);
        self.database.read(|c| all(c, LIST, params![after, integer(limit)], |row| key(row, 0)))
    }

    async fn owned(&self, after: Option<OwnedPlace>, limit: usize) -> Result<Vec<OwnedFile>, StoreError> {
        self.database.scan(move |c| owned::owned(c, after, limit)).await
    }
}

fn due_file(row: &Row<'_>) -> rusqlite::Result<DueFile> {
    Ok(DueFile { key: key(row, 0)?, attempts: row.get(1)? })
}

/// Takes a reserved file out of the ledger for the row that is to own it; one that is not reserved, or due already,
/// may be gone by the time the row is written, and one whose removal failed may be gone all the same.
pub(super) fn claim(c: &Connection, key: &FileKey, now: Timestamp) -> Result<(), SqlError> {
    const SQL: &str = "DELETE FROM file_ledger WHERE key = ?1 AND due_at > ?2 AND attempts = 0";
    if !key.is_derived() && execute(c, SQL, params![key.name(), now.millis()])? == 0 {
        return Err(StoreError::Conflict { field: "file" }.into());
    }
    Ok(())
}

/// Puts a file back that its row lets go of.
pub(super) fn make_due(c: &Connection, key: &FileKey, now: Timestamp) -> Result<(), SqlError> {
    const SQL: &str = "INSERT INTO file_ledger (key, due_at) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET due_at = min(due_at, excluded.due_at)";
    if key.is_derived() { Ok(()) } else { execute(c, SQL, params![key.name(), now.millis()]).map(drop) }
}
