//! The background task that removes what other processes over the same media folder left half-received when they died.

use std::sync::Arc;
use std::time::Duration;

use aviary_application::Chain;
use aviary_infra::media::LocalMedia;
use tokio::task::JoinHandle;

/// How often it looks; each process looks when it starts, too.
const INTERVAL: Duration = Duration::from_hours(1);

/// A running task, which ends when this is dropped.
pub(super) struct TidyTask(JoinHandle<()>);

impl TidyTask {
    /// Starts tidying.
    pub(super) fn start(media: Arc<LocalMedia>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                if let Err(error) = media.remove_leftovers().await {
                    tracing::warn!(error = %Chain(&error), "what dead processes left is not removed yet");
                }
            }
        }))
    }
}

impl Drop for TidyTask {
    // Every step can be cut off anywhere and repeated.
    fn drop(&mut self) {
        self.0.abort();
    }
}
