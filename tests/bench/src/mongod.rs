//! A `mongod` over a folder of its own: a replica set of one, on the disk that everything else is measured on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::child;

/// How long it may take to become a primary, with what it has to read before.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long it may take to write down what it has and end.
const STOP: Duration = Duration::from_mins(2);
/// The name of the replica set.
const SET: &str = "bench";
/// Its cache in GB. One size for every machine, so that it does not depend on what else runs.
const CACHE_GB: &str = "2";

/// A running server.
pub(crate) struct Mongod {
    child: Child,
    port: u16,
}

impl Mongod {
    /// Starts it over this folder, which is made where it is missing.
    pub(crate) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let program = program().await?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let port = child::free_port()?;
        let log = folder.with_extension("log");
        let mut command = Command::new(program);
        command.args(["--replSet", SET, "--bind_ip", "127.0.0.1", "--port", &port.to_string(), "--nounixsocket"]);
        command.args(["--wiredTigerCacheSizeGB", CACHE_GB, "--oplogSize", "512"]);
        command.args(["--setParameter", "diagnosticDataCollectionEnabled=false"]);
        command.arg("--dbpath").arg(folder).arg("--logpath").arg(&log);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().context("mongod does not start")?;
        let mut server = Self { child, port };
        server.become_primary(&log).await?;
        Ok(server)
    }

    /// The URI of a database in it.
    pub(crate) fn uri(&self, database: &str) -> String {
        format!("mongodb://127.0.0.1:{}/{database}?replicaSet={SET}", self.port)
    }

    /// Ends it in order, so that its folder can be copied.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        child::stop(self.child, STOP).await.context("mongod does not end")
    }

    async fn become_primary(&mut self, log: &Path) -> anyhow::Result<()> {
        let direct = format!("mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=500", self.port);
        let admin = Client::with_uri_str(direct).await?.database("admin");
        let begun = Instant::now();
        let mut failed: Option<Error> = None;
        loop {
            let hello = admin.run_command(doc! { "hello": 1 }).await;
            match hello {
                Ok(hello) if hello.get_bool("isWritablePrimary").unwrap_or_default() => return Ok(()),
                Ok(_) => failed = self.initiate(&admin).await.err().or(failed),
                Err(error) => failed = Some(error),
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("mongod left with {status}; its log is {}", log.display());
            }
            if begun.elapsed() > PATIENCE {
                let why = failed.map_or_else(|| "without a reason".to_owned(), |error| error.to_string());
                return Err(anyhow!("mongod does not become a primary ({why}); its log is {}", log.display()));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Makes it the one member of its set. A copied folder remembers the port of another time, where it finds nobody.
    async fn initiate(&self, admin: &mongodb::Database) -> mongodb::error::Result<Document> {
        let here = format!("127.0.0.1:{}", self.port);
        let member = |version: i32| {
            doc! { "_id": SET, "version": version, "members": [{ "_id": 0, "host": &here }], "settings": { "electionTimeoutMillis": 2000 } }
        };
        let known = admin.run_command(doc! { "replSetGetConfig": 1 }).await;
        match known.ok().and_then(|known| known.get_document("config").ok().cloned()) {
            None => admin.run_command(doc! { "replSetInitiate": member(1) }).await,
            Some(config) if host(&config) == Some(&here) => Ok(config),
            Some(config) => {
                let version = config.get_i32("version").unwrap_or(1).saturating_add(1);
                let mut next = config.clone();
                next.insert("version", version);
                next.insert("members", member(version).get_array("members").cloned().unwrap_or_default());
                admin.run_command(doc! { "replSetReconfig": next, "force": true }).await
            }
        }
    }
}

/// The one member that a configuration names.
fn host(config: &Document) -> Option<&str> {
    config.get_array("members").ok()?.first()?.as_document()?.get_str("host").ok()
}

/// The program, and its version as it tells it.
pub(crate) async fn version() -> anyhow::Result<String> {
    let output = Command::new(program().await?).arg("--version").output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(format!("MongoDB {}", said.lines().next().unwrap_or_default().trim_start_matches("db version v")))
}

async fn program() -> anyhow::Result<PathBuf> {
    let found = tokio::task::spawn_blocking(aviary_tests::mongod::program).await?;
    found
        .map_err(|reason| anyhow!("{reason}. Without a MongoDB only the embedded home can be measured: HOMES=embedded"))
}
