//! The report: as tables, as JSON, as a chart.

mod text;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use crate::chart;
use crate::claim::{self, Claim};
use crate::home::{HomeKind, Size};
use crate::machine::Machine;
use crate::measure::{FloorOutcome, Outcome};
use crate::plan::Plan;
use crate::stats::Stat;
use crate::transfer::TransferOutcome;

/// What a server takes apart from time.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Footprint {
    /// Which home.
    pub(crate) home: HomeKind,
    /// Its size.
    pub(crate) size: Size,
    /// Resident memory before the first load, in MB, where the system tells it.
    pub(crate) idle_mb: Option<f64>,
    /// The same after the mix, where that was measured.
    pub(crate) busy_mb: Option<f64>,
    /// Seconds from the start to the first answer, over a warm disk.
    pub(crate) start_seconds: Stat,
}

/// Everything that was measured.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    machine: Machine,
    rounds: usize,
    seconds: u64,
    seed: u64,
    /// The floors by themselves.
    pub(crate) floors: Vec<FloorOutcome>,
    /// The workloads.
    pub(crate) outcomes: Vec<Outcome>,
    /// Large files.
    pub(crate) transfers: Vec<TransferOutcome>,
    /// Memory and starts.
    pub(crate) footprints: Vec<Footprint>,
}

/// The files of a report.
pub(crate) struct Paths(Vec<PathBuf>);

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    report: &'a Report,
    claims: Vec<Claim>,
}

impl Report {
    /// Nothing is measured yet.
    pub(crate) fn new(machine: Machine, plan: &Plan) -> Self {
        let (floors, outcomes, transfers, footprints) = (vec![], vec![], vec![], vec![]);
        let Plan { rounds, seconds, seed, .. } = *plan;
        Self { machine, rounds, seconds, seed, floors, outcomes, transfers, footprints }
    }

    /// What is too far apart to be reported, each with how far.
    pub(crate) fn refused(&self, limit: f64) -> Vec<String> {
        let workloads = self.outcomes.iter().filter(|outcome| !outcome.agrees(limit)).map(|outcome| {
            let Outcome { home, size, workload, rounds, .. } = outcome;
            format!("{workload} ({home}, {size}): {:.0} % over {rounds} rounds", outcome.spread() * 100.0)
        });
        workloads.collect()
    }

    /// For people, and for documents.
    pub(crate) fn text(&self) -> String {
        text::of(self)
    }

    /// Writes `report.json`, and beside it the tables and the chart; of what is refused, only `refused.json`.
    pub(crate) fn write(&self, folder: &Path, limit: f64) -> anyhow::Result<Paths> {
        let json = serde_json::to_string_pretty(&Whole { report: self, claims: self.claims() })?;
        let files = if self.refused(limit).is_empty() {
            let chart = chart::draw(&self.outcomes, &self.machine.sentence());
            vec![("report.json", json), ("report.md", self.text()), ("report.svg", chart)]
        } else {
            vec![("refused.json", json)]
        };
        let mut paths = Vec::new();
        for (name, text) in files {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            paths.push(path);
        }
        Ok(Paths(paths))
    }

    /// Everything that has a limit beside the ratios and tails, which stand with their workloads.
    fn claims(&self) -> Vec<Claim> {
        let mut claims = claim::sizes(&self.outcomes);
        claims.extend(claim::depth(&self.outcomes));
        claims.extend(claim::transfers(&self.transfers));
        claims.extend(claim::footprints(&self.footprints));
        claims.sort_by_key(|claim| claim.home);
        claims
    }
}

impl Paths {
    /// Where it is noted.
    pub(crate) fn noted(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|path| path.display().to_string()).collect();
        format!("Noted in {}.", names.join(", "))
    }
}

/// An outcome of an embedded home, for tests: half of a floor of 20,000 answers a second.
#[cfg(test)]
pub(crate) fn sample(workload: &str, size: Size, p50: f64) -> Outcome {
    use crate::load::Reading;
    let workload = crate::workload::named(workload).unwrap();
    let home = [Reading { rate: 10_000.0, p50, p99: p50 * 5.0 }; 5];
    let floor = [Reading { rate: 20_000.0, p50: 1.0, p99: 2.0 }; 5];
    Outcome::of(HomeKind::Embedded, size, &workload, 1_000, &home, &floor).unwrap()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small report.
    pub(crate) fn small() -> Report {
        let machine = Machine {
            at: "2026-11-23T00:00:00.000Z".to_owned(),
            processor: "Some CPU, 2 cores".to_owned(),
            memory_gb: Some(24.0),
            system: "Linux 6".to_owned(),
            disk: "ext4".to_owned(),
            programs: vec!["aviary 0.1.0".to_owned()],
        };
        let outcomes = vec![sample("detail", Size::Small, 1.0), sample("detail", Size::Large, 1.1)];
        let (floors, transfers, footprints) = (vec![], vec![], vec![]);
        Report { machine, rounds: 5, seconds: 1, seed: 1, floors, outcomes, transfers, footprints }
    }

    #[test]
    fn a_sound_report_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let paths = small().write(folder.path(), 0.25).unwrap();
        assert_eq!(paths.0.len(), 3);
        let json: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
        assert_eq!(json["outcomes"][0]["ratio"]["median"], 0.5);
        assert_eq!(json["claims"][0]["met"], true);
        assert!(fs::read_to_string(folder.path().join("report.svg")).unwrap().starts_with("<svg"));
    }

    #[test]
    fn what_is_too_far_apart_is_named_and_not_reported() {
        let folder = tempfile::tempdir().unwrap();
        let mut report = small();
        report.outcomes[1].ratio = Stat::of(&[0.1, 0.3, 0.5, 0.7, 0.9]);
        let refused = report.refused(0.25);
        assert_eq!(refused, ["detail (embedded, large): 80 % over 5 rounds"]);
        report.write(folder.path(), 0.25).unwrap();
        assert!(folder.path().join("refused.json").exists() && !folder.path().join("report.json").exists());
    }
}
