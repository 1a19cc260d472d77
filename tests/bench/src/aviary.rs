//! The `aviary` binary over a home: its commands, and its server as a process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::child;

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long it may take to end.
const STOP: Duration = Duration::from_mins(1);

/// Who seeds and serves a home under measurement: what limits single users is off, what is remembered lasts longer than the
/// bench, and all else is as it comes.
const SETTINGS: [(&str, &str); 8] = [
    ("HOST", "127.0.0.1"),
    ("RATE_LIMITS", "off"),
    ("STORAGE_QUOTA", "off"),
    ("VIEW_WINDOW", "1d"),
    ("ACCESS_TOKEN_SECRET", "the homes of a bench share this access secret"),
    ("REFRESH_TOKEN_SECRET", "the homes of a bench share this refresh secret"),
    // Sessions are kept with the seeded homes, which may be old when they are measured again.
    ("ACCESS_TOKEN_EXPIRY", "3650d"),
    ("REFRESH_TOKEN_EXPIRY", "3650d"),
];

/// Where a home lies.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The database, when it is a MongoDB.
    pub(crate) mongodb: Option<String>,
}

impl Place {
    /// The binary with the settings of this home.
    pub(crate) fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(binary()?);
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "TMPDIR"));
        command.current_dir(self.data.parent().unwrap_or(&self.data)).envs(SETTINGS).env("DATA_DIR", &self.data);
        command.envs(self.mongodb.as_ref().map(|uri| ("MONGODB_URI", uri)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }
}

/// The binary beside this one: `make bench` builds both.
pub(crate) fn binary() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe().context("cannot tell where this program lies")?;
    let binary = this.with_file_name("aviary").with_extension(std::env::consts::EXE_EXTENSION);
    if !binary.is_file() {
        bail!("{} is absent: `cargo build --release --bin aviary` makes it", binary.display());
    }
    Ok(binary)
}

/// A running server; it ends when dropped.
pub(crate) struct Aviary {
    child: Child,
    /// Where it answers: `http://127.0.0.1:<port>`.
    pub(crate) base: String,
    /// How long it took from its start to its first answer, a page of videos.
    pub(crate) start: Duration,
}

impl Aviary {
    /// Starts the server over a home and waits until it answers.
    pub(crate) async fn start(place: &Place) -> anyhow::Result<Self> {
        let port = child::free_port()?;
        let log = place.data.with_extension("log");
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = place.command()?;
        command.arg("serve").env("PORT", port.to_string());
        command.stdout(out.try_clone()?).stderr(out);
        let base = format!("http://127.0.0.1:{port}");
        let http = reqwest::Client::new();
        let begun = Instant::now();
        let mut child = command.spawn().context("aviary does not start")?;
        let page = format!("{base}/api/v1/videos?limit=1");
        loop {
            let answer = http.get(&page).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(Self { child, base, start: begun.elapsed() });
            }
            if let Some(status) = child.try_wait()? {
                bail!("aviary left with {status}: {}", last_line(&log));
            }
            if begun.elapsed() > PATIENCE {
                bail!("aviary does not answer: {}", last_line(&log));
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Its resident memory in MB, where the system tells it.
    pub(crate) fn resident_mb(&self) -> Option<f64> {
        child::resident_mb(&self.child)
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        child::stop(self.child, STOP).await.context("aviary does not end")
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("it said nothing").to_owned()
}
