//! Publishing when things go wrong: every film has an owner or an end, and whoever sent one is told what to do.

use aviary_application::{Creation, Error, IdempotencyKey, Publication};
use aviary_domain::StoreError;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::idempotency::{Fingerprint, Remembered};
use aviary_domain::media::{PreparedFile, PreparedVideo, VideoFacts};
use aviary_domain::video::{Video, VideoCard, VideoStatus};

use crate::bench::{Bench, NOW, account, actor, prepared, upload};
use crate::upkeep::{card, derived, found, reads_marks, video};

pub(crate) const FACTS: VideoFacts = VideoFacts { duration: 2.0, width: 4, height: 3 };

/// The n-th name that the bench's entropy leads to, for a film.
fn film_name(n: u8) -> FileKey {
    FileKey::new(FileFormat::Mp4, [n; 16])
}

fn with_film() -> Publication {
    Publication { title: Some("A film".into()), video_file: Some(upload()), ..Publication::default() }
}

pub(crate) async fn publish(bench: Bench, input: Publication) -> Result<VideoCard, Error> {
    match bench.application().videos.publish(actor(), input, None).await? {
        Creation::Made { made, .. } => Ok(made),
        other => panic!("{other:?}"),
    }
}

/// A bench that takes films of three bytes, under marks, and derives their stills.
fn bench_that_takes_films() -> Bench {
    let mut bench = Bench::new();
    reads_marks(&mut bench);
    bench
        .media
        .expect_prepare_video()
        .returning(|upload| Ok(PreparedVideo { file: PreparedFile { upload, format: FileFormat::Mp4 }, facts: FACTS }));
    bench
}

/// The row is written once; that is how the card comes back.
pub(crate) fn row_is_written(bench: &mut Bench, is_right: impl Fn(&Video) -> bool + Send + 'static) {
    bench
        .store
        .videos
        .expect_create()
        .withf(move |video, _, _| is_right(video))
        .once()
        .returning(|video, _, _| Ok(card(video.clone())));
}

pub(crate) fn row_is_refused(bench: &mut Bench, refusal: StoreError) {
    bench.store.videos.expect_create().once().return_once(|_, _, _| Err(refusal));
}

pub(crate) fn is_released(bench: &mut Bench, names: Vec<FileKey>) {
    bench
        .store
        .files
        .expect_release()
        .withf(move |released, now| released == names && *now == NOW)
        .once()
        .returning(|_, _| Ok(()));
}

#[tokio::test]
async fn a_film_at_a_store_that_works_on_it_is_processing_and_has_a_derived_still() {
    let mut bench = bench_that_takes_films();
    bench.store.files.expect_reserve().withf(|names, _| names == [film_name(1)]).once().returning(|_, _| Ok(()));
    bench.media.expect_keep().once().returning(|_, name| Ok(name.marked("u1")));
    row_is_written(&mut bench, |video| {
        let file = film_name(1).marked("u1");
        video.status == VideoStatus::Processing
            && (video.bytes, video.thumbnail_bytes) == (3, 0)
            && Some(&video.thumbnail) == derived(&file).as_ref()
            && video.file == file
    });
    let outcome = publish(bench, with_film()).await;
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test]
async fn a_still_that_was_sent_is_stored_and_counted() {
    let mut bench = bench_that_takes_films();
    bench.media.expect_prepare_image().returning(|_, _| Ok(prepared()));
    bench.store.files.expect_reserve().withf(|names, _| names.len() == 2).once().returning(|_, _| Ok(()));
    bench.media.expect_keep().times(2).returning(|_, name| Ok(name.marked("u1h")));
    row_is_written(&mut bench, |video| {
        video.status == VideoStatus::Ready
            && (video.bytes, video.thumbnail_bytes) == (3, 3)
            && video.thumbnail == crate::bench::name(2).marked("u1h")
    });
    let outcome = publish(bench, Publication { thumbnail: Some(upload()), ..with_film() }).await;
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test]
async fn a_film_that_does_not_fit_is_not_even_stored() {
    let mut bench = Bench { quota: Some(100), ..bench_that_takes_films() };
    bench.has_stored(90, 8);
    let outcome = publish(bench, with_film()).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { used: 98, quota: 100 })), "{outcome:?}");
}

#[tokio::test]
async fn a_film_that_somebody_elses_left_no_room_for_is_released() {
    let mut bench = Bench { quota: Some(100), ..bench_that_takes_films() };
    bench.has_stored(0, 0);
    bench.store.files.expect_reserve().once().returning(|_, _| Ok(()));
    bench.media.expect_keep().once().returning(|_, name| Ok(name.marked("u1")));
    row_is_refused(&mut bench, StoreError::QuotaExceeded { used: 99, quota: 100 });
    is_released(&mut bench, vec![film_name(1)]);
    let outcome = publish(bench, with_film()).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { used: 99, quota: 100 })), "{outcome:?}");
}

#[tokio::test]
async fn a_request_whose_twin_filled_the_quota_is_given_what_the_twin_made() {
    let key = IdempotencyKey::parse("k", "POST", "/videos").expect("a sound key");
    let mut bench = Bench { quota: Some(100), ..bench_that_takes_films() };
    bench.has_stored(100, 0);
    let mut asked = 0;
    bench.store.idempotency.expect_find().times(2).returning(move |_, _| {
        asked += 1;
        let other = Fingerprint([0; 32]);
        let note = Remembered { fingerprint: other, made: [5; 12], answer: None };
        Ok((asked > 1).then_some(note))
    });
    // By its other fingerprint it is told from a twin here; the point is that it was looked up again.
    let outcome = bench.application().videos.publish(actor(), with_film(), Some(&key)).await;
    assert!(matches!(outcome, Err(Error::KeyReused)), "{outcome:?}");
}

/// Its links have to be signed for its owner, and they are by what is told of it.
#[tokio::test]
async fn a_video_that_was_hidden_since_is_recalled_as_hidden() {
    let key = IdempotencyKey::parse("k", "POST", "/videos").expect("a sound key");
    let publish = async |bench: Bench| bench.application().videos.publish(actor(), with_film(), Some(&key)).await;
    let mut bench = bench_that_takes_films();
    bench.store.idempotency.expect_find().returning(|_, _| Ok(None));
    bench.store.files.expect_reserve().returning(|_, _| Ok(()));
    bench.media.expect_keep().returning(|_, name| Ok(name.marked("u1")));
    row_is_written(&mut bench, |video| video.is_published);
    let Ok(Creation::Made { note: Some(note), .. }) = publish(bench).await else { panic!("it is not made") };
    for is_published in [true, false] {
        let mut bench = Bench::new();
        let made = Remembered { fingerprint: note.fingerprint, made: [5; 12], answer: None };
        bench.store.idempotency.expect_find().once().return_once(|_, _| Ok(Some(made)));
        found(&mut bench, Video { is_published, views: 7, ..video() });
        bench.store.users.expect_find().returning(|_| Ok(Some(account().user)));
        let Ok(Creation::Recalled { made, .. }) = publish(bench).await else { panic!("it is not recalled") };
        assert_eq!((made.video.is_published, made.video.views), (is_published, 0));
    }
}
