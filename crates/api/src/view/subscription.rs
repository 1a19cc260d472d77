//! Subscriptions.

use aviary_domain::subscription::{SubscriptionCard, SubscriptionState};
use serde::Serialize;
use utoipa::ToSchema;

use super::MiniUser;
use crate::state::AppState;

/// How things stand after subscribing or unsubscribing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscriptionStateView {
    /// Whether the caller subscribes now.
    subscribed: bool,
    /// The same as `subscribed`.
    is_subscribed: bool,
    /// How many users subscribe to the channel now.
    subscribers_count: u64,
}

impl From<SubscriptionState> for SubscriptionStateView {
    fn from(state: SubscriptionState) -> Self {
        Self {
            subscribed: state.is_subscribed,
            is_subscribed: state.is_subscribed,
            subscribers_count: state.subscribers_count,
        }
    }
}

/// A subscriber of a channel.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscriberView {
    /// The subscription's id.
    #[serde(rename = "_id")]
    id: String,
    /// Who subscribes.
    subscriber: MiniUser,
    /// RFC 3339.
    created_at: String,
}

impl SubscriberView {
    /// Shows an entry of a list of subscribers.
    pub(crate) fn new(card: &SubscriptionCard, state: &AppState) -> Self {
        Self {
            id: card.id.to_string(),
            subscriber: MiniUser::new(&card.user, state),
            created_at: card.created_at.to_string(),
        }
    }
}

/// A channel that somebody subscribes to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscribedChannelView {
    /// The subscription's id.
    #[serde(rename = "_id")]
    id: String,
    /// The channel.
    channel: MiniUser,
    /// RFC 3339.
    created_at: String,
}

impl SubscribedChannelView {
    /// Shows an entry of a list of channels.
    pub(crate) fn new(card: &SubscriptionCard, state: &AppState) -> Self {
        Self {
            id: card.id.to_string(),
            channel: MiniUser::new(&card.user, state),
            created_at: card.created_at.to_string(),
        }
    }
}
