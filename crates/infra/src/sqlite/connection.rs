//! How a connection to the database file is opened and set.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::OpenError;

/// How many prepared statements a connection keeps: every statement of the adapter fits.
const STATEMENTS: usize = 256;

/// The connection that writes; [`make_durable`] must follow before it does.
pub(super) fn writer(file: &Path) -> rusqlite::Result<Connection> {
    open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Sets the connection so that a COMMIT survives a power loss. In WAL mode `synchronous=NORMAL` would not sync at
/// COMMIT and lose the last ones.
pub(super) fn make_durable(connection: &Connection, file: &Path) -> Result<(), OpenError> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::NoLog { path: file.to_owned(), mode });
    }
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -32768;",
    )?;
    Ok(())
}

/// A connection that only moves the log into the database file, and syncs both.
pub(super) fn mover(file: &Path) -> rusqlite::Result<Connection> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // It has to have read once before it knows that there is a log.
    connection.execute_batch("PRAGMA synchronous = FULL; SELECT 1 FROM sqlite_schema LIMIT 1;")?;
    Ok(connection)
}

/// A connection that only reads, and keeps at most so many KiB of the file in memory.
pub(super) fn reader(file: &Path, memory: usize) -> rusqlite::Result<Connection> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch(&format!("PRAGMA query_only = ON; PRAGMA cache_size = -{memory};"))?;
    Ok(connection)
}

/// Opens a connection as all are set: it waits a while for others and believes nothing that the file says of itself.
/// It has no mutex of its own because it is only ever used by one thread at a time. Plans do not depend on the values that
/// are bound: SQLite would look at those wherever they might make a partial index fit, and so plan anew with every one.
fn open(file: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection
        .execute_batch("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    Ok(connection)
}
