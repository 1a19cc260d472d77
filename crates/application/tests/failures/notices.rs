//! Calls of the media store: only genuine ones count, and however they come, they change only what is so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aviary_application::Error;
use aviary_domain::StoreError;
use aviary_domain::lease::Leases;
use aviary_domain::media::notice::{NoticeError, SignedCall};
use aviary_domain::media::{MediaError, Progress};
use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};
use mockall::predicate::eq;

use crate::bench::{Bench, NOW};
use crate::upkeep::{alone, failed, film, found, processing, reads_marks, told, video};

fn call() -> SignedCall {
    SignedCall { timestamp: "1".into(), signature: "s".into(), body: b"{}".to_vec() }
}

/// A bench on which a genuine call is about a film that somebody waits for.
fn bench_that_hears() -> Bench {
    let mut bench = Bench::new();
    reads_marks(&mut bench);
    bench.notices.expect_read().with(eq(call()), eq(NOW)).once().return_once(|_, _| Ok(Some(film("u1").unmarked())));
    let waiting = |_: &_| Ok(Some(processing()));
    bench.store.videos.expect_find_processing().with(eq(film("u1").unmarked())).once().returning(waiting);
    bench
}

fn renewed() -> Settlement {
    let status = StatusChange { from: VideoStatus::Processing, to: VideoStatus::Processing };
    Settlement { status: Some(status), ..Settlement::default() }
}

#[tokio::test]
async fn what_is_not_believed_changes_nothing() {
    for error in [NoticeError::Forged, NoticeError::Stale, NoticeError::Malformed, NoticeError::Unexpected] {
        let mut bench = Bench::new();
        bench.notices.expect_read().once().return_once(move |_, _| Err(error));
        let outcome = bench.application().notices.receive(call()).await;
        assert!(matches!(outcome, Err(Error::Notice(told)) if told == error), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_call_about_what_nobody_waits_for_is_no_error() {
    let mut bench = Bench::new();
    bench.notices.expect_read().once().return_once(|_, _| Ok(None));
    assert!(bench.application().notices.receive(call()).await.is_ok());
}

#[tokio::test]
async fn a_call_that_comes_again_changes_nothing() {
    let mut bench = Bench::new();
    bench.notices.expect_read().once().return_once(|_, _| Ok(Some(film("u1"))));
    bench.store.videos.expect_find_processing().once().returning(|_| Ok(None));
    bench.store.videos.expect_is_hidden_file().once().returning(|_| Ok(false));
    assert!(bench.application().notices.receive(call()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_before_the_row_waits_for_it() {
    for rounds in [1, 3] {
        let mut bench = Bench::new();
        reads_marks(&mut bench);
        bench.notices.expect_read().once().return_once(|_, _| Ok(Some(film("u1"))));
        bench.store.videos.expect_find_processing().times(rounds).returning(|_| Ok(None));
        bench.store.videos.expect_is_hidden_file().with(eq(film("u1"))).times(rounds).returning(|_| Ok(true));
        bench.store.videos.expect_find_processing().once().returning(|_| Ok(Some(processing())));
        alone(&mut bench);
        found(&mut bench, processing());
        bench.upkeep.expect_progress().once().returning(|_| Ok(Progress::Ready(film("u1h"))));
        let status = Some(StatusChange { from: VideoStatus::Processing, to: VideoStatus::Ready });
        told(&mut bench, Settlement { film: Some((film("u1"), film("u1h"))), still: None, status }, Some(video()));
        assert!(bench.application().notices.receive(call()).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_about_a_film_that_never_has_a_row_is_no_error() {
    let mut bench = Bench::new();
    bench.notices.expect_read().once().return_once(|_, _| Ok(Some(film("u1"))));
    bench.store.videos.expect_find_processing().times(4).returning(|_| Ok(None));
    bench.store.videos.expect_is_hidden_file().times(3).returning(|_| Ok(true));
    assert!(bench.application().notices.receive(call()).await.is_ok());
}

#[tokio::test]
async fn a_film_is_ready_when_the_store_says_so_itself() {
    let mut bench = bench_that_hears();
    alone(&mut bench);
    found(&mut bench, processing());
    bench.upkeep.expect_progress().once().returning(|_| Ok(Progress::Ready(film("u1h"))));
    let status = Some(StatusChange { from: VideoStatus::Processing, to: VideoStatus::Ready });
    told(&mut bench, Settlement { film: Some((film("u1"), film("u1h"))), still: None, status }, Some(video()));
    assert!(bench.application().notices.receive(call()).await.is_ok());
}

#[tokio::test]
async fn a_failure_is_believed_when_the_store_says_so_itself() {
    let mut bench = bench_that_hears();
    alone(&mut bench);
    found(&mut bench, processing());
    bench.upkeep.expect_progress().once().returning(|_| Ok(Progress::Failed("broken".into())));
    let status = StatusChange { from: VideoStatus::Processing, to: failed("broken") };
    let after = Video { status: failed("broken"), ..processing() };
    told(&mut bench, Settlement { status: Some(status), ..Settlement::default() }, Some(after));
    assert!(bench.application().notices.receive(call()).await.is_ok());
}

#[tokio::test]
async fn the_failure_of_an_earlier_attempt_does_not_end_the_one_that_runs() {
    let mut bench = bench_that_hears();
    alone(&mut bench);
    found(&mut bench, processing());
    bench.upkeep.expect_progress().once().returning(|_| Ok(Progress::Pending));
    told(&mut bench, renewed(), Some(processing()));
    assert!(bench.application().notices.receive(call()).await.is_ok());
}

#[tokio::test]
async fn a_call_that_cannot_be_followed_at_once_is_followed_soon() {
    type Failing = fn(&mut Bench);
    let steps: [Failing; 2] = [
        |bench| {
            bench.store.leases.expect_acquire().once().returning(|_, _, _| Ok(false));
        },
        |bench| {
            alone(bench);
            found(bench, processing());
            bench.upkeep.expect_progress().once().returning(|_| Err(MediaError::Unavailable("gone".into())));
        },
    ];
    for step in steps {
        let mut bench = bench_that_hears();
        step(&mut bench);
        told(&mut bench, renewed(), Some(processing()));
        assert!(bench.application().notices.receive(call()).await.is_ok());
    }
}

/// One lease, in a store that is slow to say that it is given.
#[derive(Default)]
struct SlowLease(AtomicBool);

#[async_trait::async_trait]
impl Leases for SlowLease {
    async fn acquire(&self, _name: &str, _holder: &str, _life: Duration) -> Result<bool, StoreError> {
        let was_free = !self.0.swap(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(was_free)
    }

    async fn release(&self, _name: &str, _holder: &str) -> Result<(), StoreError> {
        self.0.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// The connection of who called breaks off: nobody looks after the video for two minutes otherwise.
#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_waits_for_any_more_is_followed_to_its_end() {
    let mut bench = bench_that_hears();
    let lease = Arc::new(SlowLease::default());
    let leases = lease.clone();
    bench.instead = Some(Box::new(|store| store.leases = leases));
    found(&mut bench, processing());
    bench.upkeep.expect_progress().once().returning(|_| Ok(Progress::Ready(film("u1h"))));
    let status = Some(StatusChange { from: VideoStatus::Processing, to: VideoStatus::Ready });
    told(&mut bench, Settlement { film: Some((film("u1"), film("u1h"))), still: None, status }, Some(video()));
    let application = bench.application();
    let hung_up = tokio::time::timeout(Duration::from_secs(1), application.notices.receive(call())).await;
    assert!(hung_up.is_err() && lease.0.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!lease.0.load(Ordering::Relaxed), "the video is free for others");
}
