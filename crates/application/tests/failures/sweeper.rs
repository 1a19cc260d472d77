//! The sweeper goes on past what fails and comes back to it later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aviary_application::{Error, Swept};
use aviary_domain::file::{DueFile, FileKey};
use aviary_domain::media::MediaError;
use aviary_domain::media::site::{MediaSite, SITE_LEASE};
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
    bench.media.expect_remove().with(eq(name(1))).once().returning(stuck);
    bench.media.expect_remove().with(eq(name(2))).once().returning(|_| Ok(()));
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
        bench.media.expect_remove().once().returning(|_| Err(MediaError::Backend("refused".into())));
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
    bench.media.expect_remove().once().returning(|_| Ok(()));
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
    bench.media.expect_remove().returning(|_| Ok(()));
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
    bench.media.expect_remove().once().returning(|_| Ok(()));
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

#[tokio::test]
async fn who_does_not_hold_the_lease_leaves_everything_alone() {
    let mut bench = Bench::new();
    shares_the_site(&mut bench);
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
    shares_the_site(&mut bench);
    bench.store.leases.expect_acquire().once().returning(|_, _, _| Ok(true));
    bench.store.maintenance.expect_purge().once().returning(|_| Ok(3));
    bench.store.maintenance.expect_expire().once().returning(|_, _, _| Ok(0));
    bench.store.files.expect_due().once().returning(|_, _| Ok(vec![]));
    no_tasks(&mut bench);
    let swept = bench.application().sweeper.run_in_turn().await.expect("the round goes through");
    assert_eq!(swept.map(|swept| swept.purged), Some(3));
}

#[tokio::test]
async fn without_an_answer_about_the_lease_nobody_sweeps() {
    let mut bench = Bench::new();
    bench.store.leases.expect_acquire().once().returning(|_, _, _| Err(StoreError::unavailable("gone")));
    assert!(matches!(bench.application().sweeper.run_in_turn().await, Err(Error::Unavailable(_))));
}

/// Every server says that it is there, whichever sweeps.
fn shares_the_site(bench: &mut Bench) {
    let is_ours = |lease: &str, holder: &str| lease == SITE_LEASE && holder == MediaSite::Folder.to_string();
    let leases = &mut bench.store.leases;
    leases.expect_acquire().withf(move |lease, holder, _| is_ours(lease, holder)).returning(|_, _, _| Ok(true));
    leases.expect_release().withf(move |lease, holder| is_ours(lease, holder)).returning(|_, _| Ok(()));
}

fn elsewhere() -> MediaSite {
    MediaSite::Account { name: "demo".to_owned(), folder: "aviary".to_owned() }
}

/// What lies at the account is not in the folder, and is neither gone nor failed for that.
#[tokio::test]
async fn who_does_not_reach_the_files_by_now_neither_sweeps_nor_keeps_others_from_it() {
    let mut bench = Bench::new();
    bench.store.media_site = MockMediaSiteNote::new();
    bench.store.media_site.expect_noted().once().returning(|| Ok(Some(elsewhere())));
    // Both are given up, and nothing else is asked or done.
    bench.store.leases.expect_release().times(2).returning(|_, _| Ok(()));
    assert!(matches!(bench.application().sweeper.run_in_turn().await, Ok(None)));
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
