//! The sweeper: removes files that no row owns, what deletes left behind, and what has expired; looks after videos whose
//! files need something done.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::DueFile;
use aviary_domain::media::site::{SITE_LEASE, SITE_LEASE_LIFE};
use tokio::sync::Notify;

use crate::abreast::some_at_once;
use crate::again::wait;
use crate::direct::arrives_until;
use crate::lease::LongLease;
use crate::settle::Upkeep;
use crate::{Chain, Error, Policy, Ports};

/// How many rows one step of a purge removes; bounds how long other writers wait.
const PURGE_STEP: usize = 500;
/// How many files one round removes.
const FILES_A_ROUND: usize = 100;
/// How many videos one round looks after.
const TASKS_A_ROUND: usize = 50;
/// The lease under which one process at a time sweeps.
const LEASE: &str = "sweeper";
/// How long the lease outlives its holder. Two who sweep at once do no harm, as every step can be repeated: the lease only
/// saves the work of doing everything many times.
const LEASE_LIFE: Duration = Duration::from_secs(15);
/// How often the leases are looked after while a round lasts, which takes minutes where the media store is slow.
const HELD_EVERY: Duration = Duration::from_secs(5);
/// The wait before a file is tried again; it doubles with each attempt.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between two attempts to remove a file.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// The attempt to remove a file after which it is given up, about a week after the first one.
const LAST_ATTEMPT: u32 = 179;

/// What one round removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Rows that deletes had left.
    pub purged: usize,
    /// Sessions and remembered views that were over.
    pub expired: usize,
    /// Files.
    pub files: usize,
    /// Files that could not be removed and are tried again later.
    pub postponed: usize,
    /// Files that could not be removed for a week and are not tried any more.
    pub given_up: usize,
    /// Videos whose files are as they have to be now.
    pub settled: usize,
}

impl Swept {
    /// Whether there may be more to do right away.
    pub fn found_work(&self) -> bool {
        self.purged + self.expired + self.files + self.settled > 0
    }
}

/// Removes what has to go. Every step can be cut off anywhere and repeated.
#[derive(Clone)]
pub struct Sweeper {
    ports: Arc<Ports>,
    policy: Arc<Policy>,
    upkeep: Upkeep,
    wake: Arc<Notify>,
    /// Whether the log was told that the files are elsewhere now.
    displaced: Arc<AtomicBool>,
    turn: Arc<Turn>,
}

/// What the process has that sweeps.
struct Turn {
    /// To sweep.
    sweeping: LongLease,
    /// The one of all servers of the same site. Who sweeps holds it for the others too, and they do not give it back.
    site: LongLease,
}

impl Sweeper {
    pub(crate) fn new(ports: Arc<Ports>, policy: Arc<Policy>, upkeep: Upkeep) -> Self {
        let sweeping = LongLease::new(LEASE, ports.ids.next::<Self>().to_string(), LEASE_LIFE);
        let site = LongLease::new(SITE_LEASE, policy.media_site.to_string(), SITE_LEASE_LIFE);
        let turn = Arc::new(Turn { sweeping, site });
        let (wake, displaced) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        Self { ports, policy, upkeep, wake, displaced, turn }
    }

    /// Returns when somebody has made garbage since the last call.
    pub async fn nudged(&self) {
        self.wake.notified().await;
    }

    pub(crate) fn nudge(&self) {
        self.wake.notify_one();
    }

    /// A failed step may have left files that are due.
    pub(crate) fn nudge_after<T>(&self, outcome: &Result<T, Error>) {
        if outcome.is_err() {
            self.nudge();
        }
    }

    /// Removes what a delete has just left, as far as one step goes: most deletes are then complete when their answer
    /// leaves. The rest is the next round's.
    pub(crate) async fn purge_now(&self) {
        if let Err(error) = self.ports.store.maintenance.purge(PURGE_STEP).await {
            tracing::warn!(error = %Chain(&error), "a purge is left to the sweeper");
        }
        self.nudge();
    }

    /// One round, if it is this process's turn; `None` while another one sweeps, and when only others reach the files.
    pub async fn run_in_turn(&self) -> Result<Option<Swept>, Error> {
        if !self.reaches_files().await? {
            self.rest().await;
            return Ok(None);
        }
        if !self.hold_turn().await? {
            return Ok(None);
        }
        let mut round = pin!(self.run_once());
        loop {
            tokio::select! {
                biased;
                swept = &mut round => return swept.map(Some),
                () = tokio::time::sleep(HELD_EVERY) => {
                    if let Err(error) = self.hold_turn().await {
                        tracing::warn!(error = %Chain(&error), "the leases of a round could not be prolonged");
                    }
                }
            }
        }
    }

    /// Lets another process sweep at once, because this one ends, or does not reach the files any more.
    pub async fn rest(&self) {
        let leases = self.ports.store.leases.as_ref();
        self.turn.site.give_back(leases).await;
        self.turn.sweeping.give_back(leases).await;
    }

