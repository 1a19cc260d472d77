//! Tasks that the sweeper works off: what is done, what is tried again and when, what is given up.

use std::time::Duration;

use aviary_application::Swept;
use aviary_domain::StoreError;
use aviary_domain::media::{Access, MediaError, Progress};
use aviary_domain::video::{MediaTask, Settlement, StatusChange, Video, VideoStatus};
use mockall::predicate::eq;

use crate::bench::{Bench, NOW};
use crate::upkeep::{alone, failed, film, found, processing, reads_marks, still, told, video};

fn task(attempts: u32) -> MediaTask {
    MediaTask { video: video().id, attempts, is_renewed: false, stamp: 3 }
}

/// A bench on which this task is due, and nothing else.
fn bench_with(task: MediaTask) -> Bench {
    let mut bench = Bench::new();
    reads_marks(&mut bench);
    bench.store.maintenance.expect_purge().returning(|_| Ok(0));
    bench.store.maintenance.expect_expire().returning(|_, _, _| Ok(0));
    bench.store.files.expect_due().returning(|_, _| Ok(vec![]));
    bench.store.media_tasks.expect_due().once().return_once(move |_, _| Ok(vec![task]));
    bench
}

fn is_done(bench: &mut Bench, task: MediaTask) {
    bench.store.media_tasks.expect_done().with(eq(task)).once().returning(|_| Ok(()));
}

fn is_postponed(bench: &mut Bench, task: MediaTask, seconds: u64) {
    let until = NOW.after(Duration::from_secs(seconds));
    bench.store.media_tasks.expect_postpone().with(eq(task), eq(until)).once().returning(|_, _| Ok(()));
}

async fn sweep(bench: Bench) -> Swept {
    match bench.application().sweeper.run_once().await {
        Ok(swept) => swept,
        Err(error) => panic!("{error:?}"),
    }
}

fn answers(bench: &mut Bench, progress: Result<Progress, MediaError>) {
    bench.upkeep.expect_progress().with(eq(film("u1"))).once().return_once(|_| progress);
}

fn change(from: VideoStatus, to: VideoStatus) -> Settlement {
    Settlement { status: Some(StatusChange { from, to }), ..Settlement::default() }
}

#[tokio::test]
async fn a_film_that_has_become_ready_is_noted_with_its_new_key() {
    let mut bench = bench_with(task(2));
    alone(&mut bench);
    found(&mut bench, processing());
    answers(&mut bench, Ok(Progress::Ready(film("u1h"))));
    let film = Some((film("u1"), film("u1h")));
    let said = Settlement { film, ..change(VideoStatus::Processing, VideoStatus::Ready) };
    told(&mut bench, said, Some(video()));
    is_done(&mut bench, task(2));
    let swept = sweep(bench).await;
    assert_eq!((swept.settled, swept.found_work()), (1, true));
}

#[tokio::test]
async fn a_film_that_is_not_ready_is_asked_for_later_and_later() {
    for (attempts, seconds) in [(0, 10), (3, 80), (5, 300), (291, 300)] {
        let mut bench = bench_with(task(attempts));
        alone(&mut bench);
        found(&mut bench, processing());
        answers(&mut bench, Ok(Progress::Pending));
        is_postponed(&mut bench, task(attempts), seconds);
        let swept = sweep(bench).await;
        assert!(!swept.found_work(), "nothing to hurry for");
    }
}

#[tokio::test]
async fn a_film_that_is_not_ready_after_a_day_has_failed() {
    let mut bench = bench_with(task(292));
    alone(&mut bench);
    found(&mut bench, processing());
    answers(&mut bench, Ok(Progress::Pending));
    let late = failed("Making the film playable took too long");
    told(&mut bench, change(VideoStatus::Processing, late.clone()), Some(Video { status: late, ..processing() }));
    is_done(&mut bench, task(292));
    sweep(bench).await;
}

