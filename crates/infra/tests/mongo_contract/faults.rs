//! What a process that was killed leaves behind in the deployment, and how soon it is out of the way.

use std::time::{Duration, Instant};

use aviary_domain::like::LikeTarget;
use aviary_domain::test_support::{fixture, seed};
use aviary_domain::user::{AccountChange, FullName, User};
use aviary_domain::{Id, StoreError};
use futures_util::future::join_all;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, ClientSession};

use super::{Guard, fresh};

/// A transaction of a program of this name that has changed a user and stands still.
async fn held(guard: &Guard, program: &str, user: Id<User>) -> ClientSession {
    let mut options = ClientOptions::parse(&guard.uri).await.expect("a step of the test");
    options.app_name = Some(program.to_owned());
    let client = Client::with_options(options).expect("a step of the test");
    let users = client.default_database().expect("a step of the test").collection::<Document>("users");
    let mut session = client.start_session().await.expect("a step of the test");
    session.start_transaction().await.expect("a step of the test");
    let id = doc! { "_id": ObjectId::from_bytes(user.bytes()) };
    let change = users.update_one(id, doc! { "$set": { "fullName": "Half of a name" } });
    assert_eq!(change.session(&mut session).await.expect("a step of the test").modified_count, 1);
    session
}

fn renamed() -> AccountChange {
    AccountChange {
        full_name: Some(FullName::parse("Ada King").expect("a step of the test")),
        ..AccountChange::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_write_behind_a_dead_process_gets_its_way_too() {
    let (store, guard) = fresh().await;
    let user = seed::user(&store).await;
    let mut dead = held(&guard, "aviary", user.id).await;
    let begun = Instant::now();
    store.users.update(user.id, &renamed(), fixture::at(100)).await.expect("a changed name");
    assert!(begun.elapsed() < Duration::from_secs(9), "it waited {:?}", begun.elapsed());
    assert!(dead.commit_transaction().await.is_err(), "the dead one has nothing left to commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_in_vain_keeps_nobody_else_waiting() {
    let (store, guard) = fresh().await;
    let [user, other] = [seed::user(&store).await, seed::user(&store).await];
    // Of a program that is none of ours, so that nobody ends it.
    let mut stubborn = held(&guard, "somebody-else", user.id).await;
    let refused = store.users.update(user.id, &renamed(), fixture::at(100)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    for _ in 0..10 {
        let begun = Instant::now();
        seed::tweet(&store, other.id).await;
        assert!(begun.elapsed() < Duration::from_secs(2), "another one waited {:?}", begun.elapsed());
    }
    stubborn.abort_transaction().await.unwrap();
    store.users.update(user.id, &renamed(), fixture::at(100)).await.expect("a changed name");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_had_begun_is_out_of_the_way_before_others_give_up() {
    let (store, guard) = fresh().await;
    let user = seed::user(&store).await;
    let mut dead = held(&guard, "aviary", user.id).await;

    // It counts the tweet where the dead one has written.
    let begun = Instant::now();
    seed::tweet(&store, user.id).await;
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(1) && waited < Duration::from_secs(9), "it waited {waited:?}");
    assert!(dead.commit_transaction().await.is_err(), "the dead one has nothing left to commit");
    let users = guard.database().await.collection::<Document>("users");
    let id = doc! { "_id": ObjectId::from_bytes(user.id.bytes()) };
    let user = users.find_one(id).await.unwrap().unwrap();
    assert_eq!(user.get_i64("tweetsCount").unwrap(), 1);
    assert_ne!(user.get_str("fullName").unwrap(), "Half of a name");
}

/// Likes, comments and tweets that come together are put down together, unless one of them is in the others' way.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_blocked_keeps_nothing_waiting_that_came_with_it() {
    let (store, guard) = fresh().await;
    let (blocked, free) = (seed::user(&store).await, seed::user(&store).await);
    let (stuck, open) = (seed::video(&store, blocked.id).await, seed::video(&store, free.id).await);
    let fans = seed::users(&store, 8).await;
    let mut stubborn = held(&guard, "somebody-else", blocked.id).await;

    let at = fixture::at(1);
    let refused = async {
        let like = fixture::like(fans[0].id, LikeTarget::Video(stuck.id), at);
        let (comment, tweet) = (fixture::comment(stuck.id, fans[0].id, at), fixture::tweet(blocked.id, at));
        tokio::join!(store.likes.put(&like), store.comments.create(&comment, None), store.tweets.create(&tweet, None))
    };
    let others = fans.iter().map(async |fan| {
        let begun = Instant::now();
        for _ in 0..3 {
            let like = fixture::like(fan.id, LikeTarget::Video(open.id), at);
            let (comment, tweet) = (fixture::comment(open.id, fan.id, at), fixture::tweet(fan.id, at));
            let (liked, commented, tweeted) = tokio::join!(
                store.likes.toggle(&like),
                store.comments.create(&comment, None),
                store.tweets.create(&tweet, None)
            );
            assert!(liked.unwrap().is_some() && commented.unwrap().is_some() && tweeted.is_ok());
        }
        begun.elapsed()
    });
    let (refused, waited) = tokio::join!(refused, join_all(others));
    assert!(waited.iter().all(|waited| *waited < Duration::from_secs(3)), "others waited {waited:?}");
    assert!(matches!(refused.0, Err(StoreError::Unavailable(_))), "{:?}", refused.0);
    assert!(matches!(refused.1, Err(StoreError::Unavailable(_))), "{:?}", refused.1);
    assert!(matches!(refused.2, Err(StoreError::Unavailable(_))), "{:?}", refused.2);
    stubborn.abort_transaction().await.unwrap();
    let seen = store.videos.find(open.id).await.unwrap().unwrap();
    assert_eq!((seen.likes_count, seen.comments_count), (8, 24));
    seed::tweet(&store, blocked.id).await;
}
