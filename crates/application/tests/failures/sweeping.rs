//! Whose turn it is to sweep: one process has it, for as long as it needs, and it writes no more for that than it has to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aviary_application::Error;
use aviary_domain::media::site::{MediaSite, SITE_LEASE, SITE_LEASE_LIFE};
use aviary_domain::test_support::mock::MockMediaSiteNote;
use aviary_domain::video::{MediaTask, MediaTasks};
use aviary_domain::{Id, StoreError, Timestamp};
use tokio::time::Instant;

use crate::bench::Bench;

const LEASE: &str = "sweeper";

/// Which lease was taken when.
type Taken = Arc<Mutex<Vec<(String, Instant)>>>;

fn list(taken: &Taken) -> MutexGuard<'_, Vec<(String, Instant)>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A bench whose process gets every lease that it asks for, and on which nothing is left to sweep.
fn bench_in_turn() -> (Bench, Taken) {
    let mut bench = Bench::new();
    let taken = Taken::default();
    let note = taken.clone();
    let own = Id::<()>::from_bytes([9; 12]).to_string();
    bench.store.leases.expect_acquire().returning(move |lease, holder, life| {
        let (expected, least) = match lease {
            LEASE => (own.clone(), Duration::from_secs(15)),
            _ => (MediaSite::Folder.to_string(), SITE_LEASE_LIFE),
        };
        assert_eq!((holder, life), (expected.as_str(), least), "{lease}");
        list(&note).push((lease.to_owned(), Instant::now()));
        Ok(true)
    });
    bench.store.maintenance.expect_purge().returning(|_| Ok(3));
    bench.store.maintenance.expect_expire().returning(|_, _, _| Ok(0));
    bench.store.files.expect_due().returning(|_, _| Ok(vec![]));
    bench.store.media_tasks.expect_due().returning(|_, _| Ok(vec![]));
    (bench, taken)
}

fn times(taken: &Taken, lease: &str) -> Vec<Instant> {
    list(taken).iter().filter(|(name, _)| name == lease).map(|(_, at)| *at).collect()
}

/// This lease is given back so often.
fn gives_back(bench: &mut Bench, lease: &'static str, times: usize) {
    bench.store.leases.expect_release().withf(move |name, _| name == lease).times(times).returning(|_, _| Ok(()));
}

fn elsewhere() -> MediaSite {
    MediaSite::Account { name: "demo".to_owned(), folder: "aviary".to_owned() }
}

#[tokio::test]
async fn who_holds_the_lease_sweeps_and_gives_it_back_in_the_end() {
    let (mut bench, _) = bench_in_turn();
    // What cannot be released ends by itself, and keeps nothing else from being released.
    let stuck = |_: &str, _: &str| Err(StoreError::unavailable("gone"));
    bench.store.leases.expect_release().withf(|lease, _| lease == SITE_LEASE).once().returning(stuck);
    gives_back(&mut bench, LEASE, 1);
    let sweeper = bench.application().sweeper;
    let swept = sweeper.run_in_turn().await.expect("the round goes through");
    assert_eq!(swept.map(|swept| swept.purged), Some(3));
    sweeper.rest().await;
    // There is nothing left to give back.
    sweeper.rest().await;
}

/// The lease of the site is that of the one who sweeps, too, who goes on.
#[tokio::test]
async fn who_does_not_hold_the_lease_leaves_everything_alone_and_gives_nothing_back() {
    let mut bench = Bench::new();
    bench.store.leases.expect_acquire().withf(|lease, _, _| lease == LEASE).once().returning(|_, _, _| Ok(false));
    let sweeper = bench.application().sweeper;
    assert!(matches!(sweeper.run_in_turn().await, Ok(None)));
    sweeper.rest().await;
}

#[tokio::test]
async fn without_an_answer_about_the_lease_nobody_sweeps() {
    let mut bench = Bench::new();
    bench.store.leases.expect_acquire().once().returning(|_, _, _| Err(StoreError::unavailable("gone")));
    assert!(matches!(bench.application().sweeper.run_in_turn().await, Err(Error::Unavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_to_do_writes_a_lease_only_when_a_third_of_its_life_is_over() {
    let (bench, taken) = bench_in_turn();
    let sweeper = bench.application().sweeper;
    for _ in 0..60 {
        assert!(matches!(sweeper.run_in_turn().await, Ok(Some(_))));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!((times(&taken, LEASE).len(), times(&taken, SITE_LEASE).len()), (12, 3));
}

/// A store that is slow to tell what there is to do.
struct SlowTasks;

#[async_trait::async_trait]
impl MediaTasks for SlowTasks {
    async fn due(&self, _now: Timestamp, _limit: usize) -> Result<Vec<MediaTask>, StoreError> {
        tokio::time::sleep(Duration::from_mins(5)).await;
        Ok(vec![])
    }

    async fn postpone(&self, _task: &MediaTask, _until: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn done(&self, _task: &MediaTask) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_round_of_minutes_is_no_reason_to_lose_a_lease() {
    let (mut bench, taken) = bench_in_turn();
    bench.instead = Some(Box::new(|store| store.media_tasks = Arc::new(SlowTasks)));
    assert!(matches!(bench.application().sweeper.run_in_turn().await, Ok(Some(_))));
    let end = Instant::now();
    for (lease, life) in [(LEASE, Duration::from_secs(15)), (SITE_LEASE, SITE_LEASE_LIFE)] {
        let mut at = times(&taken, lease);
        at.push(end);
        assert!(at.windows(2).all(|next| next[1] - next[0] < life / 2), "{lease}: {at:?}");
    }
}

/// What lies at the account is not in the folder, and is neither gone nor failed for that.
#[tokio::test]
async fn who_does_not_reach_the_files_any_more_neither_sweeps_nor_keeps_others_from_it() {
    let (mut bench, taken) = bench_in_turn();
    let moved = Arc::new(AtomicBool::new(false));
    let has_moved = moved.clone();
    bench.store.media_site = MockMediaSiteNote::new();
    let noted = move || Ok(Some(if has_moved.load(Ordering::Relaxed) { elsewhere() } else { MediaSite::Folder }));
    bench.store.media_site.expect_noted().returning(noted);
    // Both are given up once, however long it goes on asking.
    gives_back(&mut bench, LEASE, 1);
    gives_back(&mut bench, SITE_LEASE, 1);
    let sweeper = bench.application().sweeper;
    assert!(matches!(sweeper.run_in_turn().await, Ok(Some(_))));
    moved.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        assert!(matches!(sweeper.run_in_turn().await, Ok(None)));
    }
    assert_eq!(list(&taken).len(), 2);
    moved.store(false, Ordering::Relaxed);
    assert!(matches!(sweeper.run_in_turn().await, Ok(Some(_))));
    assert_eq!(list(&taken).len(), 4, "both are taken again");
}
