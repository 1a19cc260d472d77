//! A channel's own numbers.

use async_trait::async_trait;

use crate::user::User;
use crate::{Id, StoreError};

/// What a channel has and received, unpublished videos included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChannelStats {
    /// Users who subscribe to it.
    pub subscribers: u64,
    /// Its videos.
    pub videos: u64,
    /// Views of its videos.
    pub views: u64,
    /// Likes that its videos, comments and tweets received, on whatever they stand: hiding a video takes nothing away
    /// from those who commented on it.
    pub likes: u64,
    /// Comments on its videos.
    pub comments: u64,
    /// Its tweets.
    pub tweets: u64,
}

/// The store of channel statistics.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait DashboardRepository: Send + Sync {
    /// The numbers of a channel, from stored counts; `None` when there is no such user.
    async fn stats(&self, user: Id<User>) -> Result<Option<ChannelStats>, StoreError>;
}
