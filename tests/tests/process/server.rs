//! The binary as a child process over a data folder of its own, and a MongoDB if it is told one. It is killed when
//! dropped.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use aviary_tests::home;
use tempfile::TempDir;

use crate::tools::{eventually, run, scratch};

/// Long enough for a loaded machine with two cores.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(60);

/// A data folder, and around it what the processes that work on it say. It outlives them and goes with the test.
pub(crate) struct Home {
    dir: TempDir,
    settings: Vec<(&'static str, String)>,
    /// A database that goes with the home.
    _database: Option<home::Home>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// A home whose server gets further environment variables.
    pub(crate) fn with(settings: &[(&'static str, &'static str)]) -> Self {
        let dir = tempfile::Builder::new().prefix("aviary-").tempdir_in(scratch()).unwrap();
        let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { dir, settings, _database: None }
    }

    /// A home in the store that the environment asks for.
    pub(crate) fn in_chosen_store() -> Self {
        let database = home::Home::new();
        let node = database.mongodb_uri().map(|uri| Self::node(uri, None));
        let home = node.unwrap_or_else(Self::new);
        Self { _database: Some(database), ..home }
    }

    /// The home of one of the nodes that share a MongoDB, and perhaps a media folder.
    pub(crate) fn node(uri: &str, media: Option<&Path>) -> Self {
        let mut home = Self::with(&[
            ("ACCESS_TOKEN_SECRET", "the nodes of a test share this access secret"),
            ("REFRESH_TOKEN_SECRET", "the nodes of a test share this refresh secret"),
        ]);
        home.settings.push(("MONGODB_URI", uri.to_owned()));
        home.settings.extend(media.map(|media| ("MEDIA_DIR", media.to_str().unwrap().to_owned())));
        home
    }

    /// The URI of the database, when it is a MongoDB.
    pub(crate) fn mongodb_uri(&self) -> Option<&str> {
        self.setting("MONGODB_URI")
    }

    /// The folder of the media.
    pub(crate) fn media(&self) -> PathBuf {
        self.setting("MEDIA_DIR").map_or_else(|| self.data().join("media"), PathBuf::from)
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
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
        self.start_with(&[]).await
    }

    /// Starts the server so, with further flags.
    pub(crate) async fn start_with(&self, flags: &[&str]) -> Server {
        let log = self.dir.path().join("server.log");
        let out = std::fs::File::create(&log).unwrap();
        let err = out.try_clone().unwrap();
        let child = self.command().arg("serve").args(flags).stdout(out).stderr(err).spawn().unwrap();
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

    /// The binary with the settings of this home.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "TMPDIR"));
        command.env("DATA_DIR", self.data());
        command.envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("RATE_LIMITS", "off"), ("BCRYPT_COST", "4")]);
        command.envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
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
