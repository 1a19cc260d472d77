//! Medians and spreads of a handful of measurements.

use serde::Serialize;

/// What several rounds of the same measurement come to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Stat {
    /// Half of the rounds were below it.
    pub(crate) median: f64,
    /// A quarter of the rounds were below it.
    pub(crate) low: f64,
    /// A quarter of the rounds were above it.
    pub(crate) high: f64,
}

impl Stat {
    /// The statistic of some rounds; `None` of none, or where one of them is no number.
    pub(crate) fn of(rounds: &[f64]) -> Option<Self> {
        if rounds.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quarter = |n| quarter(&sorted, n);
        Some(Self { median: quarter(2)?, low: quarter(1)?, high: quarter(3)? })
    }

    /// How far the middle half of the rounds reaches, as a part of the median: 0.1 is ten percent. Without a bound where
    /// the median is nothing.
    pub(crate) fn spread(&self) -> f64 {
        if self.median > 0.0 { (self.high - self.low) / self.median } else { f64::INFINITY }
    }
}

/// The value below which `n` quarters of the sorted values lie, between two neighbours in proportion.
fn quarter(sorted: &[f64], n: usize) -> Option<f64> {
    let position = sorted.len().checked_sub(1)?.checked_mul(n)?;
    let (below, rest) = (position / 4, position % 4);
    let first = *sorted.get(below)?;
    let next = sorted.get(below + 1).copied().unwrap_or(first);
    Some(first + (next - first) * f64::from(u32::try_from(rest).ok()?) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(rounds: &[f64]) -> (f64, f64, f64) {
        let stat = Stat::of(rounds).unwrap();
        (stat.low, stat.median, stat.high)
    }

    #[test]
    fn quartiles_are_those_of_the_sorted_rounds() {
        assert_eq!(stat(&[5.0, 1.0, 4.0, 2.0, 3.0]), (2.0, 3.0, 4.0));
        assert_eq!(stat(&[7.0]), (7.0, 7.0, 7.0));
        assert_eq!(stat(&[10.0, 20.0]), (12.5, 15.0, 17.5));
        assert_eq!(stat(&[1.0, 2.0, 3.0, 4.0]), (1.75, 2.5, 3.25));
    }

    #[test]
    fn one_outlier_of_five_does_not_move_the_spread() {
        let stat = Stat::of(&[100.0, 101.0, 99.0, 100.0, 5.0]).unwrap();
        assert!((stat.spread() - 0.01).abs() < 1e-9, "{stat:?}");
        let restless = Stat::of(&[100.0, 150.0, 60.0, 130.0, 70.0]).unwrap();
        assert!((restless.spread() - 0.6).abs() < 1e-9, "{restless:?}");
    }

    #[test]
    fn nothing_and_no_numbers_have_no_statistic() {
        assert_eq!(Stat::of(&[]), None);
        assert_eq!(Stat::of(&[1.0, f64::NAN]), None);
        assert!(Stat::of(&[0.0, 0.0]).unwrap().spread().is_infinite());
    }
}
