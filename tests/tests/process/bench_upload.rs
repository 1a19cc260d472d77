//! The measurement of uploads runs to its end, and leaves nothing behind, also when it is stopped half-way.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::tools::{eventually, have, run, scratch};

/// Long enough for a loaded machine with two cores.
const PATIENCE: Duration = Duration::from_secs(120);

fn bench(folder: &Path, mebibytes: u32) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench_upload"));
    let size = mebibytes.to_string();
    command.args(["--rounds", "2", "--mebibytes", &size, "--folder"]).arg(folder).stdin(Stdio::null());
    command
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

/// The numbers of the table's line that begins so.
#[track_caller]
fn numbers(table: &str, start: &str) -> Vec<f64> {
    let line = table.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_else(|| panic!("{start} in {table}"));
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_measured_each_way_and_nothing_is_left() {
    if !have("bench_upload", &["ffmpeg", "ffprobe", "df"]) {
        return;
    }
    let folder = tempfile::tempdir_in(scratch()).unwrap();
    // More than two parts.
    let table = run(&mut bench(folder.path(), 45));
    assert!(table.contains("47185920 bytes, 2 rounds"), "{table}");
    for way in ["A the fake alone", "B Aviary, local disk", "C Aviary, to the fake"] {
        let found = numbers(&table, way);
        assert!(found.len() >= 4 && found.iter().all(|number| *number > 0.0), "{way}: {found:?}");
        assert!(found[1] <= found[0] && found[0] <= found[2], "{way}: {found:?}");
    }
    for ratios in ["B against A ", "C against A ", "C against B", "C against A + B"] {
        assert_eq!(numbers(&table, ratios).len(), 3, "{table}");
    }
    let memory: Vec<_> = table.lines().filter(|line| line.contains(" MiB at most")).collect();
    assert_eq!(memory.len(), if Path::new("/proc/self/status").exists() { 2 } else { 0 }, "{table}");
    assert!(is_empty(folder.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measurement_that_is_stopped_takes_its_servers_and_files_along() {
    if !have("bench_upload", &["ffmpeg", "ffprobe", "df", "kill"]) {
        return;
    }
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir_in(scratch()).unwrap();
        let mut running = bench(folder.path(), 2000).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let ports = eventually("a large film is on its way", PATIENCE, async || {
            assert!(running.try_wait().unwrap().is_none(), "it was over before it was stopped");
            under_way(folder.path())
        })
        .await;
        run(Command::new("kill").arg(signal).arg(running.id().to_string()));
        let status = eventually("it stops", PATIENCE, async || running.try_wait().unwrap()).await;
        assert_eq!(status.code(), Some(1));
        assert!(is_empty(folder.path()), "files are left");
        for port in ports {
            assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "a server is left on {port}");
        }
    }
}

/// The ports of both servers, once the film that is measured is there: the last thing to be made.
fn under_way(folder: &Path) -> Option<Vec<u16>> {
    let inner = std::fs::read_dir(folder).unwrap().next()?.unwrap().path();
    let film = std::fs::metadata(inner.join("film.mp4")).ok()?;
    let logs = ["local.log", "through.log"].map(|log| std::fs::read_to_string(inner.join(log)).unwrap_or_default());
    let port = |said: &String| {
        let (_, rest) = said.split_once("http://localhost:")?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let ports: Vec<u16> = logs.iter().filter_map(port).collect();
    (film.len() == 2000 << 20 && ports.len() == 2).then_some(ports)
}
