//! The machine's clock, its randomness, and identifiers made of both. Nothing else may ask the system for time or
//! randomness: clippy refuses it everywhere but here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aviary_domain::Timestamp;
use aviary_domain::id::{IdSource, RawId};
use aviary_domain::time::Clock;

/// The time of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter behind the port")]
    fn now(&self) -> Timestamp {
        let now = SystemTime::now();
        let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(match now.duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        })
    }
}

/// Random bytes from the operating system.
///
/// Where the system has none, no token, name or salt can be trusted: the process ends at once.
#[expect(clippy::disallowed_methods, reason = "this is the adapter behind the port")]
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(cause) = getrandom::fill(&mut bytes) {
        tracing::error!(%cause, "the operating system has no randomness");
        std::process::abort();
    }
    bytes
}

/// How far a counter of 24 bits reaches.
const COUNTER: u64 = 0xff_ffff;

/// Identifiers in the layout of a BSON `ObjectId`: four bytes of seconds, five random bytes of the process, three
/// bytes of a counter that starts anywhere.
///
/// They ascend strictly within a process, even while the clock is set back or the counter wraps.
pub struct ObjectIds {
    clock: Arc<dyn Clock>,
    process: [u8; 5],
    /// Seconds and counter of the last identifier, in one number so that one atomic step moves both.
    last: AtomicU64,
}

impl ObjectIds {
    /// A source of its own: two sources never share the random bytes of their process part, except by a chance of
    /// one in 2⁴⁰.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let [start @ .., _, _, _, _, _] = random_bytes::<8>();
        let [a, b, c] = start;
        let counter = u64::from(u32::from_be_bytes([0, a, b, c]));
        Self { clock, process: random_bytes(), last: AtomicU64::new(counter) }
    }

    fn step(&self) -> u64 {
        let seconds = self.clock.now().seconds().clamp(0, i64::from(u32::MAX)).unsigned_abs();
        let next = |last: u64| {
            if seconds > last >> 24 { seconds << 24 | (last.wrapping_add(1) & COUNTER) } else { last.wrapping_add(1) }
        };
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        next(last.unwrap_or_else(|last| last))
    }
}

impl IdSource for ObjectIds {
    fn next_raw(&self) -> RawId {
        let [_, s0, s1, s2, s3, c0, c1, c2] = self.step().to_be_bytes();
        let [p0, p1, p2, p3, p4] = self.process;
        [s0, s1, s2, s3, p0, p1, p2, p3, p4, c0, c1, c2]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use aviary_domain::Timestamp;
    use aviary_domain::id::IdSource;
    use aviary_domain::time::Clock;

    use super::{ObjectIds, SystemClock};

    #[derive(Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn the_clock_runs() {
        let (first, second) = (SystemClock.now(), SystemClock.now());
        assert!(first <= second && first > Timestamp::from_millis(1_600_000_000_000));
    }

    #[test]
    fn the_layout_is_seconds_process_counter() {
        let clock = Arc::new(Hand(AtomicI64::new(0x5f00_0000 * 1000 + 999)));
        let ids = ObjectIds::new(clock);
        let (first, second) = (ids.next_raw(), ids.next_raw());
        assert_eq!(first[..4], [0x5f, 0, 0, 0]);
        assert_eq!(first[4..9], second[4..9]);
        assert_ne!(first[9..], second[9..]);
    }

    #[test]
    fn ids_ascend_while_the_clock_is_set_back_and_the_counter_wraps() {
        let clock = Arc::new(Hand(AtomicI64::new(1_700_000_000_000)));
        let ids = ObjectIds::new(clock.clone());
        ids.last.store((1_700_000_000 << 24) | 0xff_fffe, Ordering::Relaxed);
        let mut last = ids.next_raw();
        for millis in [1_700_000_000_000, 1_600_000_000_000, 1_700_000_001_000, 1_700_000_090_000, 0, -5] {
            clock.0.store(millis, Ordering::Relaxed);
            for _ in 0..3 {
                let next = ids.next_raw();
                assert!(next > last, "{next:?} after {last:?}");
                last = next;
            }
        }
    }

    #[test]
    fn ids_made_at_once_differ() {
        let ids = Arc::new(ObjectIds::new(Arc::new(SystemClock)));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ids = ids.clone();
                std::thread::spawn(move || (0..5_000).map(|_| ids.next_raw()).collect::<Vec<_>>())
            })
            .collect();
        let all: HashSet<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(all.len(), 20_000);
    }
}
