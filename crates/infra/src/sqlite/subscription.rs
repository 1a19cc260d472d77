//! Subscriptions as rows: one a pair by primary key, counted on both users in the same step.

use std::sync::LazyLock;

use async_trait::async_trait;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::subscription::{Subscription, SubscriptionCard, SubscriptionRepository, SubscriptionState};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError};
use rusqlite::{Connection, params};

use super::database::Database;
use super::error::SqlError;
use super::row::{USER_CARD, all, count, execute, first, id_from, integer, timestamp, user_card};
use super::{newest, user};

/// A page of the subscribers of a channel (?1) after a time and id (?2, ?3).
pub(super) static SUBSCRIBERS: LazyLock<String> = LazyLock::new(|| select_cards("channel", "subscriber"));

/// A page of the channels of a subscriber (?1) after a time and id (?2, ?3).
pub(super) static CHANNELS: LazyLock<String> = LazyLock::new(|| select_cards("subscriber", "channel"));

/// The cards of one end's subscriptions, with the users on the other end.
fn select_cards(end: &str, other: &str) -> String {
    format!(
        "SELECT s.id, s.created_at, {USER_CARD} FROM subscriptions s JOIN users u ON u.id = s.{other}
         WHERE s.{end} = ?1 AND (s.created_at, s.id) < (?2, ?3)
         ORDER BY s.created_at DESC, s.id DESC LIMIT ?4 OFFSET ?5"
    )
}

/// The subscriptions in the embedded store.
pub struct SqliteSubscriptions {
    database: Database,
}

impl SqliteSubscriptions {
    /// The subscriptions of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SubscriptionRepository for SqliteSubscriptions {
    async fn put(&self, subscription: &Subscription) -> Result<Option<SubscriptionState>, StoreError> {
        let wanted = *subscription;
        self.database
            .write(move |c| {
                add(c, &wanted)?;
                state(c, wanted.channel, true)
            })
            .await
    }

    async fn remove(&self, subscriber: Id<User>, channel: Id<User>) -> Result<Option<SubscriptionState>, StoreError> {
        self.database
            .write(move |c| {
                remove(c, subscriber, channel)?;
                state(c, channel, false)
            })
            .await
    }

    async fn toggle(&self, subscription: &Subscription) -> Result<Option<SubscriptionState>, StoreError> {
        let wanted = *subscription;
        self.database
            .write(move |c| {
                let removed = remove(c, wanted.subscriber, wanted.channel)?;
                if !removed {
                    add(c, &wanted)?;
                }
                state(c, wanted.channel, !removed)
            })
            .await
    }

    async fn subscribers(
        &self,
        channel: Id<User>,
        page: &PageRequest,
    ) -> Result<Option<Page<SubscriptionCard>>, StoreError> {
        let request = page.clone();
        self.database.read_page(page, move |c| list(c, &SUBSCRIBERS, channel, &request)).await
    }

    async fn channels(
        &self,
        subscriber: Id<User>,
        page: &PageRequest,
    ) -> Result<Option<Page<SubscriptionCard>>, StoreError> {
        let request = page.clone();
        self.database.read_page(page, move |c| list(c, &CHANNELS, subscriber, &request)).await
    }
}

/// Subscribes unless subscribed or there is no such channel.
fn add(c: &Connection, wanted: &Subscription) -> Result<(), SqlError> {
    let added = execute(
        c,
        "INSERT INTO subscriptions (channel, subscriber, id, created_at)
         SELECT id, ?2, ?3, ?4 FROM users WHERE id = ?1 ON CONFLICT (channel, subscriber) DO NOTHING",
        params![wanted.channel.bytes(), wanted.subscriber.bytes(), wanted.id.bytes(), wanted.created_at.millis(),],
    )?;
    if added > 0 { change_counts(c, wanted.subscriber, wanted.channel, 1) } else { Ok(()) }
}

/// Unsubscribes if subscribed; tells whether it did.
fn remove(c: &Connection, subscriber: Id<User>, channel: Id<User>) -> Result<bool, SqlError> {
    let sql = "DELETE FROM subscriptions WHERE channel = ?1 AND subscriber = ?2";
    let removed = execute(c, sql, params![channel.bytes(), subscriber.bytes()])? > 0;
    if removed {
        change_counts(c, subscriber, channel, -1)?;
    }
    Ok(removed)
}

fn change_counts(c: &Connection, subscriber: Id<User>, channel: Id<User>, change: i64) -> Result<(), SqlError> {
    execute(
        c,
        "UPDATE users SET subscribers_count = subscribers_count + ?2 WHERE id = ?1",
        params![channel.bytes(), change],
    )?;
    execute(
        c,
        "UPDATE users SET subscriptions_count = subscriptions_count + ?2 WHERE id = ?1",
        params![subscriber.bytes(), change],
    )?;
    Ok(())
}

/// How things stand for a channel; `None` when there is no such channel.
fn state(c: &Connection, channel: Id<User>, is_subscribed: bool) -> Result<Option<SubscriptionState>, SqlError> {
    first(c, "SELECT subscribers_count FROM users WHERE id = ?1", [channel.bytes()], |row| {
        Ok(SubscriptionState { is_subscribed, subscribers_count: count(row, 0)? })
    })
}

fn list(
    c: &Connection,
    sql: &str,
    end: Id<User>,
    page: &PageRequest,
) -> Result<Option<Page<SubscriptionCard>>, SqlError> {
    if !user::exists(c, end)? {
        return Ok(None);
    }
    let (time, id) = newest::start(page)?;
    let cards = all(c, sql, params![end.bytes(), time, id, integer(page.surplus()), integer(page.offset())], |row| {
        Ok(SubscriptionCard { id: id_from(row, 0)?, created_at: timestamp(row, 1)?, user: user_card(row, 2)? })
    })?;
    Ok(Some(Page::from_surplus(cards, page.size, None, |last| newest::cursor(last.created_at, last.id))))
}
