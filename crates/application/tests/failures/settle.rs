//! Files that follow their video when it is published or hidden: whatever fails half-way, whoever else is at it.

use aviary_application::Error;
use aviary_domain::StoreError;
use aviary_domain::file::FileKey;
use aviary_domain::media::{Access, MediaError};
use aviary_domain::video::{Settlement, StatusChange, Video, VideoCard, VideoStatus};
use mockall::predicate::eq;

use crate::bench::{Bench, actor};
use crate::upkeep::{alone, card, derived, failed, film, found, reads_marks, still, told, video};

fn hidden() -> Video {
    Video { is_published: false, ..video() }
}

/// A bench on which the actor has just hidden a video.
fn bench_that_hides() -> Bench {
    let mut bench = Bench::new();
    reads_marks(&mut bench);
    found(&mut bench, video());
    bench.store.videos.expect_toggle_published().once().returning(|_, _| Ok(Some(card(hidden()))));
    bench
}

fn becomes(bench: &mut Bench, from: FileKey, access: Access, to: Option<FileKey>) {
    bench.upkeep.expect_set_access().with(eq(from), eq(access)).once().return_once(|_, _| Ok(to));
}

async fn toggle(bench: Bench) -> VideoCard {
    match bench.application().videos.toggle_published(actor(), video().id).await {
        Ok(card) => card,
        Err(error) => panic!("the toggle itself has to go through: {error:?}"),
    }
}

fn both(film: (FileKey, FileKey), still: (FileKey, FileKey)) -> Settlement {
    Settlement { film: Some(film), still: Some(still), status: None }
}

#[tokio::test]
async fn who_hides_a_video_is_shown_its_files_closed() {
    let mut bench = bench_that_hides();
    alone(&mut bench);
    found(&mut bench, hidden());
    becomes(&mut bench, film("u1h"), Access::Private, Some(film("a2h")));
    becomes(&mut bench, still("u1"), Access::Private, Some(still("a2")));
    let after = Video { file: film("a2h"), thumbnail: still("a2"), ..hidden() };
    told(&mut bench, both((film("u1h"), film("a2h")), (still("u1"), still("a2"))), Some(after.clone()));
    assert_eq!(toggle(bench).await.video, after);
}

#[tokio::test]
async fn where_each_fetch_is_decided_nothing_is_done_and_no_lease_is_taken() {
    let mut bench = Bench::new();
    bench.upkeep.expect_has_access().returning(|_, _| true);
    bench.upkeep.expect_is_ready().returning(|_| true);
    found(&mut bench, video());
    bench.store.videos.expect_toggle_published().once().returning(|_, _| Ok(Some(card(hidden()))));
    assert_eq!(toggle(bench).await.video, hidden());
}

#[tokio::test]
async fn a_derived_still_goes_with_its_film() {
    let mut bench = Bench::new();
    reads_marks(&mut bench);
    let with_derived = |mark: &str| Video { thumbnail: derived(&film(mark)).unwrap(), ..hidden() };
    found(&mut bench, with_derived("u1h"));
    let toggled = card(with_derived("u1h"));
    bench.store.videos.expect_toggle_published().once().return_once(|_, _| Ok(Some(toggled)));
    alone(&mut bench);
    found(&mut bench, with_derived("u1h"));
    becomes(&mut bench, film("u1h"), Access::Private, Some(film("a2h")));
    let stills = (derived(&film("u1h")).unwrap(), derived(&film("a2h")).unwrap());
    let after = Video { file: film("a2h"), ..with_derived("a2h") };
    told(&mut bench, both((film("u1h"), film("a2h")), stills), Some(after.clone()));
    assert_eq!(toggle(bench).await.video, after);
}

#[tokio::test]
async fn a_media_store_that_is_out_of_reach_keeps_nobody_from_hiding_a_video() {
    let mut bench = bench_that_hides();
    alone(&mut bench);
    found(&mut bench, hidden());
    bench.upkeep.expect_set_access().times(2).returning(|_, _| Err(MediaError::Unavailable("gone".into())));
    assert_eq!(toggle(bench).await.video, hidden());
}

#[tokio::test]
async fn what_was_done_to_one_file_is_noted_when_the_other_fails() {
    let mut bench = bench_that_hides();
    alone(&mut bench);
    found(&mut bench, hidden());
    becomes(&mut bench, film("u1h"), Access::Private, Some(film("a2h")));
    let stuck = |_: &_, _| Err(MediaError::Unavailable("gone".into()));
    bench.upkeep.expect_set_access().with(eq(still("u1")), eq(Access::Private)).once().returning(stuck);
    let said = Settlement { film: Some((film("u1h"), film("a2h"))), ..Settlement::default() };
    told(&mut bench, said, Some(Video { file: film("a2h"), ..hidden() }));
    assert_eq!(toggle(bench).await.video.file, film("a2h"));
}

