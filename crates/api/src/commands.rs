//! What the binary can be told to do, and the codes it exits with: 0 done, 1 failed or drift left, 2 misconfigured.

mod bar;
mod copy;
mod media;
mod migrate;
mod reconcile;
mod seed;
mod serve;
mod upload;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use aviary_infra::mongo;
use clap::Parser;

use crate::config::{Cli, Command, ConfigCommand, MediaCommand};

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
        Command::Serve => block_on(serve::run(settings)),
        Command::Migrate { dry_run, shard } => block_on(migrate::run(settings, dry_run, shard)),
        Command::Reconcile { repair } => block_on(reconcile::run(settings, repair)),
        Command::Media(MediaCommand::Check { fix }) => block_on(media::check(settings, fix)),
        Command::Media(MediaCommand::Upload) => block_on(upload::run(settings)),
        Command::Copy { to } => block_on(copy::run(settings, to)),
        Command::Seed { size, seed } => block_on(seed::run(settings, size, seed)),
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

/// The database that a URI works on.
fn database_name(uri: &str) -> anyhow::Result<String> {
    Ok(mongo::named_database(uri)?.unwrap_or_else(|| mongo::DEFAULT_DATABASE.to_owned()))
}

fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new().context("cannot start the runtime")?.block_on(work)
}
