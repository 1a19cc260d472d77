//! The sweeper goes on past what fails and comes back to it later.

use std::time::Duration;

use aviary_application::Error;
use aviary_domain::StoreError;
use aviary_domain::file::DueFile;
use aviary_domain::media::MediaError;
use aviary_domain::tweet::{Tweet, TweetText};
use mockall::predicate::eq;

use crate::bench::{Bench, NOW, actor, name};

#[tokio::test]
async fn a_file_that_stays_is_tried_again_later_and_later_while_the_others_go() {
    let mut bench = Bench::new();
    bench.store.maintenance.expect_purge().returning(|_| Ok(0));
    bench.store.maintenance.expect_expire().returning(|_, _, _| Ok(0));
    let due = vec![DueFile { key: name(1), attempts: 3 }, DueFile { key: name(2), attempts: 0 }];
    bench.store.files.expect_due().once().return_once(|_, _| Ok(due));
    let stuck = |_: &_| Err(MediaError::Unavailable("busy".into()));
    bench.media.expect_remove().with(eq(name(1))).once().returning(stuck);
    bench.media.expect_remove().with(eq(name(2))).once().returning(|_| Ok(()));
    let later = NOW.after(Duration::from_secs(8));
    bench.store.files.expect_postpone().with(eq(name(1)), eq(later)).once().returning(|_, _| Ok(()));
    bench.store.files.expect_forget().with(eq(name(2))).once().returning(|_| Ok(()));
    let swept = bench.application().sweeper.run_once().await.expect("the round goes through");
    assert_eq!((swept.files, swept.postponed), (1, 1));
}

#[tokio::test]
async fn a_purge_that_fails_keeps_no_file_waiting() {
    let mut bench = Bench::new();
    bench.store.maintenance.expect_purge().returning(|_| Err(StoreError::unavailable("gone")));
    bench.store.maintenance.expect_expire().returning(|_, _, _| Ok(0));
    bench.store.files.expect_due().once().returning(|_, _| Ok(vec![DueFile { key: name(1), attempts: 0 }]));
    bench.media.expect_remove().once().returning(|_| Ok(()));
    bench.store.files.expect_forget().once().returning(|_| Ok(()));
    assert!(matches!(bench.application().sweeper.run_once().await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_delete_stands_even_when_its_purge_fails() {
    let mut bench = Bench::new();
    let tweet = Tweet {
        id: aviary_domain::Id::from_bytes([5; 12]),
        owner: actor().user,
        content: TweetText::from_stored("bye".into()),
        likes_count: 0,
        created_at: NOW,
        updated_at: NOW,
    };
    let id = tweet.id;
    bench.store.tweets.expect_find().once().return_once(|_| Ok(Some(tweet)));
    bench.store.tweets.expect_delete().with(eq(id)).once().returning(|_| Ok(true));
    bench.store.maintenance.expect_purge().once().returning(|_| Err(StoreError::unavailable("gone")));
    assert!(bench.application().tweets.delete(actor(), id).await.is_ok());
}

#[tokio::test]
async fn who_does_not_hold_the_lease_leaves_everything_alone() {
    let mut bench = Bench::new();
    let own = aviary_domain::Id::<()>::from_bytes([9; 12]).to_string();
    let holder = own.clone();
    bench
        .store
        .leases
        .expect_acquire()
        .withf(move |name, asked, life| name == "sweeper" && asked == holder && *life > Duration::from_secs(10))
        .once()
        .returning(|_, _, _| Ok(false));
    bench.store.leases.expect_release().withf(move |name, asked| name == "sweeper" && asked == own).once().returning(
        // What cannot be released ends by itself.
        |_, _| Err(StoreError::unavailable("gone")),
    );
    let sweeper = bench.application().sweeper;
    assert!(matches!(sweeper.run_in_turn().await, Ok(None)));
    sweeper.rest().await;
}

#[tokio::test]
async fn who_holds_the_lease_sweeps() {
    let mut bench = Bench::new();
    bench.store.leases.expect_acquire().once().returning(|_, _, _| Ok(true));
    bench.store.maintenance.expect_purge().once().returning(|_| Ok(3));
    bench.store.maintenance.expect_expire().once().returning(|_, _, _| Ok(0));
    bench.store.files.expect_due().once().returning(|_, _| Ok(vec![]));
    let swept = bench.application().sweeper.run_in_turn().await.expect("the round goes through");
    assert_eq!(swept.map(|swept| swept.purged), Some(3));
}

#[tokio::test]
async fn without_an_answer_about_the_lease_nobody_sweeps() {
    let mut bench = Bench::new();
    bench.store.leases.expect_acquire().once().returning(|_, _, _| Err(StoreError::unavailable("gone")));
    assert!(matches!(bench.application().sweeper.run_in_turn().await, Err(Error::Unavailable(_))));
}
