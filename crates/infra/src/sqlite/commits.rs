//! Counts the commits of the writing thread, so that a reader knows whether the snapshot that it has is still the last one.
//!
//! To begin and end a snapshot costs a reader two system calls, under a lock that all readers of a file share. Nobody but
//! the writing thread of this process changes the file, so where nothing was committed since, a snapshot serves the
//! next request too.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many commits began and ended.
#[derive(Debug, Default)]
pub(super) struct Commits {
    /// Odd while one is under way.
    steps: AtomicU64,
    /// Whether no snapshot may be kept at the moment.
    is_closed: AtomicBool,
}

/// A state of the file between two commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u64);

impl Commits {
    /// Commits. From its beginning no earlier snapshot is the last one any more.
    pub(super) fn during<T>(&self, commit: impl FnOnce() -> T) -> T {
        self.steps.fetch_add(1, Ordering::SeqCst);
        let outcome = commit();
        self.steps.fetch_add(1, Ordering::SeqCst);
        outcome
    }

    /// The present state, if a snapshot that is begun now may be kept. One that is begun during a commit may not: it may show
    /// less than what another reader has seen meanwhile.
    pub(super) fn state(&self) -> Option<State> {
        let steps = self.steps.load(Ordering::SeqCst);
        (steps.is_multiple_of(2) && !self.is_closed.load(Ordering::SeqCst)).then_some(State(steps))
    }

    /// Does something while no snapshot is kept beyond its request.
    pub(super) fn closed<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_closed.store(true, Ordering::SeqCst);
        let outcome = work();
        self.is_closed.store(false, Ordering::SeqCst);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::Commits;

    #[test]
    fn a_state_lasts_from_one_commit_to_the_next() {
        let commits = Commits::default();
        let first = commits.state();
        assert!(first.is_some() && commits.state() == first);
        commits.during(|| assert_eq!(commits.state(), None));
        assert!(commits.state().is_some() && commits.state() != first);
    }

    #[test]
    fn none_is_kept_while_the_readers_are_asked_to_leave() {
        let commits = Commits::default();
        let state = commits.state();
        commits.closed(|| assert_eq!(commits.state(), None));
        assert_eq!(commits.state(), state);
    }
}
