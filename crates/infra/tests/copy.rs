//! Copies of homes between the engines, and of seeds into them: whole, equal, continued after every kill, and refused where they
//! must be.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that does not get what it needs ends at that very place"
)]

#[expect(unreachable_pub, dead_code, reason = "it belongs to another crate, where it is public and used")]
#[path = "../../../tests/src/mongod.rs"]
mod mongod;

#[path = "copy/dump.rs"]
mod dump;
#[path = "copy/filled.rs"]
mod filled;
#[path = "copy/interrupted.rs"]
mod interrupted;
#[path = "copy/media.rs"]
mod media;
#[path = "copy/refused.rs"]
mod refused;
#[path = "copy/seeded.rs"]
mod seeded;
#[path = "copy/site.rs"]
mod site;
#[path = "copy/verified.rs"]
mod verified;
#[path = "copy/whole.rs"]
mod whole;

use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use aviary_domain::Store;
use aviary_infra::copy::{self, CopyError, CopyReport, HomePlace, Limits};
use aviary_infra::progress::Unwatched;
use aviary_infra::{mongo, sqlite};
use mongodb::{Client, Database};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// So small that even these homes take many batches.
const FEW: Limits = Limits { rows: 3, bytes: 1 << 20 };

/// A data folder of a test.
struct Folder(TempDir);

impl Folder {
    /// In memory where there is one: every batch is synced, and none of these tests cuts the power.
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self(tempfile::Builder::new().prefix("aviary-copy-").tempdir_in(root).expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn place(&self) -> HomePlace {
        HomePlace::Folder(self.path().to_owned())
    }

    fn file(&self) -> PathBuf {
        self.path().join("aviary.sqlite3")
    }

    fn open(&self) -> sqlite::OpenStore {
        sqlite::open(self.path()).expect("an open folder")
    }

    /// A home with rows in every table, closed.
    async fn filled() -> Self {
        let folder = Self::new();
        let open = folder.open();
        filled::fill(&open.store).await;
        open.database.close().await.expect("an orderly end");
        folder
    }
}

/// Whether there is a MongoDB. Without one the tests that need it end at once, having said so; those of folders alone go
/// on.
fn has_mongodb() -> bool {
    mongod::shared().is_some()
}

/// A database of a test, dropped when it ends, however it ends.
struct Guard {
    uri: String,
}

impl Guard {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = mongod::shared().expect("a MongoDB: a test asks first whether there is one");
        let name = format!("aviary_copy_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { uri: mongod::database_uri(server, &name) }
    }

    fn place(&self) -> HomePlace {
        HomePlace::MongoDb(self.uri.clone())
    }

    async fn database(&self) -> Database {
        let client = Client::with_uri_str(&self.uri).await.expect("a client");
        client.default_database().expect("the name of a database")
    }

    async fn open(&self) -> Store {
        mongo::open(&self.uri).await.expect("an open database").store
    }

    /// A home with rows in every collection.
    async fn filled() -> Self {
        let guard = Self::new();
        filled::fill(&guard.open().await).await;
        guard
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let dropped = block_in_place(|| Handle::current().block_on(async { self.database().await.drop().await }));
        if let Err(error) = dropped {
            eprintln!("a test's database is left behind: {error:?}");
        }
    }
}

async fn try_copy(from: &HomePlace, to: &HomePlace) -> Result<CopyReport, CopyError> {
    copy::copy(from, to, None, FEW, &Unwatched).await
}

/// Copies and finds both sides equal.
async fn copied(from: &HomePlace, to: &HomePlace) -> CopyReport {
    let report = try_copy(from, to).await.expect("a whole copy");
    assert!(report.is_equal(), "{report:#?}");
    report
}

/// The files that the rows of a closed folder name and that lie in a folder: those at a provider have a mark.
fn files(home: &Folder) -> Vec<String> {
    let file = rusqlite::Connection::open(home.file()).unwrap();
    let sql = "SELECT avatar FROM users UNION SELECT cover_image FROM users WHERE cover_image IS NOT NULL
        UNION SELECT file FROM videos WHERE state < 2 UNION SELECT thumbnail FROM videos WHERE state < 2 ORDER BY 1";
    let mut query = file.prepare(sql).unwrap();
    let named = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap);
    named.filter(|key: &String| !key.contains('#')).collect()
}
