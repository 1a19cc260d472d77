//! Films that browsers send by themselves: no ticket without a reservation, and nothing is stored without one.

use std::time::Duration;

use aviary_application::{Accepted, DirectRequest, DirectTicket, Error, Noun};
use aviary_domain::StoreError;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::direct::{Allowance, Receipt, UploadTicket};
use aviary_domain::media::{MediaError, PreparedFile, PreparedVideo, VideoFacts};
use aviary_domain::ticket::{Ticket, TicketAnswer, TicketRequest};
use mockall::predicate::eq;

use crate::bench::{Bench, MAX_VIDEO, NOW, actor, upload};

/// The name of the bench's first ticket: it begins with the second in which it was given.
fn name() -> FileKey {
    FileKey::from_stored(format!("videos/{:08x}{}.mp4", NOW.seconds(), "01".repeat(12)))
}

fn ticket() -> UploadTicket {
    UploadTicket { url: "https://store.example/upload".into(), fields: vec![], expires_at: NOW }
}

/// A bench whose store answers the wish for a ticket in this way.
fn bench_that_answers(answer: fn() -> Result<Option<TicketAnswer>, StoreError>) -> Bench {
    let mut bench = Bench { quota: Some(100), ..Bench::new() };
    bench.store.tickets.expect_open().once().returning(move |_| answer());
    bench
}

const OPENED: TicketAnswer = TicketAnswer::Opened { bytes: 40 };

async fn begin(bench: Bench, bytes: Option<u64>) -> Result<DirectTicket, Error> {
    let request = DirectRequest { content_type: Some("video/mp4".into()), file_name: None, bytes };
    bench.application().direct_uploads.begin(actor(), &request).await
}

#[tokio::test]
async fn a_ticket_is_for_the_film_that_is_told_of_or_for_any_that_fits() {
    for (bytes, least, most) in [(None, 1, MAX_VIDEO), (Some(40), 40, 40), (Some(MAX_VIDEO), MAX_VIDEO, MAX_VIDEO)] {
        let mut bench = Bench { quota: Some(100), ..Bench::new() };
        let until = NOW.after(Duration::from_hours(3));
        let wanted = TicketRequest { name: name(), owner: actor().user, least, most, quota: Some(100), until };
        bench.store.tickets.expect_open().with(eq(wanted)).once().returning(|_| Ok(Some(OPENED)));
        bench.direct.expect_sign().with(eq(name()), eq(40), eq(NOW)).once().returning(|_, _, _| Ok(ticket()));
        let outcome = begin(bench, bytes).await;
        assert!(outcome.is_ok_and(|given| given == DirectTicket { ticket: ticket(), limit: 40 }));
    }
}

#[tokio::test]
async fn a_film_that_would_be_too_large_gets_no_ticket() {
    let bench = bench_that_answers(|| Err(StoreError::QuotaExceeded { used: 60, quota: 100 }));
    let outcome = begin(bench, Some(41)).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { used: 60, quota: 100 })), "{outcome:?}");
    // Without asking the store.
    let outcome = begin(Bench::new(), Some(MAX_VIDEO + 1)).await;
    assert!(matches!(outcome, Err(Error::TooLarge { field: "bytes", limit: MAX_VIDEO })), "{outcome:?}");
    let outcome = begin(Bench::new(), Some(0)).await;
    assert!(matches!(&outcome, Err(Error::Invalid(fields)) if fields[0].field == "bytes"), "{outcome:?}");
}

#[tokio::test]
async fn who_has_too_many_tickets_is_told_when_to_come_again() {
    for (until, seconds) in [(NOW.after(Duration::from_secs(90)), 90), (NOW.before(Duration::from_secs(1)), 0)] {
        let mut bench = Bench::new();
        bench.store.tickets.expect_open().once().returning(move |_| Ok(Some(TicketAnswer::TooMany { until })));
        let outcome = begin(bench, None).await;
        let expected = Duration::from_secs(seconds);
        assert!(
            matches!(outcome, Err(Error::TooManyTickets { retry_after }) if retry_after == expected),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn without_a_reservation_nothing_is_signed() {
    let outcome = begin(bench_that_answers(|| Err(StoreError::unavailable("gone"))), None).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    let outcome = begin(bench_that_answers(|| Ok(None)), None).await;
    assert!(matches!(outcome, Err(Error::NotFound(Noun::User))), "{outcome:?}");
}

#[tokio::test]
async fn a_ticket_that_could_not_be_signed_is_taken_back() {
    for forgotten in [true, false] {
        let mut bench = bench_that_answers(|| Ok(Some(OPENED)));
        bench.direct.expect_sign().once().returning(|_, _, _| Err(MediaError::Unavailable("gone".into())));
        let forget = move |_: &_| if forgotten { Ok(()) } else { Err(StoreError::backend("broken")) };
        bench.store.files.expect_forget().with(eq(name())).once().returning(forget);
        let outcome = begin(bench, None).await;
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    }
}

/// What a genuine ticket allows, when the store knows this of its name.
async fn open(found: Result<Option<Ticket>, StoreError>) -> Result<Option<Allowance>, Error> {
    let mut bench = Bench::new();
    let allowance = Allowance { name: name(), limit: 40 };
    bench.direct.expect_open().once().return_once(|_, _| Some(allowance));
    bench.store.tickets.expect_find().with(eq(name()), eq(NOW)).once().return_once(|_, _| found);
    bench.application().direct_uploads.open(&[]).await
}

#[tokio::test]
async fn a_ticket_that_was_used_or_has_ended_lets_nothing_in() {
    let opened = open(Ok(Some(Ticket { owner: actor().user, bytes: 40 }))).await;
    assert!(matches!(&opened, Ok(Some(allowance)) if allowance.limit == 40), "{opened:?}");
    let used = open(Ok(None)).await;
    assert!(matches!(used, Err(Error::NotFound(Noun::Upload))), "{used:?}");
    let unknown = open(Err(StoreError::unavailable("gone"))).await;
    assert!(matches!(unknown, Err(Error::Unavailable(_))), "{unknown:?}");
}

#[tokio::test]
async fn for_a_forged_ticket_the_store_is_not_asked() {
    let mut bench = Bench::new();
    bench.direct.expect_open().once().return_once(|_, _| None);
    assert!(matches!(bench.application().direct_uploads.open(&[]).await, Ok(None)));
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
