//! Likes.

use aviary_domain::like::{LikeState, LikedVideo};
use serde::Serialize;
use utoipa::ToSchema;

use super::VideoView;
use crate::state::AppState;

/// How things stand after liking or taking a like back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LikeStateView {
    /// Whether the caller likes it now.
    is_liked: bool,
    /// The same as `isLiked`, for older clients.
    liked: bool,
    /// How many users like it now.
    likes_count: u64,
}

impl From<LikeState> for LikeStateView {
    fn from(state: LikeState) -> Self {
        Self { is_liked: state.is_liked, liked: state.is_liked, likes_count: state.likes_count }
    }
}

/// A like with the video that is liked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LikedVideoView {
    /// The id.
    #[serde(rename = "_id")]
    id: String,
    /// The id of the user who likes.
    liked_by: String,
    /// What is liked.
    video: VideoView,
    /// The note, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The id of the user who led here, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    inviter_id: Option<String>,
    /// RFC 3339.
    created_at: String,
}

impl LikedVideoView {
    /// Shows a liked video.
    pub(crate) fn new(liked: LikedVideo, state: &AppState) -> Self {
        let like = liked.like;
        Self {
            id: like.id.to_string(),
            liked_by: like.liked_by.to_string(),
            video: VideoView::new(liked.video, state),
            description: like.description.map(String::from),
            inviter_id: like.inviter.map(|id| id.to_string()),
            created_at: like.created_at.to_string(),
        }
    }
}
