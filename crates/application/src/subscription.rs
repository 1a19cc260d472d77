//! Subscriptions to channels.

use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::page::{ListOrder, Page, PageSize};
use aviary_domain::subscription::{Subscription, SubscriptionCard, SubscriptionState};
use aviary_domain::user::User;

use crate::error::{Error, Noun};
use crate::{Actor, ListParams, Ports};

/// The use cases of subscriptions.
#[derive(Clone)]
pub struct Subscriptions {
    ports: Arc<Ports>,
}

impl Subscriptions {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Subscribes; subscribing twice changes nothing.
    pub async fn put(&self, actor: Actor, channel: Id<User>) -> Result<SubscriptionState, Error> {
        let subscription = self.subscription(actor, channel)?;
        found(self.ports.store.subscriptions.put(&subscription).await?)
    }

    /// Unsubscribes; unsubscribing twice changes nothing.
    pub async fn remove(&self, actor: Actor, channel: Id<User>) -> Result<SubscriptionState, Error> {
        self.subscription(actor, channel)?;
        found(self.ports.store.subscriptions.remove(actor.user, channel).await?)
    }

    /// Subscribes who is not subscribed and the other way round.
    pub async fn toggle(&self, actor: Actor, channel: Id<User>) -> Result<SubscriptionState, Error> {
        let subscription = self.subscription(actor, channel)?;
        found(self.ports.store.subscriptions.toggle(&subscription).await?)
    }

    /// A channel's subscribers, latest first.
    pub async fn subscribers(&self, channel: Id<User>, part: &ListParams) -> Result<Page<SubscriptionCard>, Error> {
        let page = part.request(ListOrder::Newest, PageSize::MAX)?;
        found(self.ports.store.subscriptions.subscribers(channel, &page).await?)
    }

    /// The channels that a user subscribes to, latest first.
    pub async fn channels(&self, subscriber: Id<User>, part: &ListParams) -> Result<Page<SubscriptionCard>, Error> {
        let page = part.request(ListOrder::Newest, PageSize::MAX)?;
        let channels = self.ports.store.subscriptions.channels(subscriber, &page).await?;
        channels.ok_or(Error::NotFound(Noun::User))
    }

    fn subscription(&self, actor: Actor, channel: Id<User>) -> Result<Subscription, Error> {
        if actor.user == channel {
            return Err(Error::invalid("channelId", "is your own channel: you cannot subscribe to yourself"));
        }
        let id = self.ports.ids.next();
        Ok(Subscription { id, subscriber: actor.user, channel, created_at: self.ports.clock.now() })
    }
}

fn found<T>(found: Option<T>) -> Result<T, Error> {
    found.ok_or(Error::NotFound(Noun::Channel))
}
