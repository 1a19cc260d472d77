//! Comments.

use aviary_domain::comment::CommentCard;
use serde::Serialize;
use utoipa::ToSchema;

use super::MiniUser;
use crate::state::AppState;

/// A comment with its owner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommentView {
    /// The id.
    #[serde(rename = "_id")]
    id: String,
    /// The text.
    content: String,
    /// The id of the video.
    video: String,
    /// Who wrote it.
    owner: MiniUser,
    /// How many users like it.
    likes_count: u64,
    /// Whether the caller likes it.
    is_liked: bool,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    updated_at: String,
}

impl CommentView {
    /// Shows a comment.
    pub(crate) fn new(card: CommentCard, state: &AppState) -> Self {
        let comment = card.comment;
        Self {
            id: comment.id.to_string(),
            content: comment.content.into(),
            video: comment.video.to_string(),
            owner: MiniUser::new(&card.owner, state),
            likes_count: comment.likes_count,
            is_liked: card.is_liked,
            created_at: comment.created_at.to_string(),
            updated_at: comment.updated_at.to_string(),
        }
    }
}
