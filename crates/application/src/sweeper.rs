//! The sweeper: removes files that no row owns, what deletes left behind, and what has expired.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::file::DueFile;
use tokio::sync::Notify;

use crate::{Chain, Error, Policy, Ports};

/// How many rows one step of a purge removes; bounds how long other writers wait.
const PURGE_STEP: usize = 500;
/// How many files one round removes.
const FILES_A_ROUND: usize = 100;
/// The lease under which one process at a time sweeps.
const LEASE: &str = "sweeper";
/// How long the lease outlives the last round of its holder. A round that takes longer does no harm beside another one,
/// as every step can be repeated: the lease only saves the work of doing everything many times.
const LEASE_LIFE: Duration = Duration::from_secs(15);
/// The longest wait between two attempts to remove a file.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

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
}

impl Swept {
    /// Whether there may be more to do right away.
    pub fn found_work(&self) -> bool {
        self.purged + self.expired + self.files > 0
    }
}

/// Removes what has to go. Every step can be cut off anywhere and repeated.
#[derive(Clone)]
pub struct Sweeper {
    ports: Arc<Ports>,
    policy: Arc<Policy>,
    wake: Arc<Notify>,
    /// This process, among all that share the store.
    holder: Arc<str>,
}

impl Sweeper {
    pub(crate) fn new(ports: Arc<Ports>, policy: Arc<Policy>) -> Self {
        let holder = ports.ids.next::<Self>().to_string().into();
        Self { ports, policy, wake: Arc::new(Notify::new()), holder }
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

    /// One round, if it is this process's turn; `None` while another one sweeps.
    pub async fn run_in_turn(&self) -> Result<Option<Swept>, Error> {
        if self.ports.store.leases.acquire(LEASE, &self.holder, LEASE_LIFE).await? {
            self.run_once().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// Lets another process sweep at once, because this one ends.
    pub async fn rest(&self) {
        if let Err(error) = self.ports.store.leases.release(LEASE, &self.holder).await {
            tracing::warn!(error = %Chain(&error), "the sweeper's lease is left to its end");
        }
    }

    /// One round, whoever else sweeps. A failed part does not keep the others from being done; the first failure is returned.
    pub async fn run_once(&self) -> Result<Swept, Error> {
        let now = self.ports.clock.now();
        let views_before = now.before(self.policy.view_window);
        let purged = self.ports.store.maintenance.purge(PURGE_STEP).await;
        let expired = self.ports.store.maintenance.expire(now, views_before, PURGE_STEP).await;
        let files = self.remove_files().await;
        let (files, postponed) = files?;
        Ok(Swept { purged: purged?, expired: expired?, files, postponed })
    }

    async fn remove_files(&self) -> Result<(usize, usize), Error> {
        let (mut removed, mut postponed) = (0, 0);
        for file in self.ports.store.files.due(self.ports.clock.now(), FILES_A_ROUND).await? {
            match self.ports.media.remove(&file.key).await {
                Ok(()) => {
                    self.ports.store.files.forget(&file.key).await?;
                    removed += 1;
                }
                Err(error) => {
                    tracing::warn!(key = %file.key, attempts = file.attempts, error = %Chain(&error),
                        "a file could not be removed and is tried again");
                    self.ports.store.files.postpone(&file.key, self.ports.clock.now().after(wait(&file))).await?;
                    postponed += 1;
                }
            }
        }
        Ok((removed, postponed))
    }
}

/// Doubles from one second.
fn wait(file: &DueFile) -> Duration {
    Duration::from_secs(1 << file.attempts.min(12)).min(LONGEST_WAIT)
}
