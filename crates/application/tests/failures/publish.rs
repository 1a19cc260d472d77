//! Publishing when things go wrong: every film has an owner or an end, and whoever sent one is told what to do.

use aviary_application::{Error, IdempotencyKey, Noun, Publication, ReceiptInput};
use aviary_domain::StoreError;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::direct::{Receipt, StoredFilm};
use aviary_domain::media::{MediaError, PreparedFile, PreparedVideo, VideoFacts};
use aviary_domain::video::{Video, VideoCard, VideoStatus};
use mockall::predicate::eq;

use crate::bench::{Bench, MAX_VIDEO, NOW, actor, prepared, upload};
use crate::upkeep::{card, derived, film, reads_marks};

const FACTS: VideoFacts = VideoFacts { duration: 2.0, width: 4, height: 3 };

/// The n-th name that the bench's entropy leads to, for a film.
fn film_name(n: u8) -> FileKey {
    FileKey::new(FileFormat::Mp4, [n; 16])
}

fn with_film() -> Publication {
    Publication { title: Some("A film".into()), video_file: Some(upload()), ..Publication::default() }
}

fn receipt() -> Receipt {
    Receipt { public_id: film("").name().to_owned(), version: 7, signature: "s".into() }
}

fn with_receipt() -> Publication {
    let Receipt { public_id, version, signature } = receipt();
    let upload = ReceiptInput { public_id: Some(public_id), version: Some(version), signature: Some(signature) };
    Publication { title: Some("A film".into()), upload: Some(upload), ..Publication::default() }
}

async fn publish(bench: Bench, input: Publication) -> Result<VideoCard, Error> {
    use aviary_application::Creation;
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

/// A bench in whose media store such a film lies, for this receipt.
fn bench_with_sent(bytes: u64) -> Bench {
    let mut bench = Bench::new();
    reads_marks(&mut bench);
    bench.direct.expect_verify().with(eq(receipt())).returning(|_| Some(film("u1").unmarked()));
    bench
        .direct
        .expect_inspect()
        .with(eq(film("u1").unmarked()))
        .returning(move |_| Ok(Some(StoredFilm { key: film("u1"), facts: FACTS, bytes })));
    bench
}

/// The row is written once; that is how the card comes back.
fn row_is_written(bench: &mut Bench, is_right: impl Fn(&Video) -> bool + Send + 'static) {
    bench
        .store
        .videos
        .expect_create()
        .withf(move |video, _, _| is_right(video))
        .once()
        .returning(|video, _, _| Ok(card(video.clone())));
}

fn row_is_refused(bench: &mut Bench, refusal: StoreError) {
    bench.store.videos.expect_create().once().return_once(|_, _, _| Err(refusal));
}

fn is_released(bench: &mut Bench, names: Vec<FileKey>) {
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
    bench.store.users.expect_stored_bytes().once().returning(|_| Ok(Some(98)));
    let outcome = publish(bench, with_film()).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { used: 98, quota: 100 })), "{outcome:?}");
}

#[tokio::test]
async fn a_film_that_somebody_elses_left_no_room_for_is_released() {
    let mut bench = Bench { quota: Some(100), ..bench_that_takes_films() };
    bench.store.users.expect_stored_bytes().once().returning(|_| Ok(Some(0)));
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
    bench.store.users.expect_stored_bytes().once().returning(|_| Ok(Some(100)));
    let mut asked = 0;
    bench.store.idempotency.expect_find().times(2).returning(move |_, _| {
        asked += 1;
        let other = aviary_domain::idempotency::Fingerprint([0; 32]);
        let note = aviary_domain::idempotency::Remembered { fingerprint: other, made: [5; 12], answer: None };
        Ok((asked > 1).then_some(note))
    });
    // By its other fingerprint it is told from a twin here; the point is that it was looked up again.
    let outcome = bench.application().videos.publish(actor(), with_film(), Some(&key)).await;
    assert!(matches!(outcome, Err(Error::KeyReused)), "{outcome:?}");
}

#[tokio::test]
async fn a_film_that_was_sent_becomes_a_video_without_being_stored_again() {
    let mut bench = bench_with_sent(500);
    row_is_written(&mut bench, |video| {
        video.file == film("u1")
            && Some(&video.thumbnail) == derived(&film("u1")).as_ref()
            && (video.bytes, video.thumbnail_bytes, video.width) == (500, 0, 4)
            && video.status == VideoStatus::Processing
    });
    let outcome = publish(bench, with_receipt()).await;
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test]
async fn where_no_still_is_derived_one_is_taken_out_of_the_film_that_was_sent() {
    let mut bench = Bench::new();
    bench.direct.expect_verify().returning(|_| Some(film("u1").unmarked()));
    bench.direct.expect_inspect().returning(|name| Ok(Some(StoredFilm { key: name.clone(), facts: FACTS, bytes: 5 })));
    bench.media.expect_is_ready().returning(|_| true);
    bench.media.expect_derived_poster().returning(|_| None);
    bench.media.expect_poster_of_stored().with(eq(film("u1").unmarked())).once().returning(|_| Ok(Some(prepared())));
    bench
        .store
        .files
        .expect_reserve()
        .withf(|names, _| names == [crate::bench::name(1)])
        .once()
        .returning(|_, _| Ok(()));
    bench.media.expect_keep().once().returning(|_, name| Ok(name.clone()));
    row_is_written(&mut bench, |video| {
        video.thumbnail == crate::bench::name(1) && (video.thumbnail_bytes, &video.status) == (3, &VideoStatus::Ready)
    });
    let outcome = publish(bench, with_receipt()).await;
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test]
async fn without_a_tool_for_stills_the_film_waits_for_a_form_that_has_one() {
    let mut bench = Bench::new();
    bench.direct.expect_verify().returning(|_| Some(film("u1").unmarked()));
    bench.direct.expect_inspect().returning(|name| Ok(Some(StoredFilm { key: name.clone(), facts: FACTS, bytes: 5 })));
    bench.media.expect_derived_poster().returning(|_| None);
    bench.media.expect_poster_of_stored().once().returning(|_| Ok(None));
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::Invalid(fields)) if fields[0].field == "thumbnail"));
}

