//! Films that browsers send by themselves: no ticket without a reservation, and nothing is stored without one.

use std::time::Duration;

use aviary_application::{Accepted, DirectRequest, DirectTicket, Error, Noun};
use aviary_domain::StoreError;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::direct::{Receipt, UploadTicket};
use aviary_domain::media::{MediaError, PreparedFile, PreparedVideo, VideoFacts};
use mockall::predicate::eq;

use crate::bench::{Bench, MAX_VIDEO, NOW, actor, upload};

/// The name of the bench's first ticket: it begins with the second in which it was given.
fn name() -> FileKey {
    FileKey::from_stored(format!("videos/{:08x}{}.mp4", NOW.seconds(), "01".repeat(12)))
}

fn ticket() -> UploadTicket {
    UploadTicket { url: "https://store.example/upload".into(), fields: vec![], expires_at: NOW }
}

fn bench_with(used: u64, quota: Option<u64>) -> Bench {
    let mut bench = Bench { quota, ..Bench::new() };
    bench.store.users.expect_stored_bytes().returning(move |_| Ok(Some(used)));
    bench
}

fn is_reserved(bench: &mut Bench) {
    let until = NOW.after(Duration::from_hours(3));
    bench
        .store
        .files
        .expect_reserve()
        .withf(move |names, end| names == [name()] && *end == until)
        .once()
        .returning(|_, _| Ok(()));
}

async fn begin(bench: Bench, bytes: Option<u64>) -> Result<DirectTicket, Error> {
    let request = DirectRequest { content_type: Some("video/mp4".into()), file_name: None, bytes };
    bench.application().direct_uploads.begin(actor(), &request).await
}

#[tokio::test]
async fn a_ticket_is_for_what_still_fits() {
    for (used, quota, limit) in [(0, None, MAX_VIDEO), (60, Some(100), 40), (0, Some(MAX_VIDEO * 2), MAX_VIDEO)] {
        let mut bench = bench_with(used, quota);
        is_reserved(&mut bench);
        bench.direct.expect_sign().with(eq(name()), eq(limit), eq(NOW)).once().returning(|_, _, _| Ok(ticket()));
        let outcome = begin(bench, Some(40)).await;
        assert!(outcome.is_ok_and(|given| given == DirectTicket { ticket: ticket(), limit }));
    }
}

#[tokio::test]
async fn a_film_that_would_not_fit_gets_no_ticket() {
    let outcome = begin(bench_with(60, Some(100)), Some(41)).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { used: 60, quota: 100 })), "{outcome:?}");
    let outcome = begin(bench_with(100, Some(100)), None).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { .. })), "{outcome:?}");
    let outcome = begin(bench_with(0, None), Some(MAX_VIDEO + 1)).await;
    assert!(matches!(outcome, Err(Error::TooLarge { limit: MAX_VIDEO, .. })), "{outcome:?}");
}

#[tokio::test]
async fn without_a_reservation_nothing_is_signed() {
    let mut bench = bench_with(0, None);
    bench.store.files.expect_reserve().once().returning(|_, _| Err(StoreError::unavailable("gone")));
    assert!(matches!(begin(bench, None).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_name_that_could_not_be_signed_is_given_back() {
    let mut bench = bench_with(0, None);
    is_reserved(&mut bench);
    bench.direct.expect_sign().once().returning(|_, _, _| Err(MediaError::Unavailable("gone".into())));
    bench.store.files.expect_release().withf(|names, _| names == [name()]).once().returning(|_, _| Ok(()));
    assert!(matches!(begin(bench, None).await, Err(Error::Unavailable(_))));
}

/// A bench to which a film of this format is sent.
fn bench_that_receives(format: FileFormat) -> Bench {
    let mut bench = Bench::new();
    let facts = VideoFacts { duration: 2.0, width: 4, height: 3 };
    bench
        .media
        .expect_prepare_video()
        .once()
        .returning(move |upload| Ok(PreparedVideo { file: PreparedFile { upload, format }, facts }));
    bench
}

async fn accept(bench: Bench) -> Result<Accepted, Error> {
    bench.application().direct_uploads.accept(name(), upload()).await
}

fn receipt() -> Receipt {
    Receipt { public_id: name().as_str().to_owned(), version: 1, signature: "s".into() }
}

#[tokio::test]
async fn a_film_that_arrives_is_stored_under_a_reservation_that_lasts() {
    let mut bench = bench_that_receives(FileFormat::Mp4);
    let until = NOW.after(Duration::from_hours(1));
    bench.store.files.expect_prolong().with(eq(name()), eq(NOW), eq(until)).once().returning(|_, _, _| Ok(true));
    bench.direct.expect_store().withf(|_, stored, _| *stored == name()).once().returning(|_, _, _| Ok(receipt()));
    let accepted = accept(bench).await.expect("it is stored");
    assert_eq!((accepted.receipt, accepted.film.key, accepted.film.bytes), (receipt(), name(), 3));
}

#[tokio::test]
async fn a_film_that_arrives_too_late_is_not_stored() {
    let mut bench = bench_that_receives(FileFormat::Mp4);
    bench.store.files.expect_prolong().once().returning(|_, _, _| Ok(false));
    let outcome = accept(bench).await;
    assert!(matches!(outcome, Err(Error::NotFound(Noun::Upload))), "{outcome:?}");
}

#[tokio::test]
async fn a_film_is_stored_only_as_what_its_ticket_says() {
    let outcome = accept(bench_that_receives(FileFormat::WebM)).await;
    assert!(matches!(outcome, Err(Error::UnsupportedMedia { field: "file", .. })), "{outcome:?}");
}

#[tokio::test]
async fn without_the_ledger_nothing_is_stored_and_a_second_film_neither() {
    let mut bench = bench_that_receives(FileFormat::Mp4);
    bench.store.files.expect_prolong().once().returning(|_, _, _| Err(StoreError::unavailable("gone")));
    assert!(matches!(accept(bench).await, Err(Error::Unavailable(_))));

    let mut bench = bench_that_receives(FileFormat::Mp4);
    bench.store.files.expect_prolong().once().returning(|_, _, _| Ok(true));
    let taken = |_, _: &_, _| Err(MediaError::Unreadable("a film was sent already".into()));
    bench.direct.expect_store().once().returning(taken);
    assert!(matches!(accept(bench).await, Err(Error::Unreadable { field: "file", .. })));
}