#[tokio::test]
async fn an_outage_of_a_day_fails_no_video() {
    let mut bench = bench_with(task(500));
    alone(&mut bench);
    found(&mut bench, processing());
    answers(&mut bench, Err(MediaError::Unavailable("gone".into())));
    is_postponed(&mut bench, task(500), 300);
    sweep(bench).await;
}

#[tokio::test]
async fn the_reason_of_a_failure_is_told_and_cut_where_it_is_too_long() {
    let mut bench = bench_with(task(0));
    alone(&mut bench);
    found(&mut bench, processing());
    answers(&mut bench, Ok(Progress::Failed("é".repeat(600))));
    let cut = failed(&"é".repeat(500));
    told(&mut bench, change(VideoStatus::Processing, cut.clone()), Some(Video { status: cut, ..processing() }));
    is_done(&mut bench, task(0));
    sweep(bench).await;
}

#[tokio::test]
async fn what_a_renewed_task_finds_noted_is_done_again_all_the_same() {
    let task = MediaTask { is_renewed: true, ..task(0) };
    let mut bench = bench_with(task);
    alone(&mut bench);
    found(&mut bench, video());
    for (old, new) in [(film("u1h"), film("u2")), (still("u1"), still("u1"))] {
        let at = (eq(old), eq(Access::Public));
        bench.upkeep.expect_set_access().with(at.0, at.1).once().return_once(|_, _| Ok(Some(new)));
    }
    bench.upkeep.expect_progress().with(eq(film("u2"))).once().return_once(|_| Ok(Progress::Pending));
    let after = Video { file: film("u2"), ..video() };
    told(&mut bench, Settlement { film: Some((film("u1h"), film("u2"))), ..Settlement::default() }, Some(after));
    is_postponed(&mut bench, task, 10);
    sweep(bench).await;
}

#[tokio::test]
async fn a_video_that_was_ready_stays_so_while_the_store_works_on_it_anew() {
    let ready = || Video { file: film("u1"), ..video() };
    let mut bench = bench_with(task(0));
    alone(&mut bench);
    found(&mut bench, ready());
    answers(&mut bench, Ok(Progress::Pending));
    is_postponed(&mut bench, task(0), 10);
    sweep(bench).await;

    let mut bench = bench_with(task(1));
    alone(&mut bench);
    found(&mut bench, ready());
    answers(&mut bench, Ok(Progress::Ready(film("u1h"))));
    told(&mut bench, Settlement { film: Some((film("u1"), film("u1h"))), ..Settlement::default() }, Some(video()));
    is_done(&mut bench, task(1));
    sweep(bench).await;

    for outcome in [(0, Progress::Failed("broken".into())), (292, Progress::Pending)] {
        let mut bench = bench_with(task(outcome.0));
        alone(&mut bench);
        found(&mut bench, ready());
        answers(&mut bench, Ok(outcome.1));
        is_done(&mut bench, task(outcome.0));
        sweep(bench).await;
    }
}

#[tokio::test]
async fn a_task_of_a_video_that_is_gone_or_in_order_is_done() {
    for row in [None, Some(video()), Some(Video { status: failed("broken"), file: film("u1"), ..video() })] {
        let mut bench = bench_with(task(0));
        alone(&mut bench);
        bench.store.videos.expect_find().once().return_once(|_| Ok(row));
        is_done(&mut bench, task(0));
        sweep(bench).await;
    }
}

#[tokio::test]
async fn a_task_of_somebody_elses_video_at_the_moment_is_left_as_it_is() {
    let mut bench = bench_with(task(4));
    bench.store.leases.expect_acquire().once().returning(|_, _, _| Ok(false));
    assert!(!sweep(bench).await.found_work());
}

#[tokio::test]
async fn a_store_that_fails_puts_the_task_off_instead_of_blocking_the_others() {
    let mut bench = bench_with(task(4));
    alone(&mut bench);
    bench.store.videos.expect_find().once().returning(|_| Err(StoreError::unavailable("gone")));
    is_postponed(&mut bench, task(4), 160);
    sweep(bench).await;
}
