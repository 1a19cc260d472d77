//! Likes of videos, comments and tweets.

use async_trait::async_trait;

use crate::comment::Comment;
use crate::page::{Page, PageRequest};
use crate::text::text_value;
use crate::tweet::Tweet;
use crate::user::User;
use crate::video::{Video, VideoCard};
use crate::{Id, StoreError, Timestamp};

text_value! {
    /// A note kept with a like: up to 500 characters, lines allowed.
    LikeNote, 0..=500, lines
}

/// What is liked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub enum LikeTarget {
    /// A video.
    Video(Id<Video>),
    /// A comment; visible where its video is.
    Comment(Id<Comment>),
    /// A tweet.
    Tweet(Id<Tweet>),
}

/// A user likes something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Like {
    /// The id.
    pub id: Id<Like>,
    /// Who likes.
    pub liked_by: Id<User>,
    /// What is liked.
    pub target: LikeTarget,
    /// A note, if one was given.
    pub description: Option<LikeNote>,
    /// The user who is said to have led here, if one was named; not checked.
    pub inviter: Option<Id<User>>,
    /// Since when.
    pub created_at: Timestamp,
}

/// How things stand after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LikeState {
    /// Whether the user likes the target now.
    pub is_liked: bool,
    /// How many users like it now.
    pub likes_count: u64,
}

/// A liked video.
#[derive(Debug, Clone, PartialEq)]
pub struct LikedVideo {
    /// The like.
    pub like: Like,
    /// What is liked.
    pub video: VideoCard,
}

/// The store of likes. There is at most one like of a user and a target, whatever runs at once, and the target's
/// count changes in the same step. All methods answer `None` when the user cannot see the target.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait LikeRepository: Send + Sync {
    /// Adds a like unless there is one, which then stays as it was.
    async fn put(&self, like: &Like) -> Result<Option<LikeState>, StoreError>;

    /// Removes a like if there is one.
    async fn remove(&self, user: Id<User>, target: LikeTarget) -> Result<Option<LikeState>, StoreError>;

    /// Removes the like if there is one, else adds it.
    async fn toggle(&self, like: &Like) -> Result<Option<LikeState>, StoreError>;

    /// The videos that a user likes and can see, latest like first, without a total.
    async fn liked_videos(&self, user: Id<User>, page: &PageRequest) -> Result<Page<LikedVideo>, StoreError>;
}
