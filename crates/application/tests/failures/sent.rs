//! Publishing films that were sent with a ticket: who may, what becomes of the film when it fails, and what does not end it.

use aviary_application::{Error, Noun, Publication, ReceiptInput};
use aviary_domain::media::MediaError;
use aviary_domain::media::direct::{Receipt, StoredFilm};
use aviary_domain::ticket::Ticket;
use aviary_domain::video::VideoStatus;
use aviary_domain::{Id, StoreError};
use mockall::predicate::eq;

use crate::bench::{Bench, MAX_VIDEO, NOW, actor, prepared, upload};
use crate::publish::{FACTS, is_released, publish, row_is_refused, row_is_written};
use crate::upkeep::{derived, film, reads_marks};

fn receipt() -> Receipt {
    Receipt { public_id: film("").name().to_owned(), version: 7, signature: "s".into() }
}

fn with_receipt() -> Publication {
    let Receipt { public_id, version, signature } = receipt();
    let upload = ReceiptInput { public_id: Some(public_id), version: Some(version), signature: Some(signature) };
    Publication { title: Some("A film".into()), upload: Some(upload), ..Publication::default() }
}

/// A bench that knows the receipt, of a film for which the actor has a ticket of so many bytes.
fn bench_with_ticket(bytes: u64) -> Bench {
    let mut bench = Bench::new();
    bench.direct.expect_verify().with(eq(receipt())).returning(|_| Some(film("u1").unmarked()));
    let ticket = Ticket { owner: actor().user, bytes };
    bench.store.tickets.expect_find().with(eq(film("u1").unmarked()), eq(NOW)).returning(move |_, _| Ok(Some(ticket)));
    bench
}

/// A bench in whose media store such a film lies, for this receipt.
fn bench_with_sent(bytes: u64) -> Bench {
    let mut bench = bench_with_ticket(MAX_VIDEO);
    reads_marks(&mut bench);
    bench
        .direct
        .expect_inspect()
        .with(eq(film("u1").unmarked()))
        .returning(move |_| Ok(Some(StoredFilm { key: film("u1"), facts: FACTS, bytes })));
    bench
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
    let mut bench = bench_with_ticket(5);
    bench.direct.expect_inspect().returning(|name| Ok(Some(StoredFilm { key: name.clone(), facts: FACTS, bytes: 5 })));
    bench.upkeep.expect_is_ready().returning(|_| true);
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
    let mut bench = bench_with_ticket(5);
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
    let mut bench = bench_with_ticket(5);
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
    for (ticket, limit) in [(u64::MAX, MAX_VIDEO), (499, 499)] {
        let mut bench = bench_with_ticket(ticket);
        let sent = StoredFilm { key: film("u1"), facts: FACTS, bytes: limit + 1 };
        bench.direct.expect_inspect().once().return_once(|_| Ok(Some(sent)));
        is_released(&mut bench, vec![film("u1").unmarked()]);
        let outcome = publish(bench, with_receipt()).await;
        assert!(matches!(outcome, Err(Error::TooLarge { limit: told, .. }) if told == limit), "{outcome:?}");
    }
    let errors: [fn() -> MediaError; 2] =
        [|| MediaError::Unreadable("broken".into()), || MediaError::UnsupportedType("a picture".into())];
    for error in errors {
        let mut bench = bench_with_ticket(MAX_VIDEO);
        bench.direct.expect_inspect().once().returning(move |_| Err(error()));
        is_released(&mut bench, vec![film("u1").unmarked()]);
        let outcome = publish(bench, with_receipt()).await;
        assert!(matches!(outcome, Err(Error::Unreadable { .. } | Error::UnsupportedMedia { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_film_of_just_as_many_bytes_as_its_ticket_allows_is_taken() {
    let mut bench = bench_with_sent(MAX_VIDEO);
    row_is_written(&mut bench, |video| video.bytes == MAX_VIDEO);
    let outcome = publish(bench, with_receipt()).await;
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test]
async fn without_a_ticket_of_ones_own_no_film_is_looked_for() {
    let theirs = Ticket { owner: Id::from_bytes([8; 12]), bytes: MAX_VIDEO };
    for found in [None, Some(theirs)] {
        let mut bench = Bench::new();
        bench.direct.expect_verify().returning(|_| Some(film("u1").unmarked()));
        bench.store.tickets.expect_find().once().returning(move |_, _| Ok(found));
        let outcome = publish(bench, with_receipt()).await;
        assert!(matches!(outcome, Err(Error::NotFound(Noun::Upload))), "{outcome:?}");
    }
}

/// Room can be made for it, and it is counted while it waits.
#[tokio::test]
async fn a_sent_film_outlives_a_quota_without_room() {
    let mut bench = bench_with_sent(500);
    row_is_refused(&mut bench, StoreError::QuotaExceeded { used: 1, quota: 2 });
    let outcome = publish(bench, with_receipt()).await;
    assert!(matches!(outcome, Err(Error::QuotaExceeded { used: 1, quota: 2 })), "{outcome:?}");
}

#[tokio::test]
async fn a_sent_film_outlives_a_store_that_is_out_of_reach() {
    let mut bench = bench_with_ticket(5);
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
