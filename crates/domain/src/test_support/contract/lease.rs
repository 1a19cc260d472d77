//! Rules of leases. Their ends are told by the store's clock, so these rules wait for real, a fraction of a second.

use std::thread::sleep;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::check::CROWD;
use crate::Store;

const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(100);
/// However slow the machine is: a short lease is over then.
const PATIENCE: Duration = Duration::from_secs(10);

async fn acquire(store: &Store, holder: &str, life: Duration) -> bool {
    store.leases.acquire("lease", holder, life).await.unwrap()
}

/// Asks until the lease is given.
async fn comes_to(store: &Store, holder: &str) {
    let begun = Instant::now();
    while !acquire(store, holder, LONG).await {
        assert!(begun.elapsed() < PATIENCE, "the lease is never over");
        sleep(Duration::from_millis(10));
    }
}

pub async fn one_at_a_time_holds_a_lease(store: Store) {
    assert!(acquire(&store, "one", LONG).await);
    for holder in ["other", "", "On", "one ", "$holder"] {
        assert!(!acquire(&store, holder, LONG).await, "{holder:?}");
    }
    assert!(acquire(&store, "one", LONG).await, "its holder still has it");
}

pub async fn a_lease_that_is_over_goes_to_whoever_asks(store: Store) {
    assert!(acquire(&store, "one", SHORT).await);
    let begun = Instant::now();
    comes_to(&store, "other").await;
    assert!(begun.elapsed() < PATIENCE);
    assert!(!acquire(&store, "one", LONG).await, "it has gone over to the other");
}

pub async fn a_holder_prolongs_its_lease(store: Store) {
    assert!(acquire(&store, "one", SHORT).await);
    assert!(acquire(&store, "one", LONG).await);
    sleep(SHORT * 2);
    assert!(!acquire(&store, "other", LONG).await, "it does not end when it would have");
}

pub async fn a_prolonged_lease_ends_by_its_last_life(store: Store) {
    assert!(acquire(&store, "one", LONG).await);
    assert!(acquire(&store, "one", SHORT).await);
    comes_to(&store, "other").await;
}

pub async fn a_refused_wish_prolongs_nothing(store: Store) {
    assert!(acquire(&store, "one", SHORT).await);
    for _ in 0..5 {
        acquire(&store, "one more", Duration::from_millis(1)).await;
    }
    comes_to(&store, "other").await;
}

pub async fn a_released_lease_is_free_at_once(store: Store) {
    assert!(acquire(&store, "one", LONG).await);
    store.leases.release("lease", "one").await.unwrap();
    assert!(acquire(&store, "other", LONG).await);
}

pub async fn nobody_releases_the_lease_of_another(store: Store) {
    assert!(acquire(&store, "one", LONG).await);
    for holder in ["other", "", "one "] {
        store.leases.release("lease", holder).await.unwrap();
    }
    store.leases.release("other lease", "one").await.unwrap();
    assert!(!acquire(&store, "other", LONG).await);
}

pub async fn leases_of_different_names_do_not_meet(store: Store) {
    assert!(store.leases.acquire("a", "one", LONG).await.unwrap());
    assert!(store.leases.acquire("b", "other", LONG).await.unwrap());
    assert!(!store.leases.acquire("a", "other", LONG).await.unwrap());
}

pub async fn of_many_at_once_exactly_one_gets_a_lease(store: Store) {
    let holders: Vec<String> = (0..CROWD).map(|number| format!("holder {number}")).collect();
    for round in 0..3 {
        let asked = join_all(holders.iter().map(|holder| acquire(&store, holder, LONG))).await;
        let winners: Vec<usize> = (0..CROWD).filter(|number| asked[*number]).collect();
        assert_eq!(winners.len(), 1, "in round {round}");
        // The next rounds are about a lease that is there and over.
        assert!(acquire(&store, &holders[winners[0]], Duration::from_millis(1)).await);
        sleep(SHORT);
    }
}
