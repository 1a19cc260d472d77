//! A whole server in this process, over a folder of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aviary_api::config::{Options, Settings};
use aviary_api::server::{self, RunningServer};
use aviary_domain::Store;
use aviary_domain::maintenance::Reconcile;

use crate::home::Home;
use crate::host::{self, HOST};
use crate::{Caller, eventually};

/// How long a test waits for its server to stop.
const STOPPING: Duration = Duration::from_secs(20);

/// A running server. Dropped, it stops and its data goes.
pub struct TestServer {
    running: Option<RunningServer>,
    address: SocketAddr,
    http: reqwest::Client,
    store: Store,
    home: Option<Home>,
}

impl TestServer {
    /// Starts a server with the settings of the tests.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_over(Home::new(), change).await
    }

    /// Starts a further node over the same database, which shares the media folder; each has its own data folder.
    pub async fn another_node(&self) -> Self {
        let media = self.folder().join("media");
        Self::start_over(self.home().of_another_node(), |settings| settings.media_dir = media).await
    }

    /// Starts a server over the data that another one left.
    pub async fn start_over(home: Home, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings(&home);
        change(&mut settings);
        let running = HOST.spawn(server::start(settings)).await.expect("no panic").expect("the server starts");
        let address = running.address();
        let store = running.store().clone();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            // Less than the server keeps a quiet connection, so that none is used that ends in that moment.
            .pool_idle_timeout(Duration::from_secs(2))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { running: Some(running), address, http, store, home: Some(home) }
    }

    /// What a second server says that is to start over the data of this one.
    pub async fn refusal(&self) -> String {
        match HOST.spawn(server::start(settings(self.home()))).await.expect("no panic") {
            Ok(_) => panic!("two servers over one folder"),
            Err(error) => format!("{error:#}"),
        }
    }

    /// Stops the server and gives its data back.
    pub async fn stop(mut self) -> Home {
        self.http = reqwest::Client::new();
        let running = self.running.take().expect("a running server");
        HOST.spawn(running.stop()).await.expect("no panic").expect("the server stops");
        self.home.take().expect("its data")
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Works on the server's store, to bring about what would take many requests and to check facts that no request
    /// shows. It does so where the server runs: what the store leaves to be done later must not depend on the
    /// runtime of a test, which may be over by then.
    pub async fn on_store<T, F>(&self, work: impl FnOnce(Store) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        HOST.spawn(work(self.store.clone())).await.expect("no panic")
    }

    /// The server's data, to look into it beside the server.
    pub fn home(&self) -> &Home {
        self.home.as_ref().expect("its data")
    }

    /// The data folder.
    pub fn folder(&self) -> PathBuf {
        self.home().data()
    }

    /// Somebody unknown.
    pub fn guest(&self) -> Caller {
        Caller::new(self.http.clone(), &format!("http://127.0.0.1:{}", self.address.port()))
    }

    /// The files that the media store keeps, without those on their way in.
    pub fn stored_files(&self) -> Vec<PathBuf> {
        let media = self.folder().join("media");
        let mut files = files_under(&media);
        let own = ["tmp", "aviary-media.id"].map(|name| media.join(name));
        files.retain(|file| !own.iter().any(|own| file.starts_with(own)));
        files
    }

    /// The files on their way in, without the locks of the processes that receive them.
    pub fn spooled_files(&self) -> Vec<PathBuf> {
        let mut files = files_under(&self.folder().join("media").join("tmp"));
        files.retain(|file| file.extension().is_none_or(|extension| extension != "lock"));
        files
    }

    /// How many rows the main tables hold, read beside the server.
    pub fn rows(&self) -> Vec<(&'static str, u64)> {
        self.home().rows()
    }

    /// How many rows a table holds, read beside the server.
    pub fn count(&self, table: &str) -> u64 {
        self.home().count(table)
    }

    /// Waits until nothing waits for its removal any more: rows, files and the ledger are settled.
    pub async fn settled(&self) {
        eventually("purge queue, ledger and spool are empty", || {
            self.count("purge_queue") == 0 && self.count("file_ledger") == 0 && self.spooled_files().is_empty()
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
        let recount = self.on_store(|store| async move { store.maintenance.reconcile(Reconcile::Report).await }).await;
        let report = recount.expect("a recount");
        assert_eq!(report.drifted, 0, "{:?}", report.examples);
        let stored = u64::try_from(self.stored_files().len()).expect("a count");
        assert_eq!(stored, self.home().named_files(), "files and their owners");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        self.http = reqwest::Client::new();
        let stopped = host::begin(async move {
            if let Err(error) = running.stop().await {
                eprintln!("a test server did not stop cleanly: {error:#}");
            }
        });
        // Waiting keeps the data of finished tests from outliving the process; it goes after this.
        let _ = stopped.recv_timeout(STOPPING);
    }
}

fn settings(home: &Home) -> Settings {
    let text = |value: &str| Some(value.to_owned());
    // The embedded store makes secrets of its own; nodes that share a MongoDB are given theirs.
    let secret = |name: &str| home.mongodb_uri().map(|_| format!("{name}-secret-of-the-tests-that-is-long").into());
    let options = Options {
        port: text("0"),
        data_dir: home.data().to_str().map(str::to_owned),
        mongodb_uri: home.mongodb_uri().map(Into::into),
        access_token_secret: secret("access"),
        refresh_token_secret: secret("refresh"),
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
