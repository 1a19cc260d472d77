//! The sweeper goes on past what fails and comes back to it later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aviary_application::{Error, Swept};
use aviary_domain::file::{DueFile, FileKey};
use aviary_domain::media::MediaError;
use aviary_domain::media::site::MediaSite;
use aviary_domain::test_support::mock::{MockMediaSiteNote, MockMediaTasks};
use aviary_domain::tweet::{Tweet, TweetText};
use aviary_domain::video::MediaTask;
use aviary_domain::{Id, StoreError, Timestamp};
use mockall::Sequence;
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
    bench.upkeep.expect_remove().with(eq(name(1))).once().returning(stuck);
    bench.upkeep.expect_remove().with(eq(name(2))).once().returning(|_| Ok(()));
    let later = NOW.after(Duration::from_secs(8));
    bench.store.files.expect_postpone().with(eq(name(1)), eq(later)).once().returning(|_, _| Ok(()));
    bench.store.files.expect_forget().with(eq(name(2))).once().returning(|_| Ok(()));
    no_tasks(&mut bench);
    let swept = bench.application().sweeper.run_once().await.expect("the round goes through");
    assert_eq!((swept.files, swept.postponed, swept.given_up), (1, 1, 0));
}

fn no_tasks(bench: &mut Bench) {
    bench.store.media_tasks.expect_due().returning(|_, _| Ok(vec![]));
}

/// A bench on which there is nothing to sweep but this file.
fn bench_with_due(file: DueFile) -> Bench {
    let mut bench = Bench::new();
    bench.store.maintenance.expect_purge().returning(|_| Ok(0));
    bench.store.maintenance.expect_expire().returning(|_, _, _| Ok(0));
    no_tasks(&mut bench);
    bench.store.files.expect_due().once().return_once(move |_, _| Ok(vec![file]));
    bench
}

#[tokio::test]
async fn a_file_that_stays_for_a_week_is_given_up_and_no_work_for_the_next_round() {
    for (attempts, until) in [(178, NOW.after(Duration::from_hours(1))), (179, Timestamp::NEVER)] {
        let mut bench = bench_with_due(DueFile { key: name(1), attempts });
        bench.upkeep.expect_remove().once().returning(|_| Err(MediaError::Backend("refused".into())));
        bench.store.files.expect_postpone().with(eq(name(1)), eq(until)).once().returning(|_, _| Ok(()));
        let swept = bench.application().sweeper.run_once().await.expect("the round goes through");
        let given_up = usize::from(until == Timestamp::NEVER);
        assert_eq!((swept.given_up, swept.postponed, swept.found_work()), (given_up, 1 - given_up, false));
    }
}

#[tokio::test]
async fn a_film_that_its_ticket_may_bring_again_is_removed_and_looked_for_once_more() {
    // The first four bytes are the second of the ticket: half an hour ago.
    let sent = FileKey::from_stored(format!("videos/{:08x}{:024}.mp4", NOW.seconds() - 1800, 1));
    let mut bench = bench_with_due(DueFile { key: sent.clone(), attempts: 0 });
    bench.upkeep.expect_remove().once().returning(|_| Ok(()));
    let over = NOW.after(Duration::from_mins(150));
    bench.store.files.expect_postpone().with(eq(sent), eq(over)).once().returning(|_, _| Ok(()));
    let swept = bench.application().sweeper.run_once().await.expect("the round goes through");
    assert_eq!((swept.files, swept.postponed), (1, 0));
}

#[tokio::test]
async fn many_files_go_and_the_failure_of_one_is_told_when_all_others_are_done() {
    let mut bench = Bench::new();
    bench.store.maintenance.expect_purge().returning(|_| Ok(0));
    bench.store.maintenance.expect_expire().returning(|_, _, _| Ok(0));
    no_tasks(&mut bench);
    let due = (0..50).map(|n| DueFile { key: name(n), attempts: 0 }).collect();
    bench.store.files.expect_due().once().return_once(move |_, _| Ok(due));
    bench.upkeep.expect_remove().returning(|_| Ok(()));
    let forgotten = Arc::new(AtomicUsize::new(0));
    let count = forgotten.clone();
    bench.store.files.expect_forget().returning(move |key| {
        count.fetch_add(1, Ordering::Relaxed);
        if *key == name(3) { Err(StoreError::unavailable("gone")) } else { Ok(()) }
    });
    assert!(matches!(bench.application().sweeper.run_once().await, Err(Error::Unavailable(_))));
    assert_eq!(forgotten.load(Ordering::Relaxed), 50);
}

#[tokio::test]
async fn a_purge_that_fails_keeps_no_file_waiting() {
    let mut bench = Bench::new();
    bench.store.maintenance.expect_purge().returning(|_| Err(StoreError::unavailable("gone")));
    bench.store.maintenance.expect_expire().returning(|_, _, _| Ok(0));
    bench.store.files.expect_due().once().returning(|_, _| Ok(vec![DueFile { key: name(1), attempts: 0 }]));
    bench.upkeep.expect_remove().once().returning(|_| Ok(()));
    bench.store.files.expect_forget().once().returning(|_| Ok(()));
    no_tasks(&mut bench);
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

fn elsewhere() -> MediaSite {
    MediaSite::Account { name: "demo".to_owned(), folder: "aviary".to_owned() }
}

#[tokio::test]
async fn what_is_due_when_the_files_move_elsewhere_is_left_to_those_who_reach_it() {
    let mut bench = bench_with_due(DueFile { key: name(1), attempts: 0 });
    bench.store.media_site = MockMediaSiteNote::new();
    bench.store.media_site.expect_noted().returning(|| Ok(Some(elsewhere())));
    bench.store.media_tasks = MockMediaTasks::new();
    let task = MediaTask { video: Id::from_bytes([1; 12]), attempts: 0, is_renewed: false, stamp: 1 };
    bench.store.media_tasks.expect_due().once().return_once(move |_, _| Ok(vec![task]));
    let swept = bench.application().sweeper.run_once().await.expect("the round goes through");
    assert_eq!(swept, Swept::default());
}

/// The list is read before the note: what another server kept elsewhere is in the list only after it is noted.
#[tokio::test]
async fn the_note_is_read_after_the_list_of_what_is_due() {
    let mut bench = Bench::new();
    bench.store.maintenance.expect_purge().returning(|_| Ok(0));
    bench.store.maintenance.expect_expire().returning(|_, _, _| Ok(0));
    no_tasks(&mut bench);
    let mut order = Sequence::new();
    let due = vec![DueFile { key: name(1), attempts: 0 }];
    bench.store.files.expect_due().once().in_sequence(&mut order).return_once(|_, _| Ok(due));
    bench.store.media_site = MockMediaSiteNote::new();
    let noted = bench.store.media_site.expect_noted();
    noted.once().in_sequence(&mut order).returning(|| Err(StoreError::unavailable("gone")));
    assert!(
        matches!(bench.application().sweeper.run_once().await, Err(Error::Unavailable(_))),
        "and nothing is removed"
    );
}
