//! Quotas before anything is sent: how much a film may have, and who is not held to it.

use aviary_application::{Error, IdempotencyKey, UploadKind};
use aviary_domain::idempotency::{Fingerprint, Remembered};
use aviary_domain::media::MediaError;

use crate::bench::{Bench, MAX_VIDEO, account, actor};

fn bench(used: u64, quota: Option<u64>) -> Bench {
    let mut bench = Bench { quota, ..Bench::new() };
    bench.has_stored(used, 0);
    bench
}

fn key() -> IdempotencyKey {
    match IdempotencyKey::parse("k", "POST", "/videos") {
        Ok(key) => key,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_film_may_be_no_larger_than_what_still_fits_and_a_picture_any() {
    let uploads = bench(60, Some(100)).application().uploads;
    let limited = uploads.within_quota(actor(), None).await.expect("there is room");
    assert_eq!((uploads.limit(UploadKind::Video), limited.limit(UploadKind::Video)), (MAX_VIDEO, 40));
    assert_eq!(limited.limit(UploadKind::Image), uploads.limit(UploadKind::Image));
    let refusal = limited.refusal(UploadKind::Video, "videoFile", MediaError::TooLarge { limit: 40 });
    assert!(matches!(refusal, Error::QuotaExceeded { used: 60, quota: 100 }), "{refusal:?}");
    let refusal = limited.refusal(UploadKind::Image, "thumbnail", MediaError::TooLarge { limit: 10 });
    assert!(matches!(refusal, Error::TooLarge { field: "thumbnail", .. }), "{refusal:?}");
}

#[tokio::test]
async fn a_film_leaves_room_for_open_tickets_and_does_not_stand_in_the_way_of_their_films() {
    for (reserved, limit) in [(30, 10), (40, 0)] {
        let mut bench = Bench { quota: Some(100), ..Bench::new() };
        bench.has_stored(60, reserved);
        let uploads = bench.application().uploads.within_quota(actor(), None).await.expect("a form with a receipt");
        assert_eq!(uploads.limit(UploadKind::Video), limit);
        let refusal = uploads.refusal(UploadKind::Video, "videoFile", MediaError::TooLarge { limit });
        assert!(matches!(refusal, Error::QuotaExceeded { used, quota: 100 } if used == 60 + reserved), "{refusal:?}");
    }
}

#[tokio::test]
async fn where_the_limit_for_films_is_smaller_it_is_told() {
    let uploads = bench(0, Some(MAX_VIDEO * 9)).application().uploads;
    let limited = uploads.within_quota(actor(), None).await.expect("there is room");
    let refusal = limited.refusal(UploadKind::Video, "videoFile", MediaError::TooLarge { limit: MAX_VIDEO });
    assert!(matches!(refusal, Error::TooLarge { limit: MAX_VIDEO, .. }), "{refusal:?}");
}

#[tokio::test]
async fn a_full_quota_takes_no_film_at_all() {
    let outcome = bench(100, Some(100)).application().uploads.within_quota(actor(), None).await;
    assert!(matches!(outcome.err(), Some(Error::QuotaExceeded { used: 100, quota: 100 })));
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_not_held_to_the_quota_that_it_has_filled() {
    let mut known = bench(100, Some(100));
    let note = Remembered { fingerprint: Fingerprint([0; 32]), made: [5; 12], answer: None };
    known.store.idempotency.expect_find().once().return_once(|_, _| Ok(Some(note)));
    let limited = known.application().uploads.within_quota(actor(), Some(&key())).await.expect("it is let in");
    assert_eq!(limited.limit(UploadKind::Video), MAX_VIDEO);

    let mut unknown = bench(100, Some(100));
    unknown.store.idempotency.expect_find().once().returning(|_, _| Ok(None));
    let outcome = unknown.application().uploads.within_quota(actor(), Some(&key())).await;
    assert!(matches!(outcome.err(), Some(Error::QuotaExceeded { .. })));
}

#[tokio::test]
async fn without_a_quota_nothing_is_asked() {
    let uploads = Bench::new().application().uploads.within_quota(actor(), Some(&key())).await;
    assert_eq!(uploads.expect("no quota").limit(UploadKind::Video), MAX_VIDEO);
}

#[tokio::test]
async fn owners_are_told_what_they_use() {
    let mut bench = Bench { quota: Some(100), ..Bench::new() };
    bench.has_stored(60, 7);
    bench.store.users.expect_find().returning(|_| Ok(Some(account().user)));
    let (user, storage) = bench.application().users.current(actor()).await.expect("the user is there");
    assert_eq!(user, account().user);
    assert_eq!((storage.used, storage.reserved, storage.quota), (60, 7, Some(100)));
    let mut gone = Bench::new();
    gone.store.users.expect_find().returning(|_| Ok(None));
    gone.store.users.expect_stored_bytes().returning(|_| Ok(None));
    assert!(matches!(gone.application().users.current(actor()).await, Err(Error::NotFound(_))));
}
