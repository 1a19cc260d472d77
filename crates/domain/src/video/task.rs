//! What remains to be done for the files of videos.

use std::time::Duration;

use async_trait::async_trait;

use super::Video;
use crate::{Id, StoreError, Timestamp};

/// A video whose files may need something done by the media store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaTask {
    /// Which video; it may be deleted by now.
    pub video: Id<Video>,
    /// How often the task was postponed.
    pub attempts: u32,
    /// Whether it was renewed before it was done. Then something may have been done for the need of before that is noted
    /// nowhere.
    pub is_renewed: bool,
    /// Tells this version of the task from later ones of the same video.
    pub stamp: u64,
}

/// The store of videos whose files need attention, one task at most for each video. The steps that make such a need make the
/// task: creating a video that is not ready makes one that is due [`TASK_DELAY`] later; toggling publication, giving a new
/// still to a video that not everybody sees, and setting the status `Processing` make one that is due at once, or renew the
/// one that is there: due at once, no attempt counted. A video that is deleted takes its task along.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait MediaTasks: Send + Sync {
    /// The tasks whose time has come, longest due first, at most `limit`.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<MediaTask>, StoreError>;

    /// It is not done yet: due again at `until`, one more attempt counted. A task that was renewed meanwhile is left alone.
    async fn postpone(&self, task: &MediaTask, until: Timestamp) -> Result<(), StoreError>;

    /// Nothing is left to do. A task that was renewed meanwhile stays.
    async fn done(&self, task: &MediaTask) -> Result<(), StoreError>;
}

/// How long the media store has to tell by itself that a new video is ready, before it is asked.
pub const TASK_DELAY: Duration = Duration::from_secs(30);
