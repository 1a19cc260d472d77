//! What was measured, as a table.

use std::time::Duration;

use super::stage::{Memory, WAYS, Way};

/// The middle and both ends of some measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// Of at least one number.
    fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        let middle = numbers.len() / 2;
        let median = if numbers.len().is_multiple_of(2) {
            f64::midpoint(numbers[middle - 1], numbers[middle])
        } else {
            numbers[middle]
        };
        Self { median, least: numbers[0], most: numbers[numbers.len() - 1] }
    }
}

/// The table: `rounds` has the times of all ways, round by round.
pub(crate) fn told(bytes: u64, rounds: &[Vec<Duration>], memory: &[Memory]) -> String {
    let seconds: Vec<Vec<f64>> = rounds.iter().map(|round| round.iter().map(Duration::as_secs_f64).collect()).collect();
    let [a, b, c] = [0, 1, 2].map(|way| seconds.iter().map(move |round| round[way]));
    let mut lines = vec![format!("\n{bytes} bytes, {} rounds, each way in turn{}", rounds.len(), build())];
    lines.push(format!("{:<24}{:>10}{:>18}{:>8}   memory of the server", "", "median", "spread", "MB/s"));
    for (way, times) in WAYS.into_iter().zip([a.clone(), b.clone(), c.clone()]) {
        let Spread { median, least, most } = Spread::of(times);
        let spread = format!("{least:.2} … {most:.2} s");
        let rate = megabytes(bytes) / median;
        let line = format!("{:<24}{median:>8.2} s{spread:>18}{rate:>8.0}   {}", way.name(), needed(way, memory));
        lines.push(line.trim_end().to_owned());
    }
    lines.push("In each round:".to_owned());
    let sums = a.clone().zip(b.clone()).map(|(a, b)| a + b).collect::<Vec<_>>();
    for (what, ratios) in [
        ("B against A", ratios(b.clone(), a.clone())),
        ("C against A", ratios(c.clone(), a)),
        ("C against B", ratios(c.clone(), b)),
        ("C against A + B", ratios(c, sums)),
    ] {
        let Spread { median, least, most } = Spread::of(ratios);
        lines.push(
            format!("{what:<24}{median:>8.2}  {:>18}", format!("{least:.2} … {most:.2}  ")).trim_end().to_owned(),
        );
    }
    lines.join("\n")
}

fn build() -> &'static str {
    if cfg!(debug_assertions) { " (a debug build: times mean nothing)" } else { "" }
}

/// Decimal, as rates are told.
fn megabytes(bytes: u64) -> f64 {
    Duration::from_micros(bytes).as_secs_f64()
}

fn ratios(these: impl IntoIterator<Item = f64>, those: impl IntoIterator<Item = f64>) -> Vec<f64> {
    these.into_iter().zip(those).map(|(this, that)| this / that).collect()
}

fn needed(way: Way, memory: &[Memory]) -> String {
    let found = memory.iter().find(|memory| memory.way == way).and_then(|memory| memory.before.zip(memory.peak));
    found.map_or_else(String::new, |(before, peak)| format!("{} MiB at most, {} before", peak >> 10, before >> 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_what_was_measured() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { median: 2.0, least: 1.0, most: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 8.0]), Spread { median: 3.0, least: 1.0, most: 8.0 });
        assert_eq!(Spread::of([5.0]), Spread { median: 5.0, least: 5.0, most: 5.0 });
    }

    #[test]
    fn ratios_are_those_of_each_round() {
        let round = |a, b, c| [a, b, c].map(Duration::from_secs).to_vec();
        // The machine was slow in the second round: that is no spread of the ratios.
        let rounds = [round(1, 2, 3), round(10, 20, 30)];
        let memory = [Memory { way: Way::Through, before: Some(20 << 10), peak: Some(31 << 10) }];
        let told = told(2_000_000_000, &rounds, &memory);
        let line = |start: &str| {
            let line = told.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start} in {told}"));
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("C against B"), "C against B 1.50 1.50 … 1.50");
        assert_eq!(line("C against A + B"), "C against A + B 1.00 1.00 … 1.00");
        assert_eq!(line("A "), "A the fake alone 5.50 s 1.00 … 10.00 s 364");
        assert_eq!(line("C Aviary"), "C Aviary, to the fake 16.50 s 3.00 … 30.00 s 121 31 MiB at most, 20 before");
    }
}
