//! A server of the bench: the binary that was built beside it, as a process of its own over a folder of its own.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Outcome;

/// How long a server may take to answer.
const START: Duration = Duration::from_secs(60);

/// A running server; dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    pub(crate) data: PathBuf,
    /// `http://localhost:<port>/api/v1`.
    pub(crate) api: String,
}

impl Server {
    /// Starts one, whose files go to this account if there is one.
    pub(crate) async fn start(folder: &Path, name: &str, account: Option<&str>) -> Outcome<Self> {
        let (data, log) = (folder.join(name), folder.join(format!("{name}.log")));
        let out = File::create(&log)?;
        let mut command = Command::new(binary()?);
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
        command.env("DATA_DIR", &data).env("TMPDIR", folder).current_dir(folder);
        command.envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("BCRYPT_COST", "4")]);
        command.envs([("MAX_VIDEO_BYTES", "100GiB"), ("STORAGE_QUOTA", "off")]);
        command.envs(account.map(|url| ("CLOUDINARY_URL", url)));
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        // A group of its own: Ctrl-C on the terminal is for us, who stop it.
        let child = command.arg("serve").process_group(0).spawn()?;
        let mut server = Self { child, log, data, api: String::new() };
        let begun = Instant::now();
        while begun.elapsed() < START {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("the server left with {status}:\n{}", server.said()).into());
            }
            if let Some(port) = announced(&server.said()) {
                server.api = format!("http://localhost:{port}/api/v1");
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("the server does not say where it listens:\n{}", server.said()).into())
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The most memory that it ever had resident, in KiB; `None` where the system does not tell.
    pub(crate) fn peak_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing that anybody wants to keep.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port that a server announces, once the line is written completely.
fn announced(said: &str) -> Option<u16> {
    let (_, rest) = said.split_once("http://localhost:")?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    rest.get(..end)?.parse().ok()
}

/// The `aviary` beside this program.
fn binary() -> Outcome<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("aviary");
    if binary.is_file() { Ok(binary) } else { Err(format!("{} has to be built before", binary.display()).into()) }
}

#[cfg(test)]
mod tests {
    use super::announced;

    #[test]
    fn a_port_counts_once_its_line_is_written() {
        assert_eq!(announced("Aviary listens on http://localhost:80"), None);
        assert_eq!(announced("Aviary listens on http://localhost:8012\n"), Some(8012));
        assert_eq!(announced("nothing yet\n"), None);
    }
}
