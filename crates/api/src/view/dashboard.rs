//! A channel's own numbers.

use aviary_domain::dashboard::ChannelStats;
use serde::Serialize;
use utoipa::ToSchema;

/// What the caller's channel has and received, unpublished videos included.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the contract names them so")]
pub(crate) struct ChannelStatsView {
    /// Users who subscribe to it.
    total_subscribers: u64,
    /// Its videos.
    total_videos: u64,
    /// Views of its videos.
    total_views: u64,
    /// Likes that its videos, comments and tweets received.
    total_likes: u64,
    /// Comments on its videos.
    total_comments: u64,
    /// Its tweets.
    total_tweets: u64,
}

impl From<ChannelStats> for ChannelStatsView {
    fn from(stats: ChannelStats) -> Self {
        Self {
            total_subscribers: stats.subscribers,
            total_videos: stats.videos,
            total_views: stats.views,
            total_likes: stats.likes,
            total_comments: stats.comments,
            total_tweets: stats.tweets,
        }
    }
}
