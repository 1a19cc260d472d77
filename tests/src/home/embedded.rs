//! The embedded store's file, read and written beside the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::Database;

/// How long the server may not see what was changed behind its back.
const UNSEEN: Duration = Duration::from_millis(150);

/// The store's file in a data folder.
pub(super) struct Embedded {
    file: PathBuf,
}

impl Embedded {
    pub(super) fn new(data: &Path) -> Self {
        Self { file: data.join("aviary.sqlite3") }
    }

    fn open(&self, flags: OpenFlags) -> Connection {
        let store = Connection::open_with_flags(&self.file, flags).expect("the store's file");
        store.busy_timeout(Duration::from_secs(5)).expect("a time-out");
        store
    }

    /// Changes rows, and waits until the server sees it; answers with their number.
    fn change(&self, statement: &str) -> u64 {
        let changed = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE).execute(statement, []).expect("a change");
        std::thread::sleep(UNSEEN);
        changed.try_into().expect("a count")
    }

    fn number(&self, query: &str) -> u64 {
        let number: i64 =
            self.open(OpenFlags::SQLITE_OPEN_READ_ONLY).query_row(query, [], |row| row.get(0)).expect("a number");
        number.try_into().expect("a count")
    }
}

impl Database for Embedded {
    fn uri(&self) -> Option<&str> {
        None
    }

    fn count(&self, table: &str) -> u64 {
        self.number(&format!("SELECT count(*) FROM {table}"))
    }

    fn named_files(&self) -> u64 {
        self.number(
            "SELECT (SELECT count(*) + count(cover_image) FROM users)
                    + (SELECT 2 * count(*) FROM videos WHERE state < 2 AND bytes > 0)",
        )
    }

    fn add(&self, table: &str, column: &str, change: i64) -> u64 {
        self.change(&format!("UPDATE {table} SET {column} = {column} + ({change})"))
    }

    fn erase(&self, table: &str, column: &str) -> u64 {
        self.change(&format!("UPDATE {table} SET {column} = NULL"))
    }
}
