//! `aviary serve`: runs the server until a signal ends it.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};

use super::database_name;
use crate::config::Settings;
use crate::server::{self, RunningServer};
use crate::telemetry;

/// Serves until SIGTERM or SIGINT, then finishes what runs; a second signal ends that.
pub(super) async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    telemetry::init(settings.log_format);
    if let Some(uri) = &settings.mongodb_uri {
        tracing::info!(database = database_name(uri.expose_secret())?, "stores in MongoDB");
    }
    let data_dir = settings.data_dir.clone();
    let mut server = server::start(settings).await?;
    announce(&server, &data_dir);
    tokio::select! {
        ended = server.failed() => {
            ended?;
            anyhow::bail!("the server ended by itself");
        }
        name = stop_signal() => tracing::info!(signal = name?, "stopping; running requests are finished"),
    }
    tokio::select! {
        stopped = server.stop() => stopped?,
        name = stop_signal() => {
            tracing::warn!(signal = name?, "stopped without waiting for running requests");
            return Ok(ExitCode::FAILURE);
        }
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn announce(server: &RunningServer, data_dir: &Path) {
    let base = server.base_url();
    let folder = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
    println!("Aviary {} is running on {}", env!("CARGO_PKG_VERSION"), server.address());
    println!("  look around  {base}/");
    println!("  try the API  {base}/docs");
    println!("  data folder  {}", folder.display());
}

async fn stop_signal() -> io::Result<&'static str> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}
