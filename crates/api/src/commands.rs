//! What the binary can be told to do, and the codes it exits with: 0 done, 1 failed or drift left, 2 misconfigured.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use aviary_domain::maintenance::{DriftReport, Reconcile};
use aviary_infra::{mongo, sqlite};
use clap::Parser;
use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Cli, Command, ConfigCommand, Settings};
use crate::server::{self, Home, RunningServer};
use crate::telemetry;

/// Exits of a misconfigured process; clap's own code for a command line that it cannot read.
const MISCONFIGURED: u8 = 2;

/// Reads the environment and the command line, does what they say, and tells how it went.
pub fn run() -> ExitCode {
    if let Err(message) = read_env_file(Path::new(".env")) {
        eprintln!("{message}");
        return ExitCode::from(MISCONFIGURED);
    }
    let cli = Cli::parse();
    let settings = match cli.options.resolve() {
        Ok(settings) => settings,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(MISCONFIGURED);
        }
    };
    let outcome = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => block_on(serve(settings)),
        Command::Migrate => block_on(migrate(settings)),
        Command::Reconcile { repair } => block_on(reconcile(settings, repair)),
        Command::Config(ConfigCommand::Check) => {
            println!("The configuration is sound.");
            Ok(ExitCode::SUCCESS)
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("aviary: {error:#}");
        ExitCode::FAILURE
    })
}

/// What the environment says goes before the file. A line that cannot be read is not repeated: it may be a secret.
fn read_env_file(path: &Path) -> Result<(), String> {
    match dotenvy::from_path(path) {
        Ok(()) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        Err(dotenvy::Error::Io(error)) => Err(format!("{} cannot be read: {error}", path.display())),
        Err(_) => Err(format!("{} has a line that is not of the form NAME=value", path.display())),
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new().context("cannot start the runtime")?.block_on(work)
}

async fn serve(settings: Settings) -> anyhow::Result<ExitCode> {
    telemetry::init(settings.log_format);
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

async fn migrate(settings: Settings) -> anyhow::Result<ExitCode> {
    let applied = match &settings.mongodb_uri {
        None => sqlite::migrate(&settings.data_dir)?,
        Some(uri) => mongo::migrate(uri.expose_secret()).await?,
    };
    if applied.is_empty() {
        println!("The store is up to date; nothing was applied.");
    }
    for name in applied {
        println!("Applied {name}.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn reconcile(settings: Settings, repair: bool) -> anyhow::Result<ExitCode> {
    telemetry::init(settings.log_format);
    let home = Home::open(&settings).await?;
    let maintenance = &home.store.maintenance;
    let mut report = maintenance.reconcile(if repair { Reconcile::Repair } else { Reconcile::Report }).await?;
    print_drift(&report);
    if repair && report.drifted > 0 {
        report = maintenance.reconcile(Reconcile::Report).await?;
        println!("After the repair {} counts differ.", report.drifted);
    }
    home.close().await?;
    Ok(if report.drifted == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_drift(report: &DriftReport) {
    match report.drifted {
        0 => println!("Every stored count equals the facts."),
        1 => println!("1 stored count differs from the facts:"),
        many => println!("{many} stored counts differ from the facts:"),
    }
    for drift in &report.examples {
        println!("  {} {}: stored {}, actual {}", drift.counter, drift.row, drift.stored, drift.actual);
    }
    let shown = u64::try_from(report.examples.len()).unwrap_or(u64::MAX);
    if report.drifted > shown {
        println!("  and {} more", report.drifted - shown);
    }
}
