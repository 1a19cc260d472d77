//! Tweets: short public notes.

use async_trait::async_trait;

use crate::idempotency::Once;
use crate::page::{Page, PageRequest};
use crate::text::text_value;
use crate::user::{User, UserCard};
use crate::{Id, StoreError, Timestamp};

text_value! {
    /// A tweet's text: 1 to 1,000 characters, lines allowed.
    TweetText, 1..=1000, lines
}

/// A tweet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Tweet {
    /// The id.
    pub id: Id<Tweet>,
    /// Who wrote it.
    pub owner: Id<User>,
    /// The text.
    pub content: TweetText,
    /// How many users like it.
    pub likes_count: u64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A tweet with its owner, as one viewer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TweetCard {
    /// The tweet.
    pub tweet: Tweet,
    /// Its owner.
    pub owner: UserCard,
    /// Whether the viewer likes it.
    pub is_liked: bool,
}

/// The store of tweets.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait TweetRepository: Send + Sync {
    /// Adds a tweet with no likes.
    async fn create(&self, tweet: &Tweet, once: Option<Once>) -> Result<TweetCard, StoreError>;

    /// The tweet with this id.
    async fn find(&self, id: Id<Tweet>) -> Result<Option<Tweet>, StoreError>;

    /// Everybody's tweets, newest first. The total is given with page numbers, from a stored count.
    async fn list(&self, viewer: Option<Id<User>>, page: &PageRequest) -> Result<Page<TweetCard>, StoreError>;

    /// One user's tweets, newest first, without a total; `None` when there is no such user.
    async fn list_by(
        &self,
        owner: Id<User>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<TweetCard>>, StoreError>;

    /// Changes the text and answers with the tweet as its owner sees it.
    async fn update(&self, id: Id<Tweet>, content: &TweetText, now: Timestamp)
    -> Result<Option<TweetCard>, StoreError>;

    /// Deletes a tweet; its likes leave every counter at once. `false` when there was none.
    async fn delete(&self, id: Id<Tweet>) -> Result<bool, StoreError>;
}