#[tokio::test]
async fn a_video_whose_film_is_gone_has_failed() {
    let mut bench = bench_that_hides();
    alone(&mut bench);
    found(&mut bench, hidden());
    becomes(&mut bench, film("u1h"), Access::Private, None);
    becomes(&mut bench, still("u1"), Access::Private, None);
    let lost = failed("The film's file is missing");
    let status = Some(StatusChange { from: VideoStatus::Ready, to: lost.clone() });
    let after = Video { status: lost.clone(), ..hidden() };
    told(&mut bench, Settlement { status, ..Settlement::default() }, Some(after));
    assert_eq!(toggle(bench).await.video.status, lost);
}

#[tokio::test]
async fn who_publishes_again_meanwhile_has_the_last_word() {
    let mut bench = bench_that_hides();
    alone(&mut bench);
    found(&mut bench, hidden());
    becomes(&mut bench, film("u1h"), Access::Private, Some(film("a2h")));
    becomes(&mut bench, still("u1"), Access::Private, Some(still("a2")));
    let published = Video { file: film("a2h"), thumbnail: still("a2"), ..video() };
    told(&mut bench, both((film("u1h"), film("a2h")), (still("u1"), still("a2"))), Some(published.clone()));
    found(&mut bench, published);
    becomes(&mut bench, film("a2h"), Access::Public, Some(film("u3h")));
    becomes(&mut bench, still("a2"), Access::Public, Some(still("u3")));
    let after = Video { file: film("u3h"), thumbnail: still("u3"), ..video() };
    told(&mut bench, both((film("a2h"), film("u3h")), (still("a2"), still("u3"))), Some(after));
    let shown = toggle(bench).await.video;
    // The answer is about this toggle, with the files as they are.
    assert_eq!((shown.is_published, shown.file, shown.thumbnail), (false, film("u3h"), still("u3")));
}

#[tokio::test]
async fn a_key_that_the_row_did_not_take_is_no_proof_of_what_the_store_did_last() {
    let mut bench = bench_that_hides();
    alone(&mut bench);
    found(&mut bench, hidden());
    becomes(&mut bench, film("u1h"), Access::Private, Some(film("a2h")));
    becomes(&mut bench, still("u1"), Access::Private, Some(still("a2")));
    // Somebody who should have stopped long ago was faster with the film: by its key it is closed already.
    let other = Video { file: film("a9h"), thumbnail: still("a2"), ..hidden() };
    told(&mut bench, both((film("u1h"), film("a2h")), (still("u1"), still("a2"))), Some(other.clone()));
    found(&mut bench, other);
    becomes(&mut bench, film("a9h"), Access::Private, Some(film("a10h")));
    becomes(&mut bench, still("a2"), Access::Private, Some(still("a2")));
    let said = Settlement { film: Some((film("a9h"), film("a10h"))), ..Settlement::default() };
    let after = Video { file: film("a10h"), thumbnail: still("a2"), ..hidden() };
    told(&mut bench, said, Some(after.clone()));
    assert_eq!(toggle(bench).await.video, after);
}

#[tokio::test]
async fn while_somebody_else_looks_after_the_video_nothing_is_done() {
    let mut bench = bench_that_hides();
    bench.store.leases.expect_acquire().once().returning(|_, _, _| Ok(false));
    assert_eq!(toggle(bench).await.video, hidden());
}

#[tokio::test]
async fn a_store_that_fails_at_any_step_leaves_the_rest_to_the_task() {
    type Failing = fn(&mut Bench);
    let steps: [Failing; 3] = [
        |bench| {
            bench.store.leases.expect_acquire().once().returning(|_, _, _| Err(StoreError::unavailable("gone")));
        },
        |bench| {
            alone(bench);
            bench.store.videos.expect_find().once().returning(|_| Err(StoreError::unavailable("gone")));
        },
        |bench| {
            alone(bench);
            found(bench, hidden());
            bench.upkeep.expect_set_access().returning(|key, _| Ok(Some(key.marked("a2h"))));
            bench.store.videos.expect_settle().once().returning(|_, _, _| Err(StoreError::unavailable("gone")));
        },
    ];
    for step in steps {
        let mut bench = bench_that_hides();
        step(&mut bench);
        assert_eq!(toggle(bench).await.video, hidden());
    }
}

#[tokio::test]
async fn a_video_that_is_deleted_meanwhile_is_left_to_the_ledger() {
    let mut bench = bench_that_hides();
    alone(&mut bench);
    found(&mut bench, hidden());
    bench.upkeep.expect_set_access().times(2).returning(|key, _| Ok(Some(key.marked("a2h"))));
    bench.store.videos.expect_settle().once().returning(|_, _, _| Ok(None));
    assert_eq!(toggle(bench).await.video, hidden());
}

#[tokio::test]
async fn nobody_hides_what_is_somebody_elses() {
    let mut bench = Bench::new();
    let other = aviary_domain::Id::from_bytes([66; 12]);
    found(&mut bench, Video { owner: other, ..video() });
    let outcome = bench.application().videos.toggle_published(actor(), video().id).await;
    assert!(matches!(outcome, Err(Error::Forbidden(_))), "{outcome:?}");
}
