//! Processes that the bench starts and ends.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::time::timeout;

/// A port of this machine that nobody listens on at the moment.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

/// Asks a process to end and waits for that.
pub(crate) async fn stop(mut child: Child, patience: Duration) -> anyhow::Result<()> {
    if let Some(pid) = pid(&child) {
        kill_process(pid, Signal::TERM).context("the process cannot be ended")?;
    }
    let status = timeout(patience, child.wait()).await.context("the process does not end in time")??;
    if !status.success() {
        bail!("the process ended with {status}");
    }
    Ok(())
}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()?).ok()?)
}

/// The memory of a process that is resident, in MB; `None` where the system does not tell.
pub(crate) fn resident_mb(child: &Child) -> Option<f64> {
    read_resident(&fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?)
}

fn read_resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u32 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(f64::from(kib) * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_told_in_megabytes() {
        let status = "Name:\taviary\nVmHWM:\t  999999 kB\nVmRSS:\t   31250 kB\nThreads:\t4\n";
        assert_eq!(read_resident(status), Some(32.0));
        assert_eq!(read_resident("Name:\tkthreadd\n"), None);
    }

    #[tokio::test]
    async fn a_process_that_is_asked_to_end_does_and_one_that_fails_is_told() {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"]);
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 5];
        tokio::io::AsyncReadExt::read_exact(child.stdout.as_mut().unwrap(), &mut ready).await.unwrap();
        assert!(resident_mb(&child).is_none_or(|mb| mb > 0.0));
        stop(child, Duration::from_secs(10)).await.unwrap();
        let failing = tokio::process::Command::new("sleep").arg("60").spawn().unwrap();
        let told = stop(failing, Duration::from_secs(10)).await.unwrap_err().to_string();
        assert!(told.contains("ended with"), "{told}");
    }
}
