//! The bench behind `make bench`: Aviary under load, beside what this machine allows at all, measured in the same minutes.
//!
//! Nothing here is part of the product. It starts the release binary over seeded homes, and knows it by HTTP alone.

mod aviary;
mod cast;
mod chart;
mod child;
mod claim;
mod client;
mod floor;
mod folder;
mod home;
mod load;
mod machine;
mod measure;
mod mongod;
mod plan;
mod progress;
mod report;
mod request;
mod run;
mod stats;
mod table;
mod transfer;
mod workload;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures Aviary beside what this machine allows at all.
#[derive(Parser)]
#[command(name = "aviary-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure and report; exits with 1 where something failed, with 3 where the rounds are too far apart to report
    Run(plan::RunOptions),
    /// Name the workloads
    List,
    /// Serve the floors
    #[command(hide = true)]
    Floor(floor::FloorOptions),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(options) => runtime().and_then(|runtime| runtime.block_on(run::run(options))),
        Command::List => list(),
        Command::Floor(options) => {
            actix_web::rt::System::new().block_on(floor::serve(options)).map(|()| ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("aviary-bench: {error:#}");
        ExitCode::FAILURE
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

#[expect(clippy::unnecessary_wraps, reason = "as every command")]
fn list() -> anyhow::Result<ExitCode> {
    for workload in workload::ALL {
        println!("{:15} {}", workload.name, workload.title);
    }
    println!("{:15} {}", plan::TRANSFER, transfer::TITLE);
    Ok(ExitCode::SUCCESS)
}
