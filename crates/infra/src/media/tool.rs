//! Runs ffprobe and ffmpeg as strangers: no shell, no input, no environment, an empty folder, limits on time and
//! memory, nothing written to disk, and the whole process group killed when nobody waits for it any more.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use aviary_domain::media::MediaError;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// The most that is kept of what a tool says on its error channel.
const MOST_COMPLAINTS: usize = 8 * 1024;

/// Limits of a tool: address space in bytes (frames of 8K video fit), processor seconds, no files written (it answers
/// through a pipe), no core dumps, few open files.
const LIMITS: [&str; 6] = ["--as=4294967296", "--cpu=20", "--fsize=0", "--core=0", "--nofile=64", "--"];

/// How long a tool may run, waiting included.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the tools are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// Reads facts.
    pub ffprobe: PathBuf,
    /// Takes stills.
    pub ffmpeg: PathBuf,
    /// Sets the limits of the others (util-linux); without it, time alone is limited.
    pub prlimit: Option<PathBuf>,
}

impl Tools {
    /// Looks along `PATH`; `None` unless both ffprobe and ffmpeg are there.
    pub fn discover() -> Option<Self> {
        let path = env::var_os("PATH")?;
        let find = |name: &str| env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file));
        Some(Self { ffprobe: find("ffprobe")?, ffmpeg: find("ffmpeg")?, prlimit: find("prlimit") })
    }
}

fn is_program(path: &Path) -> bool {
    path.is_absolute() && fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// What a tool answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// Whether it ended well and said no more than it was allowed.
    pub(super) success: bool,
    pub(super) output: Vec<u8>,
    pub(super) complaints: String,
}

/// Runs a program to its end and keeps at most `limit` bytes of its output. Dropped before, it kills the program.
pub(super) async fn run(
    prlimit: Option<&Path>,
    program: &Path,
    arguments: Vec<OsString>,
    folder: &Path,
    limit: usize,
) -> Result<Answer, MediaError> {
    let child = command(prlimit, program, arguments, folder).spawn().map_err(unavailable)?;
    match tokio::time::timeout(PATIENCE, attend(child, limit)).await {
        Ok(answer) => answer.map_err(unavailable),
        Err(elapsed) => Err(MediaError::Unavailable(elapsed.into())),
    }
}

fn command(prlimit: Option<&Path>, program: &Path, arguments: Vec<OsString>, folder: &Path) -> Command {
    let mut command = match prlimit {
        Some(prlimit) => {
            let mut command = Command::new(prlimit);
            command.args(LIMITS).arg(program);
            command
        }
        None => Command::new(program),
    };
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command
}

async fn attend(mut child: Child, limit: usize) -> io::Result<Answer> {
    let group = Group::of(&child);
    let (output, complaints) = (child.stdout.take(), child.stderr.take());
    let (output, complaints, status) =
        tokio::try_join!(collect(output, limit), collect(complaints, MOST_COMPLAINTS), child.wait())?;
    group.has_ended();
    let complaints = String::from_utf8_lossy(&complaints.kept).into_owned();
    let success = status.success() && !output.cut;
    if !success {
        tracing::debug!(%status, complaints, "a media tool refused a file");
    }
    Ok(Answer { success, output: output.kept, complaints })
}

/// The process group of a tool, killed when this is dropped while the tool runs.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// The tool was waited for: its number may be another's by now.
    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It may have ended in this very moment; then there is nobody to kill.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

struct Collected {
    kept: Vec<u8>,
    cut: bool,
}

/// Reads a pipe to its end, so that the writer is never stopped, and keeps the beginning.
async fn collect(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> io::Result<Collected> {
    let mut collected = Collected { kept: Vec::new(), cut: false };
    let Some(mut pipe) = pipe else { return Ok(collected) };
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let count = pipe.read(&mut chunk).await?;
        if count == 0 {
            return Ok(collected);
        }
        let room = limit.saturating_sub(collected.kept.len());
        collected.cut |= count > room;
        collected.kept.extend(chunk.iter().take(count.min(room)));
    }
}

/// Neither a missing program nor a lack of processes is the uploader's fault.
fn unavailable(cause: io::Error) -> MediaError {
    MediaError::Unavailable(cause.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{Tools, run};

    async fn shell(script: &str, limit: usize) -> super::Answer {
        let arguments = vec!["-c".into(), script.into()];
        run(None, Path::new("/bin/sh"), arguments, Path::new("/"), limit).await.unwrap()
    }

    /// How many processes have this word in their command line.
    fn running(word: &str) -> usize {
        let lines = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
        lines.filter(|line| String::from_utf8_lossy(line).split('\0').any(|part| part == word)).count()
    }

    async fn settles(word: &str, count: usize) {
        for _ in 0..200 {
            if running(word) == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{} processes instead of {count}", running(word));
    }

    #[tokio::test]
    async fn output_and_complaints_are_kept_up_to_their_limits() {
        let answer = shell("printf hello; printf oops >&2", 5).await;
        assert!(answer.success);
        assert_eq!((answer.output.as_slice(), answer.complaints.as_str()), (&b"hello"[..], "oops"));
        let cut = shell("printf hello", 4).await;
        assert!(!cut.success);
        assert_eq!(cut.output, b"hell");
        let noisy = shell("head -c 1000000 /dev/zero >&2; printf done", 10).await;
        assert!(noisy.success && noisy.complaints.len() <= super::MOST_COMPLAINTS);
    }

    #[tokio::test]
    async fn a_program_sees_no_environment_and_no_input() {
        let answer = shell("test -z \"$HOME$USER$CARGO_MANIFEST_DIR\" && cat", 100).await;
        assert!(answer.success && answer.output.is_empty());
    }

    #[tokio::test]
    async fn dropping_the_wait_kills_the_program_and_its_children() {
        let word = "86399.25";
        let script = format!("sleep {word} & sleep {word}; true");
        let waiting = tokio::spawn(async move { shell(&script, 10).await });
        settles(word, 2).await;
        waiting.abort();
        settles(word, 0).await;
    }

    #[tokio::test]
    async fn limits_hold_where_prlimit_is_there() {
        let Some(prlimit) = Tools::discover().and_then(|tools| tools.prlimit) else {
            crate::media::samples::skip("prlimit is not installed");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let arguments = vec!["-c".into(), "ulimit -c; ulimit -n; ulimit -t; echo x > file; echo wrote".into()];
        let answer = run(Some(&prlimit), Path::new("/bin/sh"), arguments, folder.path(), 100).await.unwrap();
        assert!(answer.output.starts_with(b"0\n64\n20\n"), "{answer:?}");
        let written = std::fs::metadata(folder.path().join("file")).map_or(0, |data| data.len());
        assert_eq!(written, 0, "{answer:?}");
    }
}
