//! Trying again what failed: only that, and nothing is changed before the media store has agreed.

use aviary_application::Error;
use aviary_domain::media::{MediaError, Progress};
use aviary_domain::video::{Settlement, StatusChange, Video, VideoCard, VideoStatus};
use aviary_domain::{Id, StoreError};
use mockall::predicate::eq;

use crate::bench::{Bench, account, actor};
use crate::upkeep::{alone, failed, film, found, processing, reads_marks, told, video};

fn broken() -> Video {
    Video { status: failed("broken"), ..processing() }
}

fn bench_with(video: Video) -> Bench {
    let mut bench = Bench::new();
    reads_marks(&mut bench);
    found(&mut bench, video);
    bench.store.users.expect_find().returning(|_| Ok(Some(account().user)));
    bench
}

fn answers(bench: &mut Bench, progress: Result<Progress, MediaError>) {
    bench.upkeep.expect_reprocess().with(eq(film("u1"))).once().return_once(|_| progress);
}

async fn reprocess(bench: Bench) -> Result<VideoCard, Error> {
    bench.application().videos.reprocess(actor(), video().id).await
}

fn to(status: VideoStatus) -> Settlement {
    let change = StatusChange { from: failed("broken"), to: status };
    Settlement { status: Some(change), ..Settlement::default() }
}

#[tokio::test]
async fn what_has_not_failed_is_not_tried_again() {
    for video in [video(), processing()] {
        let outcome = reprocess(bench_with(video)).await;
        assert!(matches!(outcome, Err(Error::NotFailed)), "{outcome:?}");
    }
}

#[tokio::test]
async fn nobody_but_its_owner_tries_again_or_learns_of_it() {
    let other = Video { owner: Id::from_bytes([66; 12]), ..broken() };
    let outcome = reprocess(bench_with(other)).await;
    assert!(matches!(outcome, Err(Error::NotFound(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_store_that_is_out_of_reach_changes_nothing() {
    let mut bench = bench_with(broken());
    alone(&mut bench);
    answers(&mut bench, Err(MediaError::Unavailable("gone".into())));
    let outcome = reprocess(bench).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_video_that_the_store_works_on_is_processing_and_asked_for_later() {
    let mut bench = bench_with(broken());
    alone(&mut bench);
    answers(&mut bench, Ok(Progress::Pending));
    told(&mut bench, to(VideoStatus::Processing), Some(processing()));
    let card = reprocess(bench).await.expect("it is tried again");
    assert_eq!(card.video.status, VideoStatus::Processing);
}

#[tokio::test]
async fn a_film_that_can_be_played_already_is_ready_at_once() {
    let mut bench = bench_with(broken());
    alone(&mut bench);
    answers(&mut bench, Ok(Progress::Ready(film("u1h"))));
    let said = Settlement { film: Some((film("u1"), film("u1h"))), ..to(VideoStatus::Ready) };
    told(&mut bench, said, Some(video()));
    assert_eq!(reprocess(bench).await.expect("it is ready").video, video());
}

#[tokio::test]
async fn a_film_that_fails_again_says_why_it_does_now() {
    let mut bench = bench_with(broken());
    alone(&mut bench);
    answers(&mut bench, Ok(Progress::Failed("gone".into())));
    told(&mut bench, to(failed("gone")), Some(Video { status: failed("gone"), ..broken() }));
    assert_eq!(reprocess(bench).await.expect("it is told").video.status, failed("gone"));
}

#[tokio::test]
async fn two_do_not_try_at_once() {
    let mut bench = bench_with(broken());
    bench.store.leases.expect_acquire().once().returning(|_, _, _| Ok(false));
    let outcome = reprocess(bench).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_row_that_cannot_be_written_is_told_and_its_lease_given_back() {
    let mut bench = bench_with(broken());
    alone(&mut bench);
    answers(&mut bench, Ok(Progress::Pending));
    bench.store.videos.expect_settle().once().returning(|_, _, _| Err(StoreError::unavailable("gone")));
    let outcome = reprocess(bench).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}
