//! Queues for what many callers change at once: they take turns within the process instead of undoing one another.

use std::hash::{DefaultHasher, Hash, Hasher};

use aviary_domain::id::RawId;
use tokio::sync::{Mutex, MutexGuard};

/// How many queues there are; ids share them by their hash, so that their number is bounded.
const QUEUES: u64 = 1024;

pub(super) struct HotKeys {
    queues: Vec<Mutex<()>>,
}

/// Places at the head of queues, until they are dropped.
pub(super) struct Held<'a> {
    places: Vec<MutexGuard<'a, ()>>,
    /// Whether others were there before: then more of them are likely to wait now.
    pub(super) has_waited: bool,
}

impl Default for HotKeys {
    fn default() -> Self {
        Self { queues: (0..QUEUES).map(|_| Mutex::default()).collect() }
    }
}

impl HotKeys {
    /// Waits until nobody else holds any of these. Queues are taken in their order, so nobody waits in a circle.
    pub(super) async fn hold(&self, keys: &[RawId]) -> Held<'_> {
        let mut places: Vec<usize> = keys.iter().map(place).collect();
        places.sort_unstable();
        places.dedup();
        let mut held = Held { places: Vec::with_capacity(places.len()), has_waited: false };
        for queue in places.into_iter().filter_map(|place| self.queues.get(place)) {
            let place = if let Ok(place) = queue.try_lock() {
                place
            } else {
                held.has_waited = true;
                queue.lock().await
            };
            held.places.push(place);
        }
        held
    }
}

fn place(key: &RawId) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % QUEUES).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::HotKeys;

    #[tokio::test]
    async fn who_shares_a_key_waits_and_nobody_else_does() {
        let keys = HotKeys::default();
        let soon = Duration::from_millis(20);
        let held = keys.hold(&[[1; 12], [2; 12], [1; 12]]).await;
        assert!(!held.has_waited);
        assert_eq!(timeout(soon, keys.hold(&[[3; 12]])).await.map(|held| held.places.len()), Ok(1));
        assert!(timeout(soon, keys.hold(&[[3; 12], [2; 12]])).await.is_err());
        let (behind, ()) = tokio::join!(keys.hold(&[[2; 12], [1; 12]]), async { drop(held) });
        assert_eq!((behind.places.len(), behind.has_waited), (2, true));
        assert!(keys.hold(&[]).await.places.is_empty());
    }
}
