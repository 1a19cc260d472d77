//! What a database said a moment ago, kept for a bounded time and number, so that not every request has to ask again.
//!
//! What this process changes it forgets, so that it never shows what was before its own changes. What another node
//! changes is known here once the time is over.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

/// Answers of the database by their keys.
pub(crate) struct Recent<K, V> {
    kept: Cache<K, V>,
    /// How many changes there were.
    changes: AtomicU64,
}

/// A moment before a question to the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before(u64);

impl<K, V> Recent<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Keeps at most so many answers, each for this time.
    pub(crate) fn new(most: u64, life: Duration) -> Self {
        let kept = Cache::builder().max_capacity(most).time_to_live(life).build();
        Self { kept, changes: AtomicU64::new(0) }
    }

    /// The answer, if it was given a moment ago and nothing has changed here since.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.kept.get(key)
    }

    /// To be called before the database is asked.
    pub(crate) fn before(&self) -> Before {
        Before(self.changes.load(Ordering::SeqCst))
    }

    /// Keeps an answer, unless something was changed after it was asked for: it may then be older than the change.
    pub(crate) fn keep(&self, asked: Before, key: &K, value: V) {
        self.kept.insert(key.clone(), value);
        // Whoever changes counts first and forgets then: either this sees the count, or that forgets what stands here.
        if self.changes.load(Ordering::SeqCst) != asked.0 {
            self.kept.invalidate(key);
        }
    }

    /// To be called after a change, whatever became of it.
    pub(crate) fn forget(&self, key: &K) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.kept.invalidate(key);
    }

    /// To be called after a change of any number of them.
    pub(crate) fn forget_all(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.kept.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    #[test]
    fn an_answer_is_kept_until_its_time_is_over_or_something_changes() {
        let recent = Recent::new(10, Duration::from_millis(80));
        recent.keep(recent.before(), &1, "one");
        recent.keep(recent.before(), &2, "two");
        recent.keep(recent.before(), &3, "three");
        recent.forget(&1);
        assert_eq!((recent.get(&1), recent.get(&2)), (None, Some("two")));
        sleep(Duration::from_millis(120));
        assert_eq!(recent.get(&2), None);
        recent.keep(recent.before(), &2, "two");
        recent.forget_all();
        assert_eq!(recent.get(&2), None);
    }

    #[test]
    fn an_answer_that_was_asked_for_before_a_change_is_not_kept() {
        let recent = Recent::new(10, Duration::from_mins(1));
        let asked = recent.before();
        recent.forget(&1);
        recent.keep(asked, &1, "what was before");
        assert_eq!(recent.get(&1), None);
        recent.keep(recent.before(), &1, "what is");
        assert_eq!(recent.get(&1), Some("what is"));
    }
}
