//! Watch history: one entry a user and video. Entries are made by [`crate::video::VideoRepository::watch`].

use async_trait::async_trait;

use crate::page::{Page, PageRequest};
use crate::user::User;
use crate::video::{Video, VideoCard};
use crate::{Id, StoreError, Timestamp};

/// A watched video.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// The video.
    pub video: VideoCard,
    /// When it was last watched.
    pub watched_at: Timestamp,
}

/// The store of watch history.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait HistoryRepository: Send + Sync {
    /// The videos that a user watched and can see, latest first, without a total.
    async fn list(&self, user: Id<User>, page: &PageRequest) -> Result<Page<HistoryEntry>, StoreError>;

    /// Forgets one video. Forgetting what is not there is no error.
    async fn remove(&self, user: Id<User>, video: Id<Video>) -> Result<(), StoreError>;

    /// Forgets everything.
    async fn clear(&self, user: Id<User>) -> Result<(), StoreError>;
}
