//! What can go wrong inside the adapter, and how it looks to a caller of a port.

use aviary_domain::StoreError;
use rusqlite::ErrorCode;

/// Why a piece of work on a connection failed: a refusal that the port names, or SQLite's own error.
#[derive(Debug)]
pub(crate) enum SqlError {
    /// Already what the port answers.
    Store(StoreError),
    /// What SQLite said.
    Sqlite(rusqlite::Error),
}

impl From<StoreError> for SqlError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Store(error) => error,
            SqlError::Sqlite(error) if may_pass(&error) => Self::unavailable(error),
            SqlError::Sqlite(error) => Self::backend(error),
        }
    }
}

/// Whether the same call may succeed later: somebody else holds the file, or the machine is short of something.
fn may_pass(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen
                | ErrorCode::OperationInterrupted
        )
    )
}
