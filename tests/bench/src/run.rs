//! One run of the bench, from the seeded homes to the report.

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::aviary;
use crate::folder;
use crate::home::{HomeKind, Homes, Subject};
use crate::load::Wrk;
use crate::machine::Machine;
use crate::measure::{self, Stage};
use crate::plan::{Plan, RunOptions};
use crate::progress::Progress;
use crate::report::{Footprint, Report};
use crate::stats::Stat;
use crate::transfer;
use crate::workload::Floor;

/// The code of a bench whose rounds are too far apart.
const REFUSED: u8 = 3;
/// How long a server is left alone before its idle memory is read.
const REST: Duration = Duration::from_secs(2);
/// How often a server is started to see how long that takes.
const STARTS: usize = 5;

/// Measures and reports. Everything that was started ends with it, also when it is interrupted.
pub(crate) async fn run(options: RunOptions) -> anyhow::Result<ExitCode> {
    let plan = Plan::new(options)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let report = tokio::select! {
        report = measure_all(&plan) => report?,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    };
    let (paths, refused) = (report.write(&plan.folder, plan.spread)?, report.refused(plan.spread));
    if !refused.is_empty() {
        eprintln!("The rounds are too far apart to report anything (more than {:.0} %):", plan.spread * 100.0);
        for line in refused {
            eprintln!("  {line}");
        }
        eprintln!("Let nothing else run beside the bench, or give it longer (--rounds, --seconds). {}", paths.noted());
        return Ok(ExitCode::from(REFUSED));
    }
    println!("{}", report.text());
    eprintln!("{}", paths.noted());
    Ok(ExitCode::SUCCESS)
}

async fn measure_all(plan: &Plan) -> anyhow::Result<Report> {
    let wrk = Wrk::new(&plan.folder.join("requests"), plan.seconds).await?;
    aviary::binary()?;
    let mut report = Report::new(Machine::look(plan).await?, plan);
    let progress = Progress::new(steps(plan));
    for kind in &plan.homes {
        let stage = open(plan, &wrk, &progress, *kind).await?;
        report = measure_home(stage, report).await.with_context(|| format!("the {kind} home"))?;
    }
    progress.finish();
    Ok(report)
}

/// How many measurements there are: for each kind of home the floors and the workloads, then the film and the starts.
fn steps(plan: &Plan) -> u64 {
    let floors = if plan.floors { FLOORS.len() } else { 0 };
    let each = (floors + plan.workloads.len()) * plan.rounds + STARTS;
    let film = if plan.transfer { plan.rounds } else { 0 };
    u64::try_from(each * plan.homes.len() + film).unwrap_or(u64::MAX)
}

const FLOORS: [(Floor, &str); 3] =
    [(Floor::Constant, "a constant of 1,000 bytes"), (Floor::Read, "a point read"), (Floor::Write, "a durable insert")];

async fn open<'a>(plan: &'a Plan, wrk: &'a Wrk, progress: &'a Progress, kind: HomeKind) -> anyhow::Result<Stage<'a>> {
    let homes = Homes { folder: plan.folder.clone(), seed: plan.seed, fresh: plan.fresh };
    let site = homes.work();
    folder::remove(&site).with_context(|| format!("cannot remove {}", site.display()))?;
    fs::create_dir_all(&site).with_context(|| format!("cannot make {}", site.display()))?;
    let mut subjects = Vec::new();
    for size in &plan.sizes {
        subjects.push(homes.serve(kind, *size, progress).await.with_context(|| format!("{kind}, {size}"))?);
    }
    progress.say(&format!("{kind}: starting the floors"));
    let mongodb = subjects.first().and_then(Subject::mongodb);
    let floors = crate::floor::FloorProcess::start(&site.join("floor.sqlite3"), mongodb.as_deref()).await?;
    let stage = Stage { plan, wrk, progress, kind, subjects, floors };
    stage.rehearse_floors().await?;
    Ok(stage)
}

async fn measure_home(mut stage: Stage<'_>, mut report: Report) -> anyhow::Result<Report> {
    let (plan, progress, kind) = (stage.plan, stage.progress, stage.kind);
    sleep(REST).await;
    let idle: Vec<_> = stage.subjects.iter().map(|subject| subject.server.resident_mb()).collect();
    for (floor, title) in FLOORS.into_iter().filter(|_| plan.floors) {
        progress.begin(format!("{kind}: floor, {title}"));
        report.floors.extend(measure::floor(&stage, floor, title.to_owned()).await?);
    }
    let mut mixed = false;
    for workload in &plan.workloads {
        progress.begin(format!("{kind}: {}", workload.title));
        report.outcomes.extend(measure::workload(&stage, workload).await?);
        mixed |= workload.name == "mix";
    }
    let busy: Vec<_> = stage.subjects.iter().map(|subject| subject.server.resident_mb().filter(|_| mixed)).collect();
    if plan.transfer && kind == HomeKind::Embedded {
        progress.begin(format!("{kind}: {}", transfer::TITLE));
        report.transfers.extend(transfer::measure(&stage).await?);
    }
    progress.begin(format!("{kind}: starts"));
    let subjects = std::mem::take(&mut stage.subjects);
    for (subject, (idle, busy)) in subjects.into_iter().zip(idle.into_iter().zip(busy)) {
        let size = subject.size;
        let start = starts(subject).await?;
        report.footprints.push(Footprint { home: kind, size, idle_mb: idle, busy_mb: busy, start_seconds: start });
    }
    for _ in 0..STARTS {
        progress.step();
    }
    drop(stage);
    // Gigabytes that nobody needs any more; the seeded homes stay.
    let work = plan.folder.join("work");
    folder::remove(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    Ok(report)
}

/// How long it takes from a start of the server to its first answer, in seconds.
async fn starts(mut subject: Subject) -> anyhow::Result<Stat> {
    let mut seconds = Vec::new();
    for _ in 0..STARTS {
        subject = subject.restart().await?;
        seconds.push(subject.server.start.as_secs_f64());
    }
    subject.close().await?;
    Stat::of(&seconds).context("nothing was started")
}
