//! A whole server in this process, over a folder of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use aviary_api::config::{Options, Settings};
use aviary_api::server::{self, RunningServer};
use aviary_domain::Store;
use aviary_domain::maintenance::Reconcile;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::{Caller, eventually};

/// Where all servers of this process run, so that one outlives the test that started it until it has stopped.
static HOST: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime for the servers")
});

/// How long a test waits for its server to stop.
const STOPPING: Duration = Duration::from_secs(20);

/// A running server. Dropped, it stops and its folder goes.
pub struct TestServer {
    running: Option<RunningServer>,
    address: SocketAddr,
    http: reqwest::Client,
    store: Store,
    folder: Option<TempDir>,
}

impl TestServer {
    /// Starts a server with the settings of the tests.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = TempDir::with_prefix("aviary-test-").expect("a folder");
        Self::start_over(folder, change).await
    }

    /// Starts a server over a folder that another one left.
    pub async fn start_over(folder: TempDir, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings(&data_in(&folder));
        change(&mut settings);
        let running = HOST.spawn(server::start(settings)).await.expect("no panic").expect("the server starts");
        let address = running.address();
        let store = running.store().clone();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { running: Some(running), address, http, store, folder: Some(folder) }
    }

    /// What a server says that is to start over a folder that another one is using.
    pub async fn refusal(folder: &Path) -> String {
        match HOST.spawn(server::start(settings(folder))).await.expect("no panic") {
            Ok(_) => panic!("two servers over one folder"),
            Err(error) => format!("{error:#}"),
        }
    }

    /// Stops the server and gives its folder back.
    pub async fn stop(mut self) -> TempDir {
        self.http = reqwest::Client::new();
        let running = self.running.take().expect("a running server");
        HOST.spawn(running.stop()).await.expect("no panic").expect("the server stops");
        self.folder.take().expect("a folder")
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's store, to bring about what would take many requests and to check facts that no request shows.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The data folder.
    pub fn folder(&self) -> PathBuf {
        data_in(self.folder.as_ref().expect("a folder"))
    }

    /// Somebody unknown.
    pub fn guest(&self) -> Caller {
        Caller::new(self.http.clone(), &format!("http://127.0.0.1:{}", self.address.port()))
    }

    /// The files that the media store keeps, without those on their way in.
    pub fn stored_files(&self) -> Vec<PathBuf> {
        let media = self.folder().join("media");
        let mut files = files_under(&media);
        files.retain(|file| !file.starts_with(media.join("tmp")));
        files
    }

    /// The files on their way in.
    pub fn spooled_files(&self) -> Vec<PathBuf> {
        files_under(&self.folder().join("media").join("tmp"))
    }

    /// How many rows the main tables hold, read beside the server.
    pub fn rows(&self) -> Vec<(&'static str, i64)> {
        const TABLES: [&str; 11] = [
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
        TABLES.into_iter().map(|table| (table, self.number(&format!("SELECT count(*) FROM {table}")))).collect()
    }

    /// One number out of the store's file, read beside the server.
    pub fn number(&self, query: &str) -> i64 {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let store = rusqlite::Connection::open_with_flags(self.folder().join("aviary.sqlite3"), flags);
        let store = store.expect("the store's file");
        store.busy_timeout(Duration::from_secs(5)).expect("a time-out");
        store.query_row(query, [], |row| row.get(0)).expect("a number")
    }

    /// Waits until nothing waits for its removal any more: rows, files and the ledger are settled.
    pub async fn settled(&self) {
        eventually("purge queue, ledger and spool are empty", || {
            self.number("SELECT (SELECT count(*) FROM purge_queue) + (SELECT count(*) FROM file_ledger)") == 0
                && self.spooled_files().is_empty()
        })
        .await;
    }

    /// Waits until exactly this many files are stored.
    #[track_caller]
    pub fn keeps_files(&self, count: usize) -> impl Future<Output = ()> {
        eventually(&format!("{count} files are stored"), move || {
            self.stored_files().len() == count && self.spooled_files().is_empty()
        })
    }

    /// Every stored count equals the facts, and every stored file has a row.
    pub async fn is_consistent(&self) {
        self.settled().await;
        let report = self.store.maintenance.reconcile(Reconcile::Report).await.expect("a recount");
        assert_eq!(report.drifted, 0, "{:?}", report.examples);
        let owned = self.number(
            "SELECT (SELECT count(*) + count(cover_image) FROM users) + (SELECT 2 * count(*) FROM videos WHERE state < 2)",
        );
        let seeded = self.number("SELECT 2 * count(*) FROM videos WHERE state < 2 AND bytes = 0");
        assert_eq!(
            i64::try_from(self.stored_files().len()).expect("a count"),
            owned - seeded,
            "files and their owners"
        );
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let (Some(running), folder) = (self.running.take(), self.folder.take()) else { return };
        self.http = reqwest::Client::new();
        let (done, stopped) = std::sync::mpsc::channel();
        HOST.spawn(async move {
            let stopped = running.stop().await;
            drop(folder);
            if let Err(error) = stopped {
                eprintln!("a test server did not stop cleanly: {error:#}");
            }
            let _ = done.send(());
        });
        // Waiting keeps the folders of finished tests from outliving the process.
        let _ = stopped.recv_timeout(STOPPING);
    }
}

/// The server makes its folder itself, so that tests see how.
fn data_in(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

fn settings(folder: &Path) -> Settings {
    let text = |value: &str| Some(value.to_owned());
    let options = Options {
        port: text("0"),
        data_dir: folder.to_str().map(str::to_owned),
        cookie_secure: text("off"),
        bcrypt_cost: text("4"),
        rate_limits: text("off"),
        shutdown_timeout: text("1s"),
        workers: text("2"),
        ..Options::default()
    };
    options.resolve().expect("sound settings")
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let mut files = vec![];
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(files_under(&entry.path())),
            Ok(_) => files.push(entry.path()),
            // Removed in the meantime.
            Err(_) => {}
        }
    }
    files
}
