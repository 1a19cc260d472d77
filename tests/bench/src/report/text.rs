//! The report as text.

use super::Report;
use crate::claim::{Claim, Side, tail_limit};
use crate::measure::{FloorOutcome, Outcome};
use crate::table::{markdown, number};

/// What stands where there is nothing.
const NOTHING: &str = "–";

pub(super) fn of(report: &Report) -> String {
    let mut parts = vec![format!("{}\n", report.machine.sentence())];
    if !report.floors.is_empty() {
        let head = ["floor", "home", "answers/s", "spread", "p50 ms", "p99 ms"];
        parts.push(markdown(&head, &report.floors.iter().map(floor).collect::<Vec<_>>(), 2));
    }
    if !report.outcomes.is_empty() {
        let head =
            ["workload", "home", "size", "answers/s", "floor", "ratio", "aim", "spread", "p50 ms", "p99 ms", "p99/p50"];
        parts.push(markdown(&head, &report.outcomes.iter().map(workload).collect::<Vec<_>>(), 3));
    }
    let claims = report.claims();
    if !claims.is_empty() {
        let head = ["what", "home", "measured", "aim"];
        parts.push(markdown(&head, &claims.iter().map(claim).collect::<Vec<_>>(), 2));
    }
    let missed = claims.iter().filter(|claim| !claim.met).count() + report.outcomes.iter().map(missed).sum::<usize>();
    parts.push(match missed {
        0 => "Every aim is reached.\n".to_owned(),
        missed => format!("{missed} aims are not reached: marked with !\n"),
    });
    parts.push(format!(
        "Medians of {} rounds or more of {} s each; every round beside one of its floor. The spread is that of the middle \
         half of the rounds. Homes that have no page 1,000 are asked for their last full one.\n",
        report.rounds, report.seconds
    ));
    parts.join("\n")
}

fn floor(outcome: &FloorOutcome) -> Vec<String> {
    let FloorOutcome { home, title, rate, p50, p99 } = outcome;
    let (p50, p99) = (milliseconds(p50.median), milliseconds(p99.median));
    vec![title.clone(), home.to_string(), number(rate.median), percent(rate.spread()), p50, p99]
}

fn workload(outcome: &Outcome) -> Vec<String> {
    let (reached, tail) = (ratio_reached(outcome), tail_kept(outcome));
    let ratio = outcome.ratio.map(|ratio| marked(format!("{:.2}", ratio.median), reached));
    vec![
        outcome.title.to_owned(),
        outcome.home.to_string(),
        outcome.size.to_string(),
        number(outcome.rate.median),
        outcome.floor.map_or_else(|| NOTHING.to_owned(), |floor| number(floor.median)),
        ratio.unwrap_or_else(|| NOTHING.to_owned()),
        outcome.aim.map_or_else(|| NOTHING.to_owned(), |aim| format!("≥ {aim:.2}")),
        percent(outcome.spread()),
        milliseconds(outcome.p50.median),
        milliseconds(outcome.p99.median),
        marked(format!("{:.1}", outcome.tail.median), tail),
    ]
}

fn claim(claim: &Claim) -> Vec<String> {
    let Claim { home, what, value, unit, side, limit, met } = claim;
    let sign = match side {
        Side::AtLeast => "≥",
        Side::AtMost => "≤",
    };
    let in_unit = |text: String| if unit.is_empty() { text } else { format!("{text} {unit}") };
    let shown = |value: &f64| in_unit(if *unit == "MB" { format!("{value:.0}") } else { format!("{value:.2}") });
    vec![what.clone(), home.to_string(), marked(shown(value), *met), format!("{sign} {}", shown(limit))]
}

fn ratio_reached(outcome: &Outcome) -> bool {
    outcome.aim.zip(outcome.ratio).is_none_or(|(aim, ratio)| ratio.median >= aim)
}

/// The tail is bounded at the usual number of clients alone, and not where passwords queue for the cores.
fn tail_kept(outcome: &Outcome) -> bool {
    outcome.clients != 32 || outcome.floor.is_none() || outcome.tail.median <= tail_limit(outcome.home)
}

fn missed(outcome: &Outcome) -> usize {
    usize::from(!ratio_reached(outcome)) + usize::from(!tail_kept(outcome))
}

fn marked(text: String, kept: bool) -> String {
    if kept { text } else { format!("! {text}") }
}

fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

fn milliseconds(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::small;

    #[test]
    fn each_workload_stands_beside_its_floor_and_aim() {
        let text = of(&small());
        let row = text.lines().find(|line| line.contains("| large |")).unwrap();
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let expected = ["", "video, guest", "embedded", "large", "10,000", "20,000", "! 0.50", "≥ 0.60", "0 %"];
        assert_eq!(cells[..9], expected, "{row}");
        assert_eq!(cells[9..12], ["1.10", "5.50", "5.0"]);
        assert!(text.contains("| video, guest: p50, large against small | embedded |     1.10 | ≤ 1.30 |"), "{text}");
        assert!(text.contains("2 aims are not reached"), "{text}");
    }

    #[test]
    fn tails_are_bounded_at_32_clients() {
        let mut outcome = small().outcomes.remove(0);
        outcome.tail.median = 6.1;
        assert!(!tail_kept(&outcome));
        outcome.clients = 64;
        assert!(tail_kept(&outcome));
    }
}
