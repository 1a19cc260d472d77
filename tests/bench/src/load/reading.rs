//! What one run of wrk tells: the line that the scripts write at its end.

use anyhow::{Context, bail};
use serde::Deserialize;

/// The mark of the line that is ours in the output.
const MARK: &str = "aviary-bench ";

/// What one run came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Milliseconds within which half of the answers came.
    pub(crate) p50: f64,
    /// Milliseconds within which 99 of 100 answers came.
    pub(crate) p99: f64,
}

#[derive(Deserialize)]
struct Line {
    requests: f64,
    micros: f64,
    p50: f64,
    p99: f64,
    refused: u64,
    lost: u64,
}

/// Reads the output of a run. Fails on one in which an answer was an error or did not come. Where none came until the end,
/// because the disk stood still, that is what was measured: no rate, and at least that long a wait.
pub(crate) fn parse(output: &str) -> anyhow::Result<Reading> {
    let line = output.lines().find_map(|line| line.strip_prefix(MARK)).context("wrk ended without its report")?;
    let line: Line = serde_json::from_str(line).context("the report of wrk cannot be read")?;
    if line.refused > 0 || line.lost > 0 {
        let Line { requests, refused, lost, .. } = line;
        bail!("of {requests} answers {refused} were errors, and {lost} requests got none");
    }
    if line.micros < 1.0 {
        bail!("wrk sent for no time at all");
    }
    if line.requests < 1.0 {
        return Ok(Reading { rate: 0.0, p50: line.micros / 1e3, p99: line.micros / 1e3 });
    }
    Ok(Reading { rate: line.requests * 1e6 / line.micros, p50: line.p50 / 1e3, p99: line.p99 / 1e3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "Running 1s test @ http://127.0.0.1:1/\n  2 threads and 32 connections\n  Thread Stats   Avg\n\
        aviary-bench {\"requests\":20500,\"micros\":1025000,\"bytes\":99,\"p50\":1500,\"p99\":6250,\"refused\":0,\"lost\":0}\n";

    #[test]
    fn the_line_of_the_script_is_read() {
        assert_eq!(parse(OUTPUT).unwrap(), Reading { rate: 20_000.0, p50: 1.5, p99: 6.25 });
    }

    #[test]
    fn errors_fail_the_measurement() {
        let refused = parse(&OUTPUT.replace("\"refused\":0", "\"refused\":3")).unwrap_err().to_string();
        assert!(refused.contains("3 were errors"), "{refused}");
        let lost = parse(&OUTPUT.replace("\"lost\":0", "\"lost\":2")).unwrap_err().to_string();
        assert!(lost.contains("2 requests got none"), "{lost}");
    }

    #[test]
    fn a_round_in_which_nothing_came_is_measured_as_such() {
        let still = parse(&OUTPUT.replace("20500", "0")).unwrap();
        assert_eq!(still, Reading { rate: 0.0, p50: 1_025.0, p99: 1_025.0 });
    }

    #[test]
    fn other_output_is_no_measurement() {
        assert!(parse("Running 1s test\n").unwrap_err().to_string().contains("without its report"));
        assert!(parse("aviary-bench {\"requests\":").is_err());
        assert!(parse(&OUTPUT.replace("1025000", "0")).is_err());
    }
}
