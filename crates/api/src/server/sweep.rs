//! The background task that removes garbage: after deletes at once, else every few seconds. Of all servers on one store
//! one sweeps.

use std::sync::Arc;
use std::time::Duration;

use aviary_application::{Chain, Sweeper};
use aviary_domain::security::Entropy;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The wait between two rounds when nothing happens.
const INTERVAL: Duration = Duration::from_secs(5);

/// A running sweeper.
pub(super) struct SweepTask {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl SweepTask {
    /// Starts sweeping.
    pub(super) fn start(sweeper: Sweeper, entropy: Arc<dyn Entropy>) -> Self {
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(sweep(sweeper, entropy, stop.clone()));
        Self { stop, task }
    }

    /// Ends after the round that runs, or in the midst of it when that takes longer than this: every step can be cut off and
    /// repeated. The sweeper still has its leases then.
    pub(super) async fn stop(mut self, patience: Duration) {
        self.stop.notify_one();
        match tokio::time::timeout(patience, &mut self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the sweeper ended with a fault"),
            Err(_) => {
                self.task.abort();
                tracing::warn!("a sweep takes long and is cut off; what is left is for the next one");
            }
        }
    }
}

async fn sweep(sweeper: Sweeper, entropy: Arc<dyn Entropy>, stop: Arc<Notify>) {
    loop {
        let more = match sweeper.run_in_turn().await {
            Ok(swept) => swept.is_some_and(|swept| swept.found_work()),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "a sweep failed and is tried again");
                false
            }
        };
        let wait = if more { Duration::ZERO } else { jittered(entropy.as_ref()) };
        tokio::select! {
            biased;
            () = stop.notified() => break,
            () = sweeper.nudged() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Up to a fifth longer, so that several servers on one store do not sweep in step.
fn jittered(entropy: &dyn Entropy) -> Duration {
    let [random, ..] = entropy.unguessable();
    INTERVAL + INTERVAL * u32::from(random) / (5 * 255)
}
