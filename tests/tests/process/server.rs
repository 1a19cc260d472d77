//! The binary as a child process over a data folder of its own. It is killed when dropped.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::tools::{eventually, run, scratch};

/// Long enough for a loaded machine with two cores.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(60);

/// A data folder, and around it what the processes that work on it say. It outlives them and goes with the test.
pub(crate) struct Home {
    dir: TempDir,
    settings: Vec<(&'static str, &'static str)>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// A home whose server gets further environment variables.
    pub(crate) fn with(settings: &[(&'static str, &'static str)]) -> Self {
        let dir = tempfile::Builder::new().prefix("aviary-").tempdir_in(scratch()).unwrap();
        Self { dir, settings: settings.to_vec() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A folder for the test's own files.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Starts the server on a free port and waits until it answers.
    pub(crate) async fn start(&self) -> Server {
        let log = self.dir.path().join("server.log");
        let out = std::fs::File::create(&log).unwrap();
        let err = out.try_clone().unwrap();
        let child = self.command().arg("serve").stdout(out).stderr(err).spawn().unwrap();
        let mut server = Server { child, base: String::new(), log };
        server.base = eventually("the server says where it listens", START, async || server.announced()).await;
        let health = format!("{}/api/v1/healthcheck", server.base);
        let http = reqwest::Client::new();
        eventually("the server answers", START, async || {
            server.assert_running();
            http.get(&health).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        server
    }

    /// Runs another command of the binary on this data folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "TMPDIR"));
        command.env("DATA_DIR", self.data());
        command.envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("RATE_LIMITS", "off"), ("BCRYPT_COST", "4")]);
        command.envs(self.settings.iter().copied());
        command
    }
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// `http://localhost:<port>`.
    pub(crate) base: String,
    log: PathBuf,
}

impl Server {
    pub(crate) fn api(&self) -> String {
        format!("{}/api/v1", self.base)
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the process leaves by itself.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        run(Command::new("kill").arg("-TERM").arg(self.child.id().to_string()));
        eventually("the server stops", STOP, async || self.child.try_wait().unwrap()).await
    }

    /// The most memory that the process ever had resident, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM in /proc/<pid>/status");
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// What the server said so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn assert_running(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("the server left with {status}:\n{}", self.said());
        }
    }

    fn announced(&mut self) -> Option<String> {
        self.assert_running();
        let said = self.said();
        let (_, rest) = said.split_once("http://localhost:")?;
        // A further character after the digits: the line is written completely.
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        Some(format!("http://localhost:{}", &rest[..end]))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = self.said();
            let lines: Vec<&str> = said.lines().collect();
            eprintln!("the server's last words:\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

/// The binary beside this test's own: `make test` builds it before.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let binary = profile.join("aviary").with_extension(std::env::consts::EXE_EXTENSION);
    assert!(binary.is_file(), "{} is absent: `cargo build --bin aviary` makes it", binary.display());
    binary
}
