//! Subscriptions of users to channels.

use async_trait::async_trait;

use crate::page::{Page, PageRequest};
use crate::user::{User, UserCard};
use crate::{Id, StoreError, Timestamp};

/// A user subscribes to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Subscription {
    /// The id.
    pub id: Id<Subscription>,
    /// Who subscribes.
    pub subscriber: Id<User>,
    /// To whom.
    pub channel: Id<User>,
    /// Since when.
    pub created_at: Timestamp,
}

/// How things stand after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionState {
    /// Whether the user subscribes now.
    pub is_subscribed: bool,
    /// How many users subscribe to the channel now.
    pub subscribers_count: u64,
}

/// A subscription with the user on its other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionCard {
    /// The subscription's id.
    pub id: Id<Subscription>,
    /// The subscriber in a list of subscribers, the channel in a list of channels.
    pub user: UserCard,
    /// Since when.
    pub created_at: Timestamp,
}

/// The store of subscriptions. There is at most one of a pair, whatever runs at once, and the counts of both users
/// change in the same step. The callers see to it that nobody subscribes to their own channel.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait SubscriptionRepository: Send + Sync {
    /// Subscribes unless subscribed, which then stays as it was; `None` when there is no such channel.
    async fn put(&self, subscription: &Subscription) -> Result<Option<SubscriptionState>, StoreError>;

    /// Unsubscribes if subscribed; `None` when there is no such channel.
    async fn remove(&self, subscriber: Id<User>, channel: Id<User>) -> Result<Option<SubscriptionState>, StoreError>;

    /// Unsubscribes if subscribed, else subscribes; `None` when there is no such channel.
    async fn toggle(&self, subscription: &Subscription) -> Result<Option<SubscriptionState>, StoreError>;

    /// A channel's subscribers, latest first, without a total; `None` when there is no such channel.
    async fn subscribers(
        &self,
        channel: Id<User>,
        page: &PageRequest,
    ) -> Result<Option<Page<SubscriptionCard>>, StoreError>;

    /// The channels that a user subscribes to, latest first, without a total; `None` when there is no such user.
    async fn channels(
        &self,
        subscriber: Id<User>,
        page: &PageRequest,
    ) -> Result<Option<Page<SubscriptionCard>>, StoreError>;
}
