//! The reading end of SQLite: a connection that one worker has for itself.

use std::path::Path;

use anyhow::Context;
use rusqlite::{Connection, OpenFlags};

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
        let mut statement = self.0.prepare_cached("SELECT body FROM rows WHERE number = ?1")?;
        let mut rows = statement.query([i64::try_from(number)?])?;
        let Some(row) = rows.next()? else { return Ok(false) };
        Ok(!row.get_ref(0)?.as_str()?.is_empty())
    }
}
