//! What came of measuring a workload: medians over the rounds, and how far they agree.

use serde::Serialize;

use crate::home::{HomeKind, Size};
use crate::load::Reading;
use crate::stats::Stat;
use crate::workload::{Work, Workload};

/// A workload in one home.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// Which home.
    pub(crate) home: HomeKind,
    /// Its size.
    pub(crate) size: Size,
    /// The workload.
    pub(crate) workload: &'static str,
    /// What it is, for people.
    pub(crate) title: &'static str,
    /// Whether it only reads.
    pub(crate) reads: bool,
    /// How many clients there were at once.
    pub(crate) clients: usize,
    /// How many bytes an answer had.
    pub(crate) answer_bytes: usize,
    /// How many rounds there were.
    pub(crate) rounds: usize,
    /// Answers a second.
    pub(crate) rate: Stat,
    /// Answers a second of the floor.
    pub(crate) floor: Option<Stat>,
    /// The part of the floor that was reached, round by round.
    pub(crate) ratio: Option<Stat>,
    /// The part that was aimed at.
    pub(crate) aim: Option<f64>,
    /// Milliseconds within which half of the answers came.
    pub(crate) p50: Stat,
    /// Milliseconds within which 99 of 100 answers came.
    pub(crate) p99: Stat,
    /// The 99th of a hundred answers against the 50th, round by round.
    pub(crate) tail: Stat,
}

impl Outcome {
    /// What these rounds come to, each beside that of the floor; `None` of no rounds.
    pub(crate) fn of(
        home: HomeKind,
        size: Size,
        workload: &Workload,
        answer_bytes: usize,
        readings: &[Reading],
        floors: &[Reading],
    ) -> Option<Self> {
        let stat = |value: fn(&Reading) -> f64| Stat::of(&readings.iter().map(value).collect::<Vec<_>>());
        let ratios: Vec<f64> = readings.iter().zip(floors).map(|(home, floor)| home.rate / floor.rate).collect();
        Some(Self {
            home,
            size,
            workload: workload.name,
            title: workload.title,
            reads: workload.work == Work::Read,
            clients: workload.clients,
            answer_bytes,
            rounds: readings.len(),
            rate: stat(|reading| reading.rate)?,
            floor: Stat::of(&floors.iter().map(|reading| reading.rate).collect::<Vec<_>>()),
            ratio: Stat::of(&ratios),
            aim: workload.aim.at(home),
            p50: stat(|reading| reading.p50)?,
            p99: stat(|reading| reading.p99)?,
            tail: stat(|reading| reading.p99 / reading.p50)?,
        })
    }

    /// How far the rounds are apart: those of the ratio, which is what is reported, where there is one.
    pub(crate) fn spread(&self) -> f64 {
        self.ratio.unwrap_or(self.rate).spread()
    }

    /// Whether the rounds are close enough to each other.
    pub(crate) fn agrees(&self, limit: f64) -> bool {
        self.spread() <= limit
    }
}

/// A floor by itself.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FloorOutcome {
    /// In whose turn it was measured.
    pub(crate) home: HomeKind,
    /// What it is.
    pub(crate) title: String,
    /// Answers a second.
    pub(crate) rate: Stat,
    /// Milliseconds within which half of the answers came.
    pub(crate) p50: Stat,
    /// Milliseconds within which 99 of 100 answers came.
    pub(crate) p99: Stat,
}

impl FloorOutcome {
    /// What these rounds come to; `None` of no rounds.
    pub(crate) fn of(home: HomeKind, title: String, readings: &[Reading]) -> Option<Self> {
        let stat = |value: fn(&Reading) -> f64| Stat::of(&readings.iter().map(value).collect::<Vec<_>>());
        Some(Self { home, title, rate: stat(|r| r.rate)?, p50: stat(|r| r.p50)?, p99: stat(|r| r.p99)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload;

    fn readings(rates: &[f64]) -> Vec<Reading> {
        rates.iter().map(|rate| Reading { rate: *rate, p50: 2.0, p99: 8.0 }).collect()
    }

    #[test]
    fn ratios_are_taken_round_by_round_so_that_a_slow_minute_does_not_count() {
        let detail = workload::named("detail").unwrap();
        // The machine gets slower, for both.
        let (home, floor) = (readings(&[50.0, 40.0, 30.0, 20.0, 10.0]), readings(&[100.0, 80.0, 60.0, 40.0, 20.0]));
        let outcome = Outcome::of(HomeKind::MongoDb, Size::Small, &detail, 1000, &home, &floor).unwrap();
        assert!((outcome.ratio.unwrap().median - 0.5).abs() < 1e-9);
        assert_eq!((outcome.rate.median, outcome.tail.median, outcome.rounds), (30.0, 4.0, 5));
        assert_eq!(outcome.aim, Some(0.5));
        assert!(outcome.agrees(0.01));
    }

    #[test]
    fn without_a_floor_the_rates_have_to_agree() {
        let login = workload::named("login").unwrap();
        let outcome =
            |rates: &[f64]| Outcome::of(HomeKind::Embedded, Size::Large, &login, 0, &readings(rates), &[]).unwrap();
        assert!(outcome(&[30.0, 31.0, 30.0, 31.0, 30.0]).agrees(0.1));
        assert!(!outcome(&[30.0, 61.0, 10.0, 41.0, 20.0]).agrees(0.1));
        assert!(outcome(&[30.0]).ratio.is_none());
    }
}
