//! The reading end of SQLite: a connection that one worker has for itself.

use std::path::Path;

use anyhow::Context;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::rows;

/// A connection that only reads, on the thread of its worker.
pub(super) struct Reader(Connection);

impl Reader {
    /// Opens the database of the floors.
    pub(super) fn open(file: &Path) -> anyhow::Result<Self> {
        let access = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, access).context("cannot open the floors' database")?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -32768; PRAGMA busy_timeout = 5000;")?;
        Ok(Self(connection))
    }

    /// Reads the row of this number whole; whether it is there.
    pub(super) fn row(&self, number: usize) -> anyhow::Result<bool> {
        let mut statement = self.0.prepare_cached("SELECT id, body FROM rows WHERE id = ?1")?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, [u8; 12]>(0)?, row.get::<_, String>(1)?));
        let row = statement.query_row([rows::key(number)], read).optional()?;
        Ok(row.is_some_and(|(_, body)| !body.is_empty()))
    }
}
