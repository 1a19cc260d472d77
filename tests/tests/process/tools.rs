//! What the tests need of the machine: programs, room on the disk, patience.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Says something that the test harness must not swallow: a measurement, or that a test was skipped.
pub(crate) fn announce(text: &str) {
    // `eprintln!` is captured while a test passes; the stream itself is not.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Whether this is the run that must not skip anything.
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Skips a test loudly; in CI it fails instead.
pub(crate) fn skip(test: &str, reason: &str) {
    assert!(!in_ci(), "{test}: {reason}; in CI nothing is skipped");
    announce(&format!("SKIPPED {test}: {reason}"));
}

/// Whether all these programs are here; otherwise the test is skipped.
pub(crate) fn have(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|name| find(&[name]).is_none()).collect();
    if !missing.is_empty() {
        skip(test, &format!("{} not found on the PATH", missing.join(", ")));
    }
    missing.is_empty()
}

/// The first of these programs that is on the PATH.
pub(crate) fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

/// Runs a program to its end and fails with what it said if it failed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{told}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The bytes that are free where this folder lies.
pub(crate) fn free_bytes(folder: &Path) -> u64 {
    let table = run(Command::new("df").arg("-Pk").arg(folder));
    let blocks = table.lines().nth(1).and_then(|line| line.split_whitespace().nth(3));
    blocks.and_then(|text| text.parse::<u64>().ok()).unwrap_or_else(|| panic!("df said: {table}")) * 1024
}

/// Where large and short-lived files of tests go: beside the build, not in a `/tmp` that may be memory.
pub(crate) fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Asks again and again until there is an answer; fails with what was waited for after `limit`.
pub(crate) async fn eventually<T>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
