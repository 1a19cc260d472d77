//! `aviary migrate`: brings the store to the present version, adopts a database of another application, and
//! distributes collections over shards.

use std::process::ExitCode;

use aviary_infra::mongo::{MigrateMode, ShardOutcome, Sharded};
use aviary_infra::{mongo, sqlite};
use secrecy::ExposeSecret;

use super::bar::Bar;
use super::{MISCONFIGURED, database_name};
use crate::config::Settings;

/// Does it, or with `dry_run` only tells what would be done. The report goes to standard output, progress to standard
/// error. Fails where a collection could not be distributed.
pub(super) async fn run(settings: Settings, dry_run: bool, shard: bool) -> anyhow::Result<ExitCode> {
    let Some(uri) = &settings.mongodb_uri else { return embedded(&settings, dry_run, shard) };
    eprintln!("The database is {}.", database_name(uri.expose_secret())?);
    let mode = if dry_run { MigrateMode::DryRun } else { MigrateMode::Apply };
    let report = mongo::migrate(uri.expose_secret(), mode, &Bar::default()).await?;
    match report.adoption {
        Some(adoption) => print!("{adoption}"),
        None => print_steps(&report.steps, dry_run),
    }
    if let Some(adopted) = report.adopted {
        println!("The database of another application was adopted here at {}. This became of it then:", adopted.at);
        print!("{}", adopted.report);
    }
    if !shard {
        return Ok(ExitCode::SUCCESS);
    }
    let outcomes = mongo::shard(uri.expose_secret(), mode, &Bar::default()).await?;
    print_outcomes(&outcomes);
    let refused = outcomes.iter().any(|sharded| matches!(sharded.outcome, ShardOutcome::Refused(_)));
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn embedded(settings: &Settings, dry_run: bool, shard: bool) -> anyhow::Result<ExitCode> {
    if shard {
        eprintln!("aviary: --shard is for a MongoDB cluster, which MONGODB_URI would name");
        return Ok(ExitCode::from(MISCONFIGURED));
    }
    let folder = &settings.data_dir;
    let steps = if dry_run { sqlite::pending(folder)? } else { sqlite::migrate(folder)? };
    print_steps(&steps, dry_run);
    Ok(ExitCode::SUCCESS)
}

fn print_steps(steps: &[&str], dry_run: bool) {
    match (steps.is_empty(), dry_run) {
        (true, false) => println!("The store is up to date; nothing was applied."),
        (true, true) => println!("The store is up to date; nothing would be applied."),
        (false, _) => {}
    }
    for name in steps {
        println!("{} {name}.", if dry_run { "Would apply" } else { "Applied" });
    }
}

fn print_outcomes(outcomes: &[Sharded]) {
    for Sharded { collection, key, outcome } in outcomes {
        match outcome {
            ShardOutcome::Planned => println!("Would distribute {collection} by {key}."),
            ShardOutcome::Distributed => println!("{collection} is distributed by {key}."),
            ShardOutcome::Otherwise => println!("{collection} was distributed by another key before, and is left so."),
            ShardOutcome::Refused(reason) => println!("{collection} is not distributed by {key}: {reason}"),
        }
    }
}
