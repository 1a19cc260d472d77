//! Load on a server, from wrk: it sends a list of requests over and over and tells rate and latencies.

mod reading;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::request::{self, Request};

pub(crate) use reading::Reading;

/// How every script begins and ends.
const THREAD: &str = include_str!("load/thread.lua");
/// Sends the requests of a file one after the other, each thread from another place.
const SPREAD: &str = include_str!("load/spread.lua");
/// Exchanges refresh tokens, each of which works once.
const REFRESH: &str = include_str!("load/refresh.lua");

/// What is to be sent, and how.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    script: PathBuf,
    requests: PathBuf,
    /// How many connections send at once.
    connections: usize,
    /// How many times the usual time they send.
    times: u64,
}

impl Job {
    /// The same for so many times the usual time.
    pub(crate) fn longer(self, times: u64) -> Self {
        Self { times, ..self }
    }
}

/// The load generator, with the files that it reads.
pub(crate) struct Wrk {
    folder: PathBuf,
    seconds: u64,
}

impl Wrk {
    /// A generator that keeps its files in this folder and measures for that many seconds at a time. Fails with what to
    /// install where there is no wrk.
    pub(crate) async fn new(folder: &Path, seconds: u64) -> anyhow::Result<Self> {
        version().await?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, script) in [("spread.lua", SPREAD), ("refresh.lua", REFRESH)] {
            fs::write(folder.join(name), format!("{THREAD}\n{script}")).context("cannot write a script of wrk")?;
        }
        Ok(Self { folder: folder.to_owned(), seconds })
    }

    /// Notes requests under a name that is used for nothing else.
    pub(crate) fn job(&self, name: &str, requests: &[Request], connections: usize) -> anyhow::Result<Job> {
        self.note(name, "spread.lua", requests, connections)
    }

    /// Notes refresh tokens, of which there have to be more than connections.
    pub(crate) fn refresh_job(&self, name: &str, tokens: &[Request], connections: usize) -> anyhow::Result<Job> {
        self.note(name, "refresh.lua", tokens, connections)
    }

    fn note(&self, name: &str, script: &str, requests: &[Request], connections: usize) -> anyhow::Result<Job> {
        let file = self.folder.join(format!("{name}.requests"));
        fs::write(&file, request::lines(requests)?).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Job { script: self.folder.join(script), requests: file, connections, times: 1 })
    }

    /// Sends for the agreed time to this server and tells what came of it. An answer that is an error, or none at all,
    /// fails the measurement: what is not done is done fast.
    pub(crate) async fn run(&self, base: &str, job: &Job) -> anyhow::Result<Reading> {
        let threads = threads().min(job.connections);
        let mut command = Command::new("wrk");
        command.args(["-t", &threads.to_string(), "-c", &job.connections.to_string()]);
        command.args(["-d", &format!("{}s", self.seconds * job.times), "--timeout", "10s", "-s"]).arg(&job.script);
        command.args([base, "--"]).arg(&job.requests).arg(threads.to_string());
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.context("wrk does not run")?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        // A script that fails ends only its own thread, and says so here.
        if !output.status.success() || !err.trim().is_empty() {
            bail!("wrk failed: {}", err.lines().next().or(out.lines().last()).unwrap_or("without a word"));
        }
        reading::parse(&out)
    }
}

/// As many threads as may send at once: a core each, and no more than two, which keep any server here busy.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(2)
}

/// The version of the wrk on PATH, as it tells it; fails with what to install where there is none.
pub(crate) async fn version() -> anyhow::Result<String> {
    let output = match Command::new("wrk").arg("-v").stdin(Stdio::null()).output().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("the bench sends its requests with wrk, which is not on the PATH: `apt-get install wrk` (Debian)")
        }
        output => output.context("wrk does not run")?,
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(said.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}
