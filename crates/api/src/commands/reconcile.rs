//! `aviary reconcile`: recomputes every stored count from the facts, and repairs what differs.

use std::process::ExitCode;

use aviary_domain::maintenance::{DriftReport, Reconcile};

use crate::config::Settings;
use crate::server::Home;
use crate::telemetry;

/// Reports what differs; with `repair` sets it right and looks again. Fails while something differs.
pub(super) async fn run(settings: Settings, repair: bool) -> anyhow::Result<ExitCode> {
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
