//! At most so many at once: what decodes pictures or runs tools takes a slot first.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::media::MediaError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long an upload waits for its turn before it is told to come again.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Slots(Arc<Semaphore>);

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Waits for a slot; it is free again when the permit is dropped.
    pub(super) async fn take(&self) -> Result<OwnedSemaphorePermit, MediaError> {
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await {
            Ok(permit) => permit.map_err(|closed| MediaError::Backend(closed.into())),
            Err(elapsed) => Err(MediaError::Unavailable(elapsed.into())),
        }
    }
}
