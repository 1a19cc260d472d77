//! Tweets as clients see them.

use aviary_domain::tweet::TweetCard;
use serde::Serialize;
use utoipa::ToSchema;

use super::MiniUser;
use crate::state::AppState;

/// A tweet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TweetView {
    /// The id.
    #[serde(rename = "_id")]
    id: String,
    /// What it says.
    content: String,
    /// Who wrote it.
    owner: MiniUser,
    /// How many users like it.
    likes_count: u64,
    /// Whether the caller likes it.
    is_liked: bool,
    /// When it was written (RFC 3339).
    created_at: String,
    /// When it was last changed (RFC 3339).
    updated_at: String,
}

impl TweetView {
    /// Shows a card.
    pub(crate) fn new(card: &TweetCard, state: &AppState) -> Self {
        Self {
            id: card.tweet.id.to_string(),
            content: card.tweet.content.as_str().to_owned(),
            owner: MiniUser::new(&card.owner, state),
            likes_count: card.tweet.likes_count,
            is_liked: card.is_liked,
            created_at: card.tweet.created_at.to_string(),
            updated_at: card.tweet.updated_at.to_string(),
        }
    }
}
