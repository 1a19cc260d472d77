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
