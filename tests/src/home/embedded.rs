//! The embedded store's file, read and written beside the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::Database;

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
        let store = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE);
        let changed = store.execute(&format!("UPDATE {table} SET {column} = {column} + ?1"), [change]);
        changed.expect("a change").try_into().expect("a count")
    }

    fn erase(&self, table: &str, column: &str) -> u64 {
        let store = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE);
        let changed = store.execute(&format!("UPDATE {table} SET {column} = NULL"), []);
        changed.expect("a change").try_into().expect("a count")
    }
}
