//! Rules of the store of subscriptions.

use futures_util::future::join_all;

use super::check::{CROWD, Listing, assert_no_drift, first, shuffled, stats};
use crate::page::{ListOrder, Page};
use crate::subscription::{Subscription, SubscriptionCard, SubscriptionState};
use crate::test_support::fixture::{at, next_id, subscription};
use crate::test_support::seed;
use crate::user::User;
use crate::{Id, Store};

const ONE: Option<SubscriptionState> = Some(SubscriptionState { is_subscribed: true, subscribers_count: 1 });
const NONE: Option<SubscriptionState> = Some(SubscriptionState { is_subscribed: false, subscribers_count: 0 });

/// How many subscribe to the user, and to how many the user subscribes.
async fn counts(store: &Store, user: &User) -> (u64, u64) {
    let channel = store.users.channel(&user.username, None).await.unwrap().unwrap();
    assert_eq!(stats(store, user.id).await.subscribers, channel.subscribers_count);
    (channel.subscribers_count, channel.subscriptions_count)
}

async fn pair(store: &Store) -> (User, User) {
    (seed::user(store).await, seed::user(store).await)
}

pub async fn a_subscription_is_counted_for_both(store: Store) {
    let (fan, channel) = pair(&store).await;
    assert_eq!(store.subscriptions.put(&subscription(fan.id, channel.id, at(1))).await.unwrap(), ONE);
    assert_eq!((counts(&store, &fan).await, counts(&store, &channel).await), ((0, 1), (1, 0)));
    assert_no_drift(&store).await;
}

pub async fn a_subscription_stays_as_it_was_when_it_is_put_again(store: Store) {
    let (fan, channel) = pair(&store).await;
    let first_one = subscription(fan.id, channel.id, at(1));
    store.subscriptions.put(&first_one).await.unwrap();
    assert_eq!(store.subscriptions.put(&subscription(fan.id, channel.id, at(2))).await.unwrap(), ONE);
    let page = store.subscriptions.subscribers(channel.id, &first()).await.unwrap().unwrap();
    let kept: Vec<_> = page.items.iter().map(|card| (card.id, card.created_at)).collect();
    assert_eq!(kept, [(first_one.id, at(1))]);
    assert_eq!((counts(&store, &fan).await, counts(&store, &channel).await), ((0, 1), (1, 0)));
    assert_no_drift(&store).await;
}

pub async fn an_ended_subscription_leaves_both_counts(store: Store) {
    let (fan, channel) = pair(&store).await;
    seed::subscribe(&store, fan.id, channel.id).await;
    for _ in 0..2 {
        assert_eq!(store.subscriptions.remove(fan.id, channel.id).await.unwrap(), NONE);
        assert_eq!((counts(&store, &fan).await, counts(&store, &channel).await), ((0, 0), (0, 0)));
    }
    assert_no_drift(&store).await;
}

pub async fn a_toggle_turns_the_subscription_round(store: Store) {
    let (fan, channel) = pair(&store).await;
    for expected in [ONE, NONE, ONE] {
        let state = store.subscriptions.toggle(&subscription(fan.id, channel.id, at(1))).await.unwrap();
        assert_eq!(state, expected);
    }
    assert_eq!((counts(&store, &fan).await, counts(&store, &channel).await), ((0, 1), (1, 0)));
    assert_no_drift(&store).await;
}

pub async fn a_subscription_has_a_direction(store: Store) {
    let (one, other) = pair(&store).await;
    seed::subscribe(&store, one.id, other.id).await;
    assert_eq!(store.subscriptions.remove(other.id, one.id).await.unwrap(), NONE);
    assert_eq!((counts(&store, &one).await, counts(&store, &other).await), ((0, 1), (1, 0)));
    seed::subscribe(&store, other.id, one.id).await;
    assert_eq!((counts(&store, &one).await, counts(&store, &other).await), ((1, 1), (1, 1)));
}

pub async fn an_unknown_channel_is_absent(store: Store) {
    let fan = seed::user(&store).await;
    let unknown = subscription(fan.id, next_id(), at(1));
    assert_eq!(store.subscriptions.put(&unknown).await.unwrap(), None);
    assert_eq!(store.subscriptions.toggle(&unknown).await.unwrap(), None);
    assert_eq!(store.subscriptions.remove(fan.id, unknown.channel).await.unwrap(), None);
    assert_eq!(store.subscriptions.subscribers(unknown.channel, &first()).await.unwrap(), None);
    assert_eq!(counts(&store, &fan).await, (0, 0));
    assert_no_drift(&store).await;
}

pub async fn channels_of_an_unknown_user_are_absent(store: Store) {
    assert_eq!(store.subscriptions.channels(next_id(), &first()).await.unwrap(), None);
}

pub async fn lists_without_subscriptions_are_empty(store: Store) {
    let user = seed::user(&store).await;
    let empty = Some(Page { items: vec![], total: None, next: None });
    assert_eq!(store.subscriptions.subscribers(user.id, &first()).await.unwrap(), empty);
    assert_eq!(store.subscriptions.channels(user.id, &first()).await.unwrap(), empty);
}

