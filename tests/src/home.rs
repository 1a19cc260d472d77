//! Where a server of the tests keeps its data: a folder, and a database that the tests can look into and bend beside
//! the server. The database is the embedded one, or with `TEST_STORE=mongodb` one on a MongoDB that all tests share.

mod embedded;
mod mongo;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use embedded::Embedded;
use mongo::Mongo;

/// The collections, or tables, whose sizes tell whether anything was added or left.
const MAIN: [&str; 11] = [
    "users",
    "videos",
    "comments",
    "tweets",
    "likes",
    "subscriptions",
    "playlists",
    "playlist_videos",
    "history",
    "views",
    "purge_queue",
];

/// The data of one server after another. Dropped, all of it goes.
pub struct Home {
    database: Arc<dyn Database>,
    // After the database, which may be in it.
    folder: TempDir,
}

/// A database of a test, beside the server that uses it. Tables are named as both stores name them, columns as the
/// embedded one does.
trait Database: Send + Sync {
    /// Under which URI a server finds it; `None` for the one in the folder.
    fn uri(&self) -> Option<&str>;

    /// How many rows a table has.
    fn count(&self, table: &str) -> u64;

    /// How many stored files the rows name, seeded videos aside.
    fn named_files(&self) -> u64;

    /// Adds to a column of every row; answers how many rows there were.
    fn add(&self, table: &str, column: &str, change: i64) -> u64;

    /// Empties a column of every row; answers how many rows there were.
    fn erase(&self, table: &str, column: &str) -> u64;
}

impl Home {
    /// A fresh one, in the store that the environment asks for.
    pub fn new() -> Self {
        let mongo = match env::var("TEST_STORE").as_deref() {
            // Before the folder, which would stay if the process ended here.
            Ok("mongodb") => Some(Mongo::new()),
            Ok("embedded" | "") | Err(_) => None,
            Ok(other) => panic!("TEST_STORE is embedded or mongodb, not {other}"),
        };
        let folder = TempDir::with_prefix("aviary-test-").expect("a folder");
        let database: Arc<dyn Database> = match mongo {
            Some(mongo) => Arc::new(mongo),
            None => Arc::new(Embedded::new(&data_in(&folder))),
        };
        Self { database, folder }
    }

    /// The home of a further node over the same database, with a data folder of its own.
    pub fn of_another_node(&self) -> Self {
        assert!(!self.is_embedded(), "an embedded store has one node");
        let folder = TempDir::with_prefix("aviary-test-").expect("a folder");
        Self { database: Arc::clone(&self.database), folder }
    }

    /// The data folder, which the server makes itself, so that tests see how.
    pub fn data(&self) -> PathBuf {
        data_in(&self.folder)
    }

    /// Whether the data folder holds the database too.
    pub fn is_embedded(&self) -> bool {
        self.mongodb_uri().is_none()
    }

    /// The URI of the database, when it is a MongoDB.
    pub fn mongodb_uri(&self) -> Option<&str> {
        self.database.uri()
    }

    /// How many rows a table holds.
    pub fn count(&self, table: &str) -> u64 {
        self.database.count(table)
    }

    /// How many rows the main tables hold.
    pub fn rows(&self) -> Vec<(&'static str, u64)> {
        MAIN.into_iter().map(|table| (table, self.count(table))).collect()
    }

    /// How many stored files the rows name. Seeded videos have none.
    pub fn named_files(&self) -> u64 {
        self.database.named_files()
    }

    /// Adds to a column of every row behind the server's back; there must be one.
    #[track_caller]
    pub fn tamper(&self, table: &str, column: &str, change: i64) {
        assert!(self.database.add(table, column, change) > 0, "{table} is empty");
    }

    /// Empties a column of every row behind the server's back; there must be one.
    #[track_caller]
    pub fn erase(&self, table: &str, column: &str) {
        assert!(self.database.erase(table, column) > 0, "{table} is empty");
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

fn data_in(folder: &TempDir) -> PathBuf {
    Path::new(folder.path()).join("data")
}
