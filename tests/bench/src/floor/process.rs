//! The process in which the floors run, as the runner sees it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long the floors may take to make their rows.
const PATIENCE: Duration = Duration::from_mins(2);

/// Running floors; they end when dropped.
pub(crate) struct FloorProcess {
    /// Where they answer: `http://127.0.0.1:<port>`.
    pub(crate) base: String,
    _child: Child,
}

impl FloorProcess {
    /// Starts them over this SQLite database and, perhaps, MongoDB.
    pub(crate) async fn start(sqlite: &Path, mongodb: Option<&str>) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot tell where this program lies")?;
        let mut command = Command::new(program);
        command.arg("floor").arg("--sqlite").arg(sqlite);
        command.args(mongodb.map(|uri| ["--mongodb", uri]).into_iter().flatten());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("the floors do not start")?;
        let out = child.stdout.take().context("the floors have no output")?;
        let mut port = String::new();
        let told = timeout(PATIENCE, BufReader::new(out).read_line(&mut port)).await;
        told.context("the floors are not ready in time")?.context("the floors cannot be read")?;
        let port: u16 = port.trim().parse().context("the floors did not start")?;
        Ok(Self { base: format!("http://127.0.0.1:{port}"), _child: child })
    }
}
