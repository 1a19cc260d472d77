//! Playlists.

use aviary_domain::playlist::PlaylistCard;
use serde::Serialize;
use utoipa::ToSchema;

use super::{MiniUser, VideoView};
use crate::state::AppState;

/// A playlist with videos in its order; totals and videos know only what the caller may see.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlaylistView {
    /// The id.
    #[serde(rename = "_id")]
    id: String,
    /// The name.
    name: String,
    /// What it is about; may be empty.
    description: String,
    /// Who made it.
    owner: MiniUser,
    /// The videos of this part of it, in the order of adding.
    videos: Vec<VideoView>,
    /// How many videos it holds.
    total_videos: u64,
    /// The same as `totalVideos`.
    video_count: u64,
    /// The sum of their views.
    total_views: u64,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    updated_at: String,
}

impl PlaylistView {
    /// Shows a playlist.
    pub(crate) fn new(card: PlaylistCard, state: &AppState) -> Self {
        let playlist = card.playlist;
        Self {
            id: playlist.id.to_string(),
            name: playlist.name.into(),
            description: playlist.description.into(),
            owner: MiniUser::new(&card.owner, state),
            videos: card.videos.items.into_iter().map(|video| VideoView::new(video, state)).collect(),
            total_videos: card.total_videos,
            video_count: card.total_videos,
            total_views: card.total_views,
            created_at: playlist.created_at.to_string(),
            updated_at: playlist.updated_at.to_string(),
        }
    }
}
