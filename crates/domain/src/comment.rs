//! Comments on videos.

use async_trait::async_trait;

use crate::idempotency::Once;
use crate::page::{Page, PageRequest};
use crate::text::text_value;
use crate::user::{User, UserCard};
use crate::video::Video;
use crate::{Id, StoreError, Timestamp};

text_value! {
    /// A comment's text: 1 to 5,000 characters, lines allowed.
    CommentText, 1..=5000, lines
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Comment {
    /// The id.
    pub id: Id<Comment>,
    /// What it is about.
    pub video: Id<Video>,
    /// Who wrote it.
    pub owner: Id<User>,
    /// The text.
    pub content: CommentText,
    /// How many users like it.
    pub likes_count: u64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A comment with its owner, as one viewer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentCard {
    /// The comment.
    pub comment: Comment,
    /// Its owner.
    pub owner: UserCard,
    /// Whether the viewer likes it.
    pub is_liked: bool,
}

/// A comment and whose video it stands under: what deciding who may remove it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedComment {
    /// The comment.
    pub comment: Comment,
    /// The owner of the video.
    pub video_owner: Id<User>,
}

/// The store of comments. A comment is visible where its video is.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait CommentRepository: Send + Sync {
    /// Adds a comment with no likes and counts it on its video; `None` when its author cannot see the video.
    async fn create(&self, comment: &Comment, once: Option<Once>) -> Result<Option<CommentCard>, StoreError>;

    /// The comment with this id, if the viewer can see its video.
    async fn find(&self, id: Id<Comment>, viewer: Option<Id<User>>) -> Result<Option<PlacedComment>, StoreError>;

    /// A video's comments, newest first; the total is given with page numbers, from a stored count. `None` when the
    /// viewer cannot see the video.
    async fn list(
        &self,
        video: Id<Video>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<CommentCard>>, StoreError>;

    /// Changes the text and answers with the comment as its owner sees it.
    async fn update(
        &self,
        id: Id<Comment>,
        content: &CommentText,
        now: Timestamp,
    ) -> Result<Option<CommentCard>, StoreError>;

    /// Deletes a comment; it and its likes leave every counter at once. `false` when there was none.
    async fn delete(&self, id: Id<Comment>) -> Result<bool, StoreError>;
}
