//! What keys made, in SQLite. The note is written by the job that creates, through `note`.

use async_trait::async_trait;
use aviary_domain::id::RawId;
use aviary_domain::idempotency::{Fingerprint, IdempotencyRepository, KEY_FIELD, KeyHash, Once, Remembered};
use aviary_domain::{StoreError, Timestamp};
use rusqlite::{Connection, params};

use super::Database;
use super::error::SqlError;
use super::row::{execute, first};

/// The keys in SQLite.
pub struct SqliteIdempotency {
    database: Database,
}

impl SqliteIdempotency {
    /// The keys of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl IdempotencyRepository for SqliteIdempotency {
    async fn find(&self, key: KeyHash, now: Timestamp) -> Result<Option<Remembered>, StoreError> {
        const SQL: &str = "SELECT fingerprint, made, answer FROM idempotency_keys WHERE key = ?1 AND expires_at > ?2";
        self.database.read(|c| {
            first(c, SQL, params![key.0, now.millis()], |row| {
                Ok(Remembered { fingerprint: Fingerprint(row.get(0)?), made: row.get(1)?, answer: row.get(2)? })
            })
        })
    }

    async fn remember_answer(&self, once: Once, answer: &[u8]) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE idempotency_keys SET answer = ?3
             WHERE key = ?1 AND fingerprint = ?2 AND answer IS NULL";
        let answer = answer.to_vec();
        self.database.write(move |c| execute(c, SQL, params![once.key.0, once.fingerprint.0, answer]).map(drop)).await
    }
}

/// Notes what a key makes, in the step that makes it. Only a note that is over gives way.
pub(super) fn note(c: &Connection, once: Option<&Once>, made: RawId) -> Result<(), SqlError> {
    const SQL: &str = "INSERT INTO idempotency_keys (key, fingerprint, made, expires_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, made = excluded.made, answer = NULL,
             expires_at = excluded.expires_at
         WHERE expires_at <= ?5";
    let Some(once) = once else { return Ok(()) };
    let values = params![once.key.0, once.fingerprint.0, made, once.expires_at().millis(), once.now.millis()];
    match execute(c, SQL, values)? {
        0 => Err(StoreError::Conflict { field: KEY_FIELD }.into()),
        _ => Ok(()),
    }
}
