//! What an upload of two gigabytes costs: through Aviary to the fake Cloudinary, through Aviary to local disk, and to the fake
//! alone, each in turn, with the most memory that the servers needed. `make bench-upload` builds what it needs in release.
//!
//! Everything lies in one folder that goes in the end, however that comes.

mod film;
mod progress;
mod report;
mod server;
mod stage;
mod visitor;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use progress::Progress;
use stage::Stage;

/// Whatever keeps the measurement from its end, in words.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Measures uploads against the fake Cloudinary.
#[derive(Parser)]
struct Arguments {
    /// How large the film is, in MiB.
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    mebibytes: u64,
    /// How often each way is taken.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Where the files lie meanwhile: on a disk, not in memory [default: the build's folder]
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::select! {
        // Dropped where it is, it takes servers and files along.
        signal = stopped() => signal.and_then(|name| Err(format!("stopped by {name}; no result").into())),
        outcome = measure(&arguments) => outcome,
    };
    match outcome {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench_upload: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Waits until somebody wants this to end.
async fn stopped() -> Outcome<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
        _ = hangup.recv() => "SIGHUP",
    })
}

/// Takes all ways in turn, so that what changes on the machine meanwhile changes all of them.
async fn measure(arguments: &Arguments) -> Outcome<String> {
    let bytes = arguments.mebibytes << 20;
    let mut stage = Stage::build(bytes, arguments.folder.as_deref()).await?;
    let mut rounds = vec![];
    for round in 1..=arguments.rounds {
        let mut taken = vec![];
        for way in stage::WAYS {
            let progress = Progress::begin(format!("{round}/{} {}", arguments.rounds, way.name()), bytes);
            let time = stage.take(way, &progress).await.map_err(|error| format!("{}: {error}", way.name()))?;
            progress.end(time);
            taken.push(time);
        }
        rounds.push(taken);
    }
    Ok(report::told(bytes, &rounds, &stage.memory()))
}
