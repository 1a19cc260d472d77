//! Reservations of files that take long to store.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::StoreError;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::test_support::fixture::at;
use aviary_domain::test_support::mock::{
    MockClock, MockDirectUploads, MockEntropy, MockIdSource, MockMediaInventory, MockMediaNotices, MockMediaStore,
    MockMediaUpkeep, MockPasswordHasher, MockStore, MockTokens, mock_store,
};

use super::RESERVATION;
use crate::{Error, Ports};

fn ports(store: MockStore) -> Ports {
    let mut clock = MockClock::new();
    clock.expect_now().return_const(at(0));
    Ports {
        store: store.into_store(),
        media: Arc::new(MockMediaStore::new()),
        upkeep: Arc::new(MockMediaUpkeep::new()),
        direct: Arc::new(MockDirectUploads::new()),
        notices: Arc::new(MockMediaNotices::new()),
        inventory: Arc::new(MockMediaInventory::new()),
        hasher: Arc::new(MockPasswordHasher::new()),
        tokens: Arc::new(MockTokens::new()),
        entropy: Arc::new(MockEntropy::new()),
        clock: Arc::new(clock),
        ids: Arc::new(MockIdSource::new()),
    }
}

fn names() -> [FileKey; 2] {
    [1, 2].map(|number| FileKey::new(FileFormat::Mp4, [number; 16]))
}

/// Stores for so many minutes.
async fn store_for(minutes: u64) -> Result<&'static str, Error> {
    tokio::time::sleep(Duration::from_mins(minutes)).await;
    Ok("stored")
}

#[tokio::test(start_paused = true)]
async fn a_file_that_takes_long_to_store_stays_reserved_until_it_is() {
    let mut store = mock_store();
    // At 15, 30, 45 and 60 minutes, each of the two; one that fails is made up for by the next.
    let mut calls = 0;
    store
        .files
        .expect_prolong()
        .withf(|name, now, until| names().contains(name) && *now == at(0) && *until == at(0).after(RESERVATION))
        .times(8)
        .returning(move |_, _, _| {
            calls += 1;
            if calls == 3 { Err(StoreError::unavailable("gone")) } else { Ok(true) }
        });
    let outcome = ports(store).while_reserved(&names(), store_for(70)).await;
    assert!(matches!(outcome, Ok("stored")), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_quickly_asks_nothing_of_the_ledger() {
    let outcome = ports(mock_store()).while_reserved(&names(), store_for(14)).await;
    assert!(matches!(outcome, Ok("stored")), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_stored_any_more_under_a_reservation_that_has_ended() {
    let mut store = mock_store();
    store.files.expect_prolong().once().returning(|_, _, _| Ok(false));
    let outcome = ports(store).while_reserved(&names(), store_for(70)).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}