/// Ties everybody to the middle and back, with many equal times; answers with the ids of `tie`, latest first.
async fn tied(store: &Store, tie: impl Fn(&User) -> (Id<User>, Id<User>), others: &[User]) -> Vec<[u8; 12]> {
    let ids: Vec<Id<Subscription>> = others.iter().map(|_| next_id()).collect();
    let mut expected = Vec::new();
    for ((place, seconds), other) in shuffled(ids.len()).zip((0..3).cycle()).zip(others) {
        let (subscriber, channel) = tie(other);
        let subscription = Subscription { id: ids[place], ..subscription(subscriber, channel, at(seconds)) };
        store.subscriptions.put(&subscription).await.unwrap();
        seed::subscribe(store, channel, subscriber).await;
        expected.push((subscription.created_at, subscription.id.bytes()));
    }
    expected.sort_unstable();
    expected.into_iter().rev().map(|(_, id)| id).collect()
}

pub async fn subscribers_are_walked_latest_first_alike_by_page_and_cursor(store: Store) {
    let channel = seed::user(&store).await;
    let fans = seed::users(&store, 10).await;
    let expected = tied(&store, |fan| (fan.id, channel.id), &fans).await;
    Listing { what: "subscribers", order: ListOrder::Newest, counted: false }
        .assert_holds(
            &expected,
            |card: &SubscriptionCard| card.id.bytes(),
            async |page| store.subscriptions.subscribers(channel.id, &page).await.unwrap().unwrap(),
        )
        .await;
}

pub async fn channels_are_walked_latest_first_alike_by_page_and_cursor(store: Store) {
    let fan = seed::user(&store).await;
    let channels = seed::users(&store, 10).await;
    let expected = tied(&store, |channel| (fan.id, channel.id), &channels).await;
    Listing { what: "channels", order: ListOrder::Newest, counted: false }
        .assert_holds(
            &expected,
            |card: &SubscriptionCard| card.id.bytes(),
            async |page| store.subscriptions.channels(fan.id, &page).await.unwrap().unwrap(),
        )
        .await;
}

pub async fn each_list_shows_the_user_on_the_other_end(store: Store) {
    let (fan, channel) = pair(&store).await;
    let subscription = subscription(fan.id, channel.id, at(7));
    store.subscriptions.put(&subscription).await.unwrap();
    let subscribers = store.subscriptions.subscribers(channel.id, &first()).await.unwrap().unwrap();
    let channels = store.subscriptions.channels(fan.id, &first()).await.unwrap().unwrap();
    for (page, user) in [(subscribers, &fan), (channels, &channel)] {
        assert_eq!(page.items.len(), 1);
        let card = page.items.first().unwrap();
        assert_eq!((card.id, card.created_at), (subscription.id, at(7)));
        assert_eq!((card.user.id, &card.user.username), (user.id, &user.username));
        assert_eq!((&card.user.full_name, &card.user.avatar), (&user.full_name, &user.avatar));
    }
}

pub async fn identical_subscriptions_at_once_are_one(store: Store) {
    let (fan, channel) = pair(&store).await;
    let subscriptions: Vec<_> = (0..CROWD).map(|_| subscription(fan.id, channel.id, at(1))).collect();
    let states = join_all(subscriptions.iter().map(|one| store.subscriptions.put(one))).await;
    assert!(states.into_iter().all(|state| state.unwrap() == ONE));
    assert_eq!((counts(&store, &fan).await, counts(&store, &channel).await), ((0, 1), (1, 0)));
    assert_no_drift(&store).await;
}

pub async fn toggles_of_one_subscriber_at_once_take_turns(store: Store) {
    let (fan, channel) = pair(&store).await;
    let subscriptions: Vec<_> = (0..CROWD).map(|_| subscription(fan.id, channel.id, at(1))).collect();
    let states = join_all(subscriptions.iter().map(|one| store.subscriptions.toggle(one))).await;
    let subscribed = states.into_iter().filter(|state| *state.as_ref().unwrap() == ONE).count();
    assert_eq!(subscribed, CROWD / 2, "every second one subscribes");
    assert_eq!((counts(&store, &fan).await, counts(&store, &channel).await), ((0, 0), (0, 0)));
    assert_no_drift(&store).await;
}

pub async fn subscriptions_of_many_users_at_once_are_counted_one_by_one(store: Store) {
    let channel = seed::user(&store).await;
    let fans = seed::users(&store, CROWD).await;
    let subscriptions: Vec<_> = fans.iter().map(|fan| subscription(fan.id, channel.id, at(1))).collect();
    let states = join_all(subscriptions.iter().map(|one| store.subscriptions.put(one))).await;
    let mut shown: Vec<_> = states.into_iter().map(|state| state.unwrap().unwrap().subscribers_count).collect();
    shown.sort_unstable();
    assert_eq!(shown, (1..=50).collect::<Vec<_>>(), "each answer includes its own subscription");
    let ends = fans.iter().take(20).flat_map(|fan| [fan.id, fan.id]);
    join_all(ends.map(|fan| store.subscriptions.remove(fan, channel.id))).await;
    assert_eq!(counts(&store, &channel).await, (30, 0));
    assert_no_drift(&store).await;
}
