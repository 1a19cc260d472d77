//! Adoption that is killed anywhere and gone on with makes the same as one that is not.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use aviary_infra::mongo::{AdoptionError, AdoptionReport, MigrateMode, OpenError};
use mongodb::bson::Document;
use tokio::time::sleep;

use super::broken::broken;
use super::dialects::{Dialect, cloud};
use super::large::synthetic;
use super::{Dump, Guard, assert_same, id};

/// Drops a future after it was polled so many times, which is as good as a kill: wherever it waits for the server it
/// may end, and the server may still do what it was told last. Answers with how often it was polled at the end too.
async fn killed_after<T>(polls: usize, work: impl Future<Output = T>) -> (Option<T>, usize) {
    let mut work = pin!(work);
    let mut count = 0;
    let done = poll_fn(|context| {
        count += 1;
        match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if count >= polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    (done.await, count)
}

/// After so many kills an adoption that goes on at all has come to its end.
const MOST_KILLS: usize = 200;

/// What of the adoption is left when its process is dead for longer than its lock lives: the lock means nothing any more.
/// Killed after its last write, it leaves it behind, and nobody who finds all done takes it away.
async fn outlive_the_lock(guard: &Guard) {
    // What the server was told last may still be under way.
    sleep(Duration::from_millis(20)).await;
    let locks = guard.database().await.collection::<Document>("aviary_lock");
    locks.drop().await.expect("the lock's end");
}

/// Adopts until it is done, killed after so many polls each time; answers with the report and how often it was killed.
async fn adopt_killed(guard: &Guard, mut polls: impl FnMut() -> usize) -> (Option<AdoptionReport>, usize) {
    for kills in 0..MOST_KILLS {
        match killed_after(polls(), guard.migrate(MigrateMode::Apply)).await.0 {
            Some(Ok(report)) => return (report, kills),
            None | Some(Err(OpenError::Adoption(AdoptionError::Overtaken))) => outlive_the_lock(guard).await,
            Some(Err(error)) => panic!("{error}"),
        }
    }
    panic!("killed {MOST_KILLS} times, it has not come to its end");
}

/// All that an uninterrupted adoption makes, its report, and how often it was polled.
async fn uninterrupted(left: &Dump) -> (Dump, AdoptionReport, usize) {
    let guard = Guard::with(left).await;
    let (done, polls) = killed_after(usize::MAX, guard.migrate(MigrateMode::Apply)).await;
    let report = done.expect("an end").expect("an adopted database").expect("a report");
    (guard.adopted().await, report, polls)
}

/// Two dialects in one, with all that can be wrong.
fn everything() -> Dump {
    let mut left = broken().left;
    for (number, (name, documents)) in (100..).zip(cloud().left) {
        let documents = documents.into_iter().enumerate().map(|(place, mut document)| {
            let place = u32::try_from(place).expect("a small number");
            document.insert("_id", id(b'x', number * 100 + place));
            document
        });
        left.entry(name).or_default().extend(documents);
    }
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_once_at_any_point_it_ends_as_if_it_had_not_been() {
    const POINTS: usize = 24;
    let left = everything();
    let (expected, report, polls) = uninterrupted(&left).await;
    for point in 0..POINTS {
        let guard = Guard::with(&left).await;
        let mut first = Some(1 + polls * point / POINTS);
        let (resumed, _) = adopt_killed(&guard, || first.take().unwrap_or(usize::MAX)).await;
        // Killed after the very last step, there is nothing to go on with and nothing to tell.
        assert!(resumed.is_none_or(|resumed| resumed == report), "killed at {point} of {POINTS}");
        assert_same(&guard.adopted().await, &expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_ends_as_if_it_had_not_been() {
    let Dialect { left, .. } = synthetic(3_000);
    let (expected, report, polls) = uninterrupted(&left).await;
    for divisor in [4, 9, 20] {
        let guard = Guard::with(&left).await;
        // A little longer each time, so that no step is too long for ever.
        let mut life = polls / divisor;
        let (resumed, kills) = adopt_killed(&guard, || {
            life += life / 10 + 1;
            life
        })
        .await;
        assert!(kills > 0, "it was never killed");
        assert!(resumed.is_none_or(|resumed| resumed == report));
        assert_same(&guard.adopted().await, &expected);
    }
}
