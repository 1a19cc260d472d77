//! Files of a row that was never written are due at once; nothing is half done.

use std::time::Duration;

use aviary_application::Error;
use aviary_domain::StoreError;
use aviary_domain::media::MediaError;
use aviary_domain::user::UserImage;
use mockall::predicate::{always, eq};

use crate::bench::{Bench, NOW, actor, address, name, prepared, registration, upload};

/// A bench on which everything up to storing works.
fn bench_that_stores() -> Bench {
    let mut bench = Bench::new();
    bench.store.users.expect_find_account().returning(|_| Ok(None));
    bench.media.expect_prepare_image().returning(|_, _| Ok(prepared()));
    bench.hasher.expect_hash().returning(|_| Ok(crate::bench::account().password_hash));
    let whole = NOW.after(Duration::from_hours(1));
    bench
        .store
        .files
        .expect_reserve()
        .withf(move |keys, until| keys.len() == 2 && *until == whole)
        .once()
        .returning(|_, _| Ok(()));
    bench
}

#[tokio::test]
async fn a_second_file_that_cannot_be_stored_gives_up_both_and_writes_no_row() {
    let mut bench = bench_that_stores();
    bench.media.expect_keep().with(always(), eq(name(1))).once().returning(|_, name| Ok(name.clone()));
    let full = |_, _: &_| Err(MediaError::Unavailable("disk full".into()));
    bench.media.expect_keep().with(always(), eq(name(2))).once().returning(full);
    // Not at once: a store that is out of reach may be storing still what it was sent.
    let both = vec![name(1), name(2)];
    let soon = NOW.after(Duration::from_secs(30));
    bench
        .store
        .files
        .expect_reserve()
        .withf(move |keys, until| keys == both && *until == soon)
        .once()
        .returning(|_, _| Err(StoreError::unavailable("gone, too")));
    let outcome = bench.application().users.register(registration(), address(), None).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_row_that_is_refused_or_cannot_be_written_releases_its_files() {
    let refusals: [fn() -> StoreError; 3] = [
        || StoreError::Conflict { field: "username" },
        || StoreError::unavailable("gone"),
        || StoreError::backend("broken"),
    ];
    for refusal in refusals {
        let mut bench = bench_that_stores();
        let both = vec![name(1), name(2)];
        bench
            .store
            .files
            .expect_release()
            .withf(move |keys, now| keys == both && *now == NOW)
            .once()
            .returning(|_, _| Ok(()));
        bench.media.expect_keep().times(2).returning(|_, name| Ok(name.marked("u1")));
        bench.store.users.expect_create().once().returning(move |_, _| Err(refusal()));
        let outcome = bench.application().users.register(registration(), address(), None).await;
        match (refusal(), outcome) {
            (StoreError::Conflict { .. }, Err(Error::Conflict { field: "username" }))
            | (StoreError::Unavailable(_), Err(Error::Unavailable(_)))
            | (StoreError::Backend(_), Err(Error::Internal(_))) => {}
            (refusal, outcome) => panic!("{refusal:?}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn a_row_has_its_files_under_the_keys_that_the_media_store_gave() {
    let mut bench = bench_that_stores();
    bench.media.expect_keep().with(always(), eq(name(1))).returning(|_, name| Ok(name.marked("u1")));
    bench.media.expect_keep().with(always(), eq(name(2))).returning(|_, name| Ok(name.marked("u2")));
    bench
        .store
        .users
        .expect_create()
        .withf(|account, _| {
            account.user.avatar == name(1).marked("u1") && account.user.cover_image == Some(name(2).marked("u2"))
        })
        .once()
        .returning(|_, _| Ok(()));
    let outcome = bench.application().users.register(registration(), address(), None).await;
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_keeps_any_file_from_being_stored() {
    let mut bench = Bench::new();
    bench.media.expect_prepare_image().returning(|_, _| Ok(prepared()));
    bench.store.files.expect_reserve().once().returning(|_, _| Err(StoreError::unavailable("gone")));
    let outcome = bench.application().users.replace_image(actor(), UserImage::Avatar, Some(upload())).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_hangs_up_half_way_leaves_no_reservation_behind() {
    let mut bench = Bench::new();
    let (ended, mut end) = tokio::sync::mpsc::unbounded_channel();
    bench.media.expect_prepare_image().returning(|_, _| Ok(prepared()));
    bench.store.files.expect_reserve().once().returning(|_, _| Ok(()));
    bench.media.expect_keep().once().returning(|_, _| {
        std::thread::sleep(Duration::from_millis(50));
        Err(MediaError::Unavailable("disk full".into()))
    });
    bench.store.files.expect_reserve().once().returning(move |_, _| {
        ended.send(()).unwrap();
        Ok(())
    });
    let users = bench.application().users;
    let call = users.replace_image(actor(), UserImage::Avatar, Some(upload()));
    // Polled until the step has begun, and dropped then, as a server does with the request of a client that is gone.
    assert!(tokio::time::timeout(Duration::from_millis(1), call).await.is_err());
    assert_eq!(end.recv().await, Some(()));
}

#[tokio::test]
async fn names_that_are_taken_are_told_before_any_picture_is_decoded() {
    let mut bench = Bench::new();
    bench.store.users.expect_find_account().returning(|_| Ok(Some(crate::bench::account())));
    let outcome = bench.application().users.register(registration(), address(), None).await;
    assert!(matches!(outcome, Err(Error::Conflict { field: "username" })), "{outcome:?}");
}

#[tokio::test]
async fn every_bad_field_is_told_before_any_file_is_looked_at() {
    let input = aviary_application::Registration { email: Some("nowhere".into()), ..Default::default() };
    let Err(Error::Invalid(fields)) = Bench::new().application().users.register(input, address(), None).await else {
        panic!("bad input was taken")
    };
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(names, ["fullName", "email", "username", "password", "avatar"]);
}
