//! The machine and the programs that were measured, so that numbers can be compared at all.

use std::fs;
use std::process::Stdio;

use aviary_domain::time::Clock;
use aviary_infra::system::SystemClock;
use serde::Serialize;
use tokio::process::Command;

use crate::home::HomeKind;
use crate::plan::Plan;
use crate::{aviary, load, mongod};

/// What was measured on, and with what.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    /// When, in RFC 3339.
    pub(crate) at: String,
    /// The processor, and how many cores of it there are.
    pub(crate) processor: String,
    /// Memory in GB.
    pub(crate) memory_gb: Option<f64>,
    /// The system.
    pub(crate) system: String,
    /// The file system on which homes lie.
    pub(crate) disk: String,
    /// The programs with their versions.
    pub(crate) programs: Vec<String>,
}

impl Machine {
    /// Looks around. What the system does not tell is unknown; only a missing MongoDB that is to be measured fails.
    pub(crate) async fn look(plan: &Plan) -> anyhow::Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let model = processor(&read("/proc/cpuinfo")).unwrap_or_else(|| "unknown processor".to_owned());
        let mut programs = vec![said(Command::new(aviary::binary()?).arg("--version")).await];
        // Which sources: known where the bench runs in a checkout.
        let commit = said(Command::new("git").args(["rev-parse", "--short", "HEAD"])).await;
        programs.extend(Some(format!("commit {commit}")).filter(|_| !commit.is_empty()));
        programs.push(format!("SQLite {}", rusqlite::version()));
        if plan.homes.contains(&HomeKind::MongoDb) {
            programs.push(mongod::version().await?);
        }
        programs.push(load::version().await?);
        fs::create_dir_all(&plan.folder)?;
        let disk = said(Command::new("df").arg("-PT").arg(&plan.folder)).await;
        Ok(Self {
            at: SystemClock.now().to_string(),
            processor: format!("{model}, {cores} cores"),
            memory_gb: memory_gb(&read("/proc/meminfo")),
            system: format!(
                "{} {}",
                said(Command::new("uname").arg("-s")).await,
                read("/proc/sys/kernel/osrelease").trim()
            ),
            disk: disk.lines().last().and_then(|line| line.split_whitespace().nth(1)).unwrap_or("unknown").to_owned(),
            programs,
        })
    }

    /// In one sentence.
    pub(crate) fn sentence(&self) -> String {
        let memory = self.memory_gb.map_or(String::new(), |gb| format!(", {gb:.0} GB"));
        let Self { at, processor, system, disk, programs, .. } = self;
        format!("{processor}{memory}, {system}, {disk}; {}; {at}", programs.join(", "))
    }
}

/// What a program says first, or nothing.
async fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().await;
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn processor(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_gb(meminfo: &str) -> Option<f64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u32 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(f64::from(kib) * 1024.0 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_read() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nflags\t: x\nmodel name\t: Other\n";
        assert_eq!(processor(cpuinfo).unwrap(), "Some CPU @ 3 GHz");
        assert_eq!(memory_gb("MemTotal:       23437500 kB\nMemFree: 1 kB\n"), Some(24.0));
        assert_eq!((processor(""), memory_gb("")), (None, None));
    }
}
