//! What is aimed at beside the ratios to a floor, and whether it is reached.

use serde::Serialize;

use crate::home::{HomeKind, Size};
use crate::measure::Outcome;
use crate::report::Footprint;
use crate::transfer::TransferOutcome;

/// How many times longer a page may take in a large home than in a small one.
const LARGE: f64 = 1.3;
/// How many times longer a page far from the beginning may take than the first one.
const DEEP: f64 = 1.2;
/// The most resident memory, in MB: idle, and after the mix in a large home.
const IDLE_MB: f64 = 40.0;
const BUSY_MB: f64 = 150.0;

/// Which side of a limit is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Side {
    /// The limit or more.
    AtLeast,
    /// The limit or less.
    AtMost,
}

/// A number with its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Claim {
    /// In which home.
    pub(crate) home: HomeKind,
    /// What is compared.
    pub(crate) what: String,
    /// The number.
    pub(crate) value: f64,
    /// Its unit; empty for a ratio.
    pub(crate) unit: &'static str,
    /// Which side is good.
    pub(crate) side: Side,
    /// The limit.
    pub(crate) limit: f64,
    /// Whether it is kept.
    pub(crate) met: bool,
}

impl Claim {
    fn new(home: HomeKind, what: String, value: f64, side: Side, limit: f64) -> Self {
        let met = match side {
            Side::AtLeast => value >= limit,
            Side::AtMost => value <= limit,
        };
        Self { home, what, value, unit: "", side, limit, met }
    }

    fn in_unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }
}

/// The most that the 99th of a hundred answers may take, against the 50th.
pub(crate) fn tail_limit(home: HomeKind) -> f64 {
    match home {
        HomeKind::Embedded => 6.0,
        HomeKind::MongoDb => 8.0,
    }
}

/// How many seconds may pass from the start to the first answer.
fn start_limit(home: HomeKind) -> f64 {
    match home {
        HomeKind::Embedded => 0.3,
        HomeKind::MongoDb => 1.0,
    }
}

/// Large homes against small ones, for each workload that only reads.
pub(crate) fn sizes(outcomes: &[Outcome]) -> Vec<Claim> {
    let large = outcomes.iter().filter(|outcome| outcome.reads && outcome.size == Size::Large);
    let claim = |large: &Outcome| {
        let small = find(outcomes, large.home, Size::Small, large.workload)?;
        let what = format!("{}: p50, large against small", large.title);
        Some(Claim::new(large.home, what, large.p50.median / small.p50.median, Side::AtMost, LARGE))
    };
    large.filter_map(claim).collect()
}

/// Pages far from the beginning against the first.
pub(crate) fn depth(outcomes: &[Outcome]) -> Vec<Claim> {
    let deep = outcomes.iter().filter(|outcome| outcome.workload == "list-cursor");
    let claim = |deep: &Outcome| {
        let first = find(outcomes, deep.home, deep.size, "list")?;
        let what = format!("{}, {}: p50 against page 1", deep.title, deep.size);
        Some(Claim::new(deep.home, what, deep.p50.median / first.p50.median, Side::AtMost, DEEP))
    };
    deep.filter_map(claim).collect()
}

/// A large file against a plain copy.
pub(crate) fn transfers(outcomes: &[TransferOutcome]) -> Vec<Claim> {
    let claim = |outcome: &TransferOutcome| {
        let TransferOutcome { direction, rate, copy, ratio, aim, home, .. } = outcome;
        let what = format!("{direction} of 200 MB ({:.0} MB/s) against a copy ({:.0} MB/s)", rate.median, copy.median);
        Claim::new(*home, what, ratio.median, Side::AtLeast, *aim)
    };
    outcomes.iter().map(claim).collect()
}

/// Memory and starts.
pub(crate) fn footprints(footprints: &[Footprint]) -> Vec<Claim> {
    let claims = |footprint: &Footprint| {
        let Footprint { home, size, idle_mb, busy_mb, start_seconds } = *footprint;
        let claim = |what: &str, value, limit| Claim::new(home, format!("{what}, {size}"), value, Side::AtMost, limit);
        let idle = idle_mb.map(|mb| claim("resident memory, idle", mb, IDLE_MB).in_unit("MB"));
        let busy = busy_mb.map(|mb| claim("resident memory after the mix", mb, BUSY_MB).in_unit("MB"));
        let start = claim("start to first answer", start_seconds.median, start_limit(home)).in_unit("s");
        [idle, busy, Some(start)].into_iter().flatten()
    };
    footprints.iter().flat_map(claims).collect()
}

fn find<'a>(outcomes: &'a [Outcome], home: HomeKind, size: Size, workload: &str) -> Option<&'a Outcome> {
    outcomes.iter().find(|outcome| outcome.home == home && outcome.size == size && outcome.workload == workload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::stats::Stat;

    #[test]
    fn large_homes_are_compared_with_small_ones_of_the_same_kind() {
        let mut outcomes = vec![sample("detail", Size::Small, 2.0), sample("detail", Size::Large, 3.0)];
        outcomes.push(sample("like", Size::Large, 9.0));
        let mut other = sample("list", Size::Large, 9.0);
        other.home = HomeKind::MongoDb;
        outcomes.push(other);
        let claims = sizes(&outcomes);
        assert_eq!(claims.len(), 1, "{claims:?}");
        assert_eq!((claims[0].value, claims[0].met), (1.5, false));
    }

    #[test]
    fn deep_pages_are_compared_with_the_first_of_the_same_home() {
        let outcomes = [sample("list", Size::Small, 4.0), sample("list-cursor", Size::Small, 4.8)];
        let claims = depth(&outcomes);
        assert_eq!(claims.len(), 1);
        assert!((claims[0].value - 1.2).abs() < 1e-9 && claims[0].what.contains("small"), "{claims:?}");
        assert!(depth(&[sample("list-cursor", Size::Small, 1.0)]).is_empty());
    }

    #[test]
    fn memory_and_starts_have_limits_by_home() {
        let start_seconds = Stat::of(&[0.5]).unwrap();
        let footprint = |home| Footprint { home, size: Size::Large, idle_mb: Some(39.0), busy_mb: None, start_seconds };
        let claims = footprints(&[footprint(HomeKind::Embedded), footprint(HomeKind::MongoDb)]);
        let met: Vec<_> = claims.iter().map(|claim| (claim.unit, claim.met)).collect();
        assert_eq!(met, [("MB", true), ("s", false), ("MB", true), ("s", true)]);
    }
}
