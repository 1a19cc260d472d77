//! At most so much at once: what decodes pictures or runs tools takes slots first.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::media::MediaError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long an upload waits for its turn before it is told to come again.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Slots {
    free: Arc<Semaphore>,
    count: u32,
}

impl Slots {
    /// This many slots, at least one.
    pub(super) fn new(count: u32) -> Self {
        let count = count.max(1);
        Self { free: Arc::new(Semaphore::new(usize::try_from(count).unwrap_or(Semaphore::MAX_PERMITS))), count }
    }

    /// Waits for so many slots, or for all where there are fewer; they are free again when the permit is dropped.
    pub(super) async fn take(&self, slots: u32) -> Result<OwnedSemaphorePermit, MediaError> {
        let slots = slots.clamp(1, self.count);
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.free).acquire_many_owned(slots)).await {
            Ok(permit) => permit.map_err(|closed| MediaError::Backend(closed.into())),
            Err(elapsed) => Err(MediaError::Unavailable(elapsed.into())),
        }
    }
}