#[tokio::test]
async fn a_forged_receipt_is_a_bad_field() {
    let mut bench = Bench::new();
    bench.direct.expect_verify().once().returning(|_| None);
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::Invalid(fields)) if fields[0].field == "signature"));
}

#[tokio::test]
async fn a_receipt_for_a_picture_makes_no_video() {
    let mut bench = Bench::new();
    bench.direct.expect_verify().once().returning(|_| Some(crate::bench::name(1)));
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::Invalid(fields)) if fields[0].field == "signature"));
}

#[tokio::test]
async fn every_part_of_a_receipt_is_asked_for_and_none_beside_a_film() {
    let input = Publication { upload: Some(ReceiptInput::default()), ..Publication::default() };
    let Err(Error::Invalid(fields)) = publish(Bench::new(), input).await else { panic!("bad input was taken") };
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(names, ["title", "public_id", "version", "signature"]);
    let input = Publication { video_file: Some(upload()), ..with_receipt() };
    let outcome = publish(Bench::new(), input).await;
    assert!(matches!(outcome, Err(Error::Invalid(fields)) if fields[0].field == "videoFile"));
}

#[tokio::test]
async fn a_film_that_never_arrived_is_not_found() {
    let mut bench = Bench::new();
    bench.direct.expect_verify().returning(|_| Some(film("u1").unmarked()));
    bench.direct.expect_inspect().once().returning(|_| Ok(None));
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::NotFound(Noun::Upload))), "{outcome:?}");
}

#[tokio::test]
async fn a_film_that_was_confirmed_or_ended_before_is_not_found() {
    let mut bench = bench_with_sent(500);
    row_is_refused(&mut bench, StoreError::Conflict { field: "file" });
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::NotFound(Noun::Upload))), "{outcome:?}");
}

#[tokio::test]
async fn a_sent_film_that_can_be_no_video_is_released_at_once() {
    let mut bench = bench_with_sent(MAX_VIDEO + 1);
    is_released(&mut bench, vec![film("u1").unmarked()]);
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::TooLarge { limit: MAX_VIDEO, .. })), "{outcome:?}");

    let mut bench = Bench { quota: Some(600), ..bench_with_sent(500) };
    bench.store.users.expect_stored_bytes().once().returning(|_| Ok(Some(101)));
    is_released(&mut bench, vec![film("u1").unmarked()]);
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { used: 101, quota: 600 })), "{outcome:?}");

    let mut bench = bench_with_sent(500);
    row_is_refused(&mut bench, StoreError::QuotaExceeded { used: 1, quota: 2 });
    is_released(&mut bench, vec![film("u1").unmarked()]);
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { used: 1, quota: 2 })), "{outcome:?}");

    let errors: [fn() -> MediaError; 2] =
        [|| MediaError::Unreadable("broken".into()), || MediaError::UnsupportedType("a picture".into())];
    for error in errors {
        let mut bench = Bench::new();
        bench.direct.expect_verify().returning(|_| Some(film("u1").unmarked()));
        bench.direct.expect_inspect().once().returning(move |_| Err(error()));
        is_released(&mut bench, vec![film("u1").unmarked()]);
        let outcome = publish(bench, with_receipt()).await;
        assert!(matches!(outcome, Err(Error::Unreadable { .. } | Error::UnsupportedMedia { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_sent_film_outlives_a_store_that_is_out_of_reach() {
    let mut bench = Bench::new();
    bench.direct.expect_verify().returning(|_| Some(film("u1").unmarked()));
    bench.direct.expect_inspect().once().returning(|_| Err(MediaError::Unavailable("gone".into())));
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");

    let mut bench = bench_with_sent(500);
    row_is_refused(&mut bench, StoreError::unavailable("gone"));
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn of_a_sent_film_and_a_still_only_the_still_is_given_back_when_the_row_fails() {
    let mut bench = bench_with_sent(500);
    bench.media.expect_prepare_image().returning(|_, _| Ok(prepared()));
    bench.store.files.expect_reserve().once().returning(|_, _| Ok(()));
    bench.media.expect_keep().once().returning(|_, name| Ok(name.marked("u1")));
    row_is_refused(&mut bench, StoreError::unavailable("gone"));
    is_released(&mut bench, vec![crate::bench::name(1)]);
    let outcome = publish(bench, Publication { thumbnail: Some(upload()), ..with_receipt() }).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}
