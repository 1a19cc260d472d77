//! The circuit breaker: after some failures in a row nobody waits for Cloudinary any more, until one call has tried again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Counts failures in a row, and lets nobody through for a while after too many of them.
pub(super) struct Breaker {
    failures: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everybody passes; so many failed in a row.
    Closed { failed: u32 },
    /// Nobody passes before then; the next one tries for all.
    Open { until: Instant },
    /// One tries for all. Who has said nothing by then is not waited for.
    Probing { until: Instant },
}

/// A call that was let through. Dropped without a word, it counts for nothing.
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    /// The state that this call's trying made, so that it can be taken back.
    probe: Option<State>,
}

impl Breaker {
    /// Opens after so many failures in a row, at least one, for this long.
    pub(super) fn new(failures: u32, pause: Duration) -> Self {
        Self { failures: failures.max(1), pause, state: Mutex::new(State::Closed { failed: 0 }) }
    }

    /// Lets a call through, or says how long it is until one may try.
    pub(super) fn admit(&self, now: Instant) -> Result<Pass<'_>, Duration> {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Ok(Pass { breaker: self, probe: None }),
            State::Open { until } | State::Probing { until } if now < until => Err(until - now),
            State::Open { .. } | State::Probing { .. } => {
                *state = State::Probing { until: now + self.pause };
                Ok(Pass { breaker: self, probe: Some(*state) })
            }
        }
    }

    /// Whether everybody passes.
    pub(super) fn is_closed(&self) -> bool {
        matches!(*self.state(), State::Closed { .. })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The call was answered, whatever the answer.
    pub(super) fn answered(mut self) {
        self.probe = None;
        let before = std::mem::replace(&mut *self.breaker.state(), State::Closed { failed: 0 });
        if !matches!(before, State::Closed { .. }) {
            tracing::info!("Cloudinary answers again");
        }
    }

    /// The call was not answered.
    pub(super) fn failed(mut self, now: Instant) {
        let probe = self.probe.take();
        let mut state = self.breaker.state();
        let open = State::Open { until: now + self.breaker.pause };
        match *state {
            State::Closed { failed } if failed + 1 < self.breaker.failures => {
                *state = State::Closed { failed: failed + 1 };
            }
            State::Closed { .. } => {
                *state = open;
                tracing::warn!(pause = ?self.breaker.pause, "Cloudinary does not answer: nobody waits for it meanwhile");
            }
            probing if probe == Some(probing) => *state = open,
            // It was let through before others found out.
            State::Open { .. } | State::Probing { .. } => {}
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let Some(State::Probing { until }) = self.probe else { return };
        let mut state = self.breaker.state();
        if *state == (State::Probing { until }) {
            // Nobody knows more than before: the next one may try at once.
            *state = State::Open { until: until.checked_sub(self.breaker.pause).unwrap_or(until) };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Breaker;

    const PAUSE: Duration = Duration::from_secs(10);
    const MOMENT: Duration = Duration::from_millis(1);

    fn fail(breaker: &Breaker, now: Instant) {
        breaker.admit(now).unwrap_or_else(|_| panic!("it is closed")).failed(now);
    }

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::new(3, PAUSE);
        for _ in 0..3 {
            fail(&breaker, now);
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_no_earlier() {
        let (breaker, now) = (Breaker::new(3, PAUSE), Instant::now());
        for _ in 0..5 {
            fail(&breaker, now);
            fail(&breaker, now);
            breaker.admit(now).ok().unwrap().answered();
        }
        fail(&breaker, now);
        fail(&breaker, now);
        assert!(breaker.is_closed());
        fail(&breaker, now);
        assert!(!breaker.is_closed());
        assert_eq!(breaker.admit(now).err(), Some(PAUSE));
        assert_eq!(breaker.admit(now + PAUSE.saturating_sub(MOMENT)).err(), Some(MOMENT));
    }

    #[test]
    fn one_tries_after_the_pause_and_all_follow_its_answer() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + PAUSE;
        let probe = breaker.admit(later).ok().unwrap();
        assert!(breaker.admit(later).is_err(), "one alone");
        probe.answered();
        assert!(breaker.is_closed() && breaker.admit(later).is_ok());
    }

    #[test]
    fn a_failed_try_opens_it_for_another_pause() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + PAUSE;
        breaker.admit(later).ok().unwrap().failed(later + MOMENT);
        assert_eq!(breaker.admit(later + MOMENT).err(), Some(PAUSE));
        assert!(breaker.admit(later + MOMENT + PAUSE).is_ok());
    }

    #[test]
    fn who_leaves_while_trying_makes_room_for_the_next() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + PAUSE;
        drop(breaker.admit(later).ok().unwrap());
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn who_tries_for_too_long_is_not_waited_for() {
        let now = Instant::now();
        let breaker = opened(now);
        let slow = breaker.admit(now + PAUSE).ok().unwrap();
        let next = breaker.admit(now + PAUSE + PAUSE).ok().unwrap();
        slow.failed(now + PAUSE + PAUSE);
        next.answered();
        assert!(breaker.is_closed(), "the late word of the slow one changed nothing");
    }

    #[test]
    fn late_failures_do_not_lengthen_the_pause() {
        let now = Instant::now();
        let breaker = Breaker::new(1, PAUSE);
        let (first, second) = (breaker.admit(now).ok().unwrap(), breaker.admit(now).ok().unwrap());
        first.failed(now);
        second.failed(now + PAUSE.saturating_sub(MOMENT));
        assert!(breaker.admit(now + PAUSE).is_ok());
    }
}
