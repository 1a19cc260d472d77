//! Videos: in lists, and on their own page.

use aviary_domain::video::{Video, VideoCard, VideoDetail};
use serde::Serialize;
use utoipa::ToSchema;

use super::MiniUser;
use crate::state::AppState;

/// What every form of a video tells.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VideoFactsView {
    /// The id.
    #[serde(rename = "_id")]
    id: String,
    /// URL of the film.
    video_file: String,
    /// URL of the still.
    thumbnail: String,
    /// The title.
    title: String,
    /// What it is about; may be empty.
    description: String,
    /// Length in seconds.
    duration: f64,
    /// Width of a frame in pixels; 0 where unknown.
    width: u32,
    /// Height of a frame in pixels; 0 where unknown.
    height: u32,
    /// Size of the film in bytes.
    bytes: u64,
    /// How often it was viewed.
    views: u64,
    /// Whether others can see it.
    is_published: bool,
    /// How many users like it.
    likes_count: u64,
    /// How many comments it has.
    comments_count: u64,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    updated_at: String,
}

impl VideoFactsView {
    fn new(video: Video, state: &AppState) -> Self {
        Self {
            id: video.id.to_string(),
            video_file: state.file_url(&video.file),
            thumbnail: state.file_url(&video.thumbnail),
            title: video.title.into(),
            description: video.description.into(),
            duration: video.duration,
            width: video.width,
            height: video.height,
            bytes: video.bytes,
            views: video.views,
            is_published: video.is_published,
            likes_count: video.likes_count,
            comments_count: video.comments_count,
            created_at: video.created_at.to_string(),
            updated_at: video.updated_at.to_string(),
        }
    }
}

/// A video with its owner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VideoView {
    #[serde(flatten)]
    facts: VideoFactsView,
    /// Who uploaded it.
    owner: MiniUser,
}

impl VideoView {
    /// Shows a video of a list.
    pub(crate) fn new(card: VideoCard, state: &AppState) -> Self {
        Self { facts: VideoFactsView::new(card.video, state), owner: MiniUser::new(&card.owner, state) }
    }
}

/// The owner of a video on its page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VideoOwnerView {
    #[serde(flatten)]
    user: MiniUser,
    /// How many users subscribe to the owner.
    subscribers_count: u64,
    /// Whether the caller subscribes to the owner.
    is_subscribed: bool,
}

/// A video's page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VideoDetailView {
    #[serde(flatten)]
    facts: VideoFactsView,
    /// Who uploaded it.
    owner: VideoOwnerView,
    /// Whether the caller likes it.
    is_liked: bool,
}

impl VideoDetailView {
    /// Shows a video's page.
    pub(crate) fn new(detail: VideoDetail, state: &AppState) -> Self {
        let owner = VideoOwnerView {
            user: MiniUser::new(&detail.card.owner, state),
            subscribers_count: detail.subscribers_count,
            is_subscribed: detail.is_subscribed,
        };
        Self { facts: VideoFactsView::new(detail.card.video, state), owner, is_liked: detail.is_liked }
    }
}
