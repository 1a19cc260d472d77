//! Turns with the database: how many calls are with it at once, and a lane for each that no other call has meanwhile.

use std::sync::{Mutex, PoisonError};

use aviary_domain::StoreError;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::system::random_bytes;

/// How many calls are with the database at once; more of them wait here, where a deadline ends the wait. The pool of
/// connections has room for all of them, because waiting in the pool has no end.
pub(super) const TURNS: u8 = 100;

pub(super) struct Turns {
    permits: Semaphore,
    free: Mutex<Vec<u8>>,
}

/// A place among the calls that are with the database, until it is dropped.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    lane: u8,
    _permit: SemaphorePermit<'a>,
}

impl Default for Turns {
    fn default() -> Self {
        // Where the lanes begin differs from process to process, so that quiet ones do not all use the same few.
        let [start] = random_bytes::<1>();
        let lanes = (0..TURNS).map(|lane| lane.wrapping_add(start)).collect();
        Self { permits: Semaphore::new(TURNS.into()), free: Mutex::new(lanes) }
    }
}

impl Turns {
    /// Waits for a place.
    pub(super) async fn take(&self) -> Result<Turn<'_>, StoreError> {
        let permit = self.permits.acquire().await.map_err(StoreError::unavailable)?;
        // There are as many lanes as permits.
        let lane = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        Ok(Turn { turns: self, lane, _permit: permit })
    }

    /// From now on nobody gets a place.
    pub(super) fn close(&self) {
        self.permits.close();
    }
}

impl Turn<'_> {
    /// A number that no other call of this process has now: what calls do not need to share is spread by it.
    pub(super) fn lane(&self) -> u8 {
        self.lane
    }
}

impl Drop for Turn<'_> {
    // Before the permit is given back, which is a field.
    fn drop(&mut self) {
        self.turns.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.lane);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{TURNS, Turns};

    #[tokio::test]
    async fn calls_at_once_have_lanes_of_their_own() {
        let turns = Turns::default();
        for _ in 0..2 {
            let mut taken = Vec::new();
            for _ in 0..TURNS {
                taken.push(turns.take().await.unwrap());
            }
            let lanes: BTreeSet<u8> = taken.iter().map(super::Turn::lane).collect();
            assert_eq!(lanes.len(), usize::from(TURNS));
        }
        turns.close();
        assert!(turns.take().await.is_err());
    }
}
