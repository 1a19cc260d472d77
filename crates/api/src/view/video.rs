//! Videos: in lists, and on their own page.

use aviary_domain::media::Rendition;
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
    /// URL of the film. Of a video that not everybody sees, it works for some hours.
    video_file: String,
    /// URL of the film's HLS playlist; empty where there is none.
    playback_url: String,
    /// URL of the still; as long as that of the film.
    thumbnail: String,
    /// `ready`; `processing` or `failed` for its owner alone, because others do not see such a video. While a film is on its
    /// way there is no video yet.
    #[schema(example = "ready")]
    status: &'static str,
    /// Why it failed, for its owner; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
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
    /// Size of the film in bytes; 0 where unknown.
    bytes: u64,
    /// How often it was viewed.
    views: u64,
    /// Whether its owner wants others to see it, which they do once it is ready.
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
        let until = state.links_end(&video);
        Self {
            id: video.id.to_string(),
            video_file: state.media.url(&video.file, Rendition::Film, until),
            playback_url: state.media.playback_url(&video.file).unwrap_or_default(),
            thumbnail: state.media.url(&video.thumbnail, Rendition::Still, until),
            status: video.status.name(),
            status_reason: video.status.reason().map(str::to_owned),
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
