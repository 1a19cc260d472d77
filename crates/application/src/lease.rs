//! A lease that one process has for long: when it has to be prolonged, and whether there is anything to give back.

use std::time::Duration;

use aviary_domain::lease::Leases;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::{Chain, Error};

/// A lease that is taken again and again, and written as seldom as that allows.
pub(crate) struct LongLease {
    name: &'static str,
    holder: String,
    life: Duration,
    /// When it was last taken, as this machine's clock runs; `None` while somebody else may have it.
    taken: Mutex<Option<Instant>>,
}

impl LongLease {
    /// A lease that this holder does not have yet.
    pub(crate) fn new(name: &'static str, holder: String, life: Duration) -> Self {
        Self { name, holder, life, taken: Mutex::new(None) }
    }

    /// Takes the lease, or sees to it that it is kept for another two thirds of its life at least; `false` while somebody
    /// else has it.
    pub(crate) async fn take(&self, leases: &dyn Leases) -> Result<bool, Error> {
        let mut taken = self.taken.lock().await;
        // From before the store was asked: it ends no sooner than it is taken to end here.
        let now = Instant::now();
        if taken.is_some_and(|taken| now.duration_since(taken) < self.life / 3) {
            return Ok(true);
        }
        let is_ours = leases.acquire(self.name, &self.holder, self.life).await?;
        *taken = is_ours.then_some(now);
        Ok(is_ours)
    }

    /// Gives the lease back if it was taken. What cannot be given back ends by itself.
    pub(crate) async fn give_back(&self, leases: &dyn Leases) {
        if self.taken.lock().await.take().is_none() {
            return;
        }
        if let Err(error) = leases.release(self.name, &self.holder).await {
            tracing::warn!(lease = self.name, error = %Chain(&error), "a lease is left to its end");
        }
    }
}
