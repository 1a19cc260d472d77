//! Waiting for what happens soon after an answer: the sweeper's work.

use std::time::Duration;

const STEP: Duration = Duration::from_millis(25);
const STEPS: usize = 600;

/// Waits until it holds, 15 seconds at the most.
#[track_caller]
pub fn eventually<F: FnMut() -> bool>(what: &str, mut holds: F) -> impl Future<Output = ()> + use<F> {
    let place = std::panic::Location::caller();
    let what = what.to_owned();
    async move {
        for _ in 0..STEPS {
            if holds() {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("never came true at {place}: {what}");
    }
}
