//! Subscriptions as documents: one a pair by a unique index, counted on both users in the same transaction.

use async_trait::async_trait;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::subscription::{Subscription, SubscriptionCard, SubscriptionRepository, SubscriptionState};
use aviary_domain::user::{User, UserCard};
use aviary_domain::{Id, StoreError};
use mongodb::bson::{RawDocument, doc};

use super::Database;
use super::access::Access;
use super::collection::{SUBSCRIPTIONS, USERS};
use super::document::{Fields, date, newest_cursor, object_id};
use super::error::TxError;
use super::list::newest_page;
use super::{people, snapshot, user};

/// The subscriptions in MongoDB.
pub struct MongoSubscriptions {
    database: Database,
}

impl MongoSubscriptions {
    /// The subscriptions of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Changes whether somebody subscribes to a channel, whose number of subscribers is remembered.
    async fn change<F>(
        &self,
        subscriber: Id<User>,
        channel: Id<User>,
        steps: impl Fn(Access) -> F,
    ) -> Result<Option<SubscriptionState>, StoreError>
    where
        F: Future<Output = Result<Option<SubscriptionState>, TxError>>,
    {
        let changed = self.database.transact(&[channel.bytes(), subscriber.bytes()], steps).await;
        self.database.known().people.forget(&channel.bytes());
        changed
    }

    /// The subscriptions of one end with the users on the other.
    async fn list(
        &self,
        user: Id<User>,
        ends: [&str; 2],
        page: &PageRequest,
    ) -> Result<Option<Page<SubscriptionCard>>, StoreError> {
        let list = self.database.run(|_| async move {
            let db = snapshot::begin(&self.database).await?;
            list(&db, user, ends, page).await
        });
        list.await
    }
}

#[async_trait]
impl SubscriptionRepository for MongoSubscriptions {
    async fn put(&self, subscription: &Subscription) -> Result<Option<SubscriptionState>, StoreError> {
        let wanted = *subscription;
        self.change(wanted.subscriber, wanted.channel, |tx| async move {
            let Some(subscribers) = subscribers(&tx, wanted.channel).await? else { return Ok(None) };
            let added = add(&tx, &wanted).await?;
            Ok(Some(state(true, subscribers, i64::from(added))))
        })
        .await
    }

    async fn remove(&self, subscriber: Id<User>, channel: Id<User>) -> Result<Option<SubscriptionState>, StoreError> {
        self.change(subscriber, channel, |tx| async move {
            let Some(subscribers) = subscribers(&tx, channel).await? else { return Ok(None) };
            let removed = remove(&tx, subscriber, channel).await?;
            Ok(Some(state(false, subscribers, -i64::from(removed))))
        })
        .await
    }

    async fn toggle(&self, subscription: &Subscription) -> Result<Option<SubscriptionState>, StoreError> {
        let wanted = *subscription;
        self.change(wanted.subscriber, wanted.channel, |tx| async move {
            let Some(subscribers) = subscribers(&tx, wanted.channel).await? else { return Ok(None) };
            if remove(&tx, wanted.subscriber, wanted.channel).await? {
                return Ok(Some(state(false, subscribers, -1)));
            }
            add(&tx, &wanted).await?;
            Ok(Some(state(true, subscribers, 1)))
        })
        .await
    }

    async fn subscribers(
        &self,
        channel: Id<User>,
        page: &PageRequest,
    ) -> Result<Option<Page<SubscriptionCard>>, StoreError> {
        self.list(channel, ["channel", "subscriber"], page).await
    }

    async fn channels(
        &self,
        subscriber: Id<User>,
        page: &PageRequest,
    ) -> Result<Option<Page<SubscriptionCard>>, StoreError> {
        self.list(subscriber, ["subscriber", "channel"], page).await
    }
}

/// How many subscribe to a channel; `None` when there is no such channel.
async fn subscribers(tx: &Access, channel: Id<User>) -> Result<Option<u64>, TxError> {
    let filter = doc! { "_id": object_id(channel) };
    let found = tx.find_fields(USERS, filter, doc! { "subscribersCount": 1 }).await?;
    Ok(found.map(|user| user.count("subscribersCount")).transpose()?)
}

/// How things stand after a change of a count that was read in the same snapshot.
fn state(is_subscribed: bool, subscribers: u64, change: i64) -> SubscriptionState {
    SubscriptionState { is_subscribed, subscribers_count: subscribers.saturating_add_signed(change) }
}

/// Subscribes unless subscribed; tells whether it did.
async fn add(tx: &Access, wanted: &Subscription) -> Result<bool, TxError> {
    let pair = doc! { "channel": object_id(wanted.channel), "subscriber": object_id(wanted.subscriber) };
    let fresh = doc! {
        "_id": object_id(wanted.id),
        "createdAt": date(wanted.created_at),
        "updatedAt": date(wanted.created_at),
    };
    // The pair comes from the filter.
    let added = tx.upsert(SUBSCRIPTIONS, pair, doc! { "$setOnInsert": fresh }).await?;
    if added {
        change_counts(tx, wanted.subscriber, wanted.channel, 1).await?;
    }
    Ok(added)
}

/// Unsubscribes if subscribed; tells whether it did.
async fn remove(tx: &Access, subscriber: Id<User>, channel: Id<User>) -> Result<bool, TxError> {
    let pair = doc! { "channel": object_id(channel), "subscriber": object_id(subscriber) };
    let removed = tx.delete(SUBSCRIPTIONS, pair).await?;
    if removed {
        change_counts(tx, subscriber, channel, -1).await?;
    }
    Ok(removed)
}

async fn change_counts(tx: &Access, subscriber: Id<User>, channel: Id<User>, change: i64) -> Result<(), TxError> {
    let counts = [(channel, "subscribersCount"), (subscriber, "subscriptionsCount")];
    for (user, count) in counts {
        if !tx.update(USERS, doc! { "_id": object_id(user) }, doc! { "$inc": { count: change } }).await? {
            return Err(StoreError::backend("a user of a subscription is missing").into());
        }
    }
    Ok(())
}

async fn list(
    db: &Access,
    user: Id<User>,
    [end, other]: [&str; 2],
    page: &PageRequest,
) -> Result<Option<Page<SubscriptionCard>>, TxError> {
    if !user::exists(db, user).await? {
        return Ok(None);
    }
    let found = newest_page(db, SUBSCRIPTIONS, doc! { end: object_id(user) }, page).await?;
    let others = found.iter().map(|row| row.id::<User>(other)).collect::<Result<Vec<_>, _>>()?;
    let people = people::find_all(db, others.iter().copied()).await?;
    let cards = found.iter().zip(&others).filter_map(|(row, other)| Some(card(row, &people.get(&other.bytes())?.card)));
    let cards = cards.collect::<Result<_, _>>()?;
    Ok(Some(Page::from_surplus(cards, page.size, None, |last: &SubscriptionCard| {
        newest_cursor(last.created_at, last.id)
    })))
}

fn card(document: &RawDocument, user: &UserCard) -> Result<SubscriptionCard, StoreError> {
    Ok(SubscriptionCard { id: document.id("_id")?, created_at: document.time("createdAt")?, user: user.clone() })
}