    /// Takes or keeps the turn; `false` while another process has it.
    async fn hold_turn(&self) -> Result<bool, Error> {
        let leases = self.ports.store.leases.as_ref();
        if !self.turn.sweeping.take(leases).await? {
            return Ok(false);
        }
        // While one of another site has it, which starts or ends in this moment, it is asked for again with the next round.
        self.turn.site.take(leases).await?;
        Ok(true)
    }

    /// One round, whoever else sweeps. A failed part does not keep the others from being done; the first failure is returned.
    pub async fn run_once(&self) -> Result<Swept, Error> {
        let now = self.ports.clock.now();
        let views_before = now.before(self.policy.view_window);
        let purged = self.ports.store.maintenance.purge(PURGE_STEP).await;
        let expired = self.ports.store.maintenance.expire(now, views_before, PURGE_STEP).await;
        let files = self.remove_files().await;
        let settled = self.work_off_tasks().await;
        let files = files?;
        Ok(Swept {
            purged: purged?,
            expired: expired?,
            files: files.iter().filter(|end| **end == FileEnd::Removed).count(),
            postponed: files.iter().filter(|end| **end == FileEnd::Postponed).count(),
            given_up: files.iter().filter(|end| **end == FileEnd::GivenUp).count(),
            settled: settled?,
        })
    }

    /// Whether files are still kept where this process was told. A process that was started later with another place has
    /// noted that before it kept anything there. So what was due *before* this is asked may be looked for here, and nothing
    /// is taken to be gone that lies where this process does not look.
    async fn reaches_files(&self) -> Result<bool, Error> {
        let noted = self.ports.store.media_site.noted().await?;
        let reaches = noted.as_ref().is_none_or(|noted| *noted == self.policy.media_site);
        if self.displaced.swap(!reaches, Ordering::Relaxed) == reaches {
            if reaches {
                tracing::info!("files are kept where this process was told again");
            } else {
                tracing::error!(?noted, told = ?self.policy.media_site,
                    "files are kept elsewhere by now: this process removes none and has to be stopped");
            }
        }
        Ok(reaches)
    }

    async fn remove_files(&self) -> Result<Vec<FileEnd>, Error> {
        let due = self.ports.store.files.due(self.ports.clock.now(), FILES_A_ROUND).await?;
        if due.is_empty() || !self.reaches_files().await? {
            return Ok(Vec::new());
        }
        some_at_once(due, |file| {
            let ports = Arc::clone(&self.ports);
            async move { ports.remove_file(&file).await }
        })
        .await
    }

    async fn work_off_tasks(&self) -> Result<usize, Error> {
        let due = self.ports.store.media_tasks.due(self.ports.clock.now(), TASKS_A_ROUND).await?;
        if due.is_empty() || !self.reaches_files().await? {
            return Ok(0);
        }
        let ends = some_at_once(due, |task| {
            let upkeep = self.upkeep.clone();
            async move { upkeep.work_off(task).await }
        });
        Ok(ends.await?.into_iter().filter(|done| *done).count())
    }
}

/// What became of a file that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileEnd {
    Removed,
    Postponed,
    GivenUp,
}

impl Ports {
    async fn remove_file(&self, file: &DueFile) -> Result<FileEnd, Error> {
        let files = &self.store.files;
        match self.upkeep.remove(&file.key).await {
            Ok(()) => {
                let now = self.clock.now();
                match arrives_until(&file.key, now) {
                    // It may come again: it is looked for once more when it cannot.
                    Some(end) => files.postpone(&file.key, end).await?,
                    None => files.forget(&file.key).await?,
                }
                Ok(FileEnd::Removed)
            }
            Err(error) if file.attempts >= LAST_ATTEMPT => {
                tracing::error!(key = %file.key, attempts = file.attempts + 1, error = %Chain(&error),
                    "a file could not be removed for a week and is given up; `aviary media check --fix` tries again");
                files.postpone(&file.key, Timestamp::NEVER).await?;
                Ok(FileEnd::GivenUp)
            }
            Err(error) => {
                tracing::warn!(key = %file.key, attempts = file.attempts + 1, error = %Chain(&error),
                    "a file could not be removed and is tried again");
                let wait = wait(FIRST_WAIT, file.attempts, LONGEST_WAIT);
                files.postpone(&file.key, self.clock.now().after(wait)).await?;
                Ok(FileEnd::Postponed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{FIRST_WAIT, LAST_ATTEMPT, LONGEST_WAIT};

    #[test]
    fn the_waits_grow_to_an_hour_and_come_to_a_week_before_a_file_is_given_up() {
        let wait = |attempts| crate::again::wait(FIRST_WAIT, attempts, LONGEST_WAIT);
        assert_eq!(
            (wait(0), wait(3), wait(u32::MAX)),
            (Duration::from_secs(1), Duration::from_secs(8), Duration::from_hours(1))
        );
        let waited: Duration = (0..LAST_ATTEMPT).map(wait).sum();
        let week = Duration::from_hours(7 * 24);
        assert!(waited >= week && waited < week + Duration::from_hours(2), "{waited:?}");
    }
}
