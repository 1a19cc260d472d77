//! `--dry-run`: the same report as in earnest, and nothing that stays.

use aviary_infra::mongo::{self, MigrateMode, OpenError};
use mongodb::bson::{Document, doc};

use super::broken::broken;
use super::dialects::{classic, cloud, loose};
use super::{Dump, Guard};

async fn rehearsed_as_in_earnest(left: &Dump) {
    let guard = Guard::with(left).await;
    let before = (guard.dump().await, indexes(&guard).await);
    let rehearsed = guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal").expect("a report");
    assert_eq!((guard.dump().await, indexes(&guard).await), before, "a rehearsal changes nothing");
    assert!(matches!(mongo::open(&guard.uri).await, Err(OpenError::NeedsMigration { .. })));
    let report = guard.adopt().await;
    assert_eq!(rehearsed, report);
    assert_eq!(rehearsed.to_string(), report.to_string());
}

/// All collections, ours too, with their indexes.
async fn indexes(guard: &Guard) -> Vec<(String, Vec<String>)> {
    let database = guard.database().await;
    let mut indexes = Vec::new();
    for name in database.list_collection_names().await.expect("names") {
        let names = database.collection::<Document>(&name).list_index_names().await.expect("names");
        indexes.push((name, names));
    }
    indexes.sort();
    indexes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_tells_what_will_be_and_changes_nothing() {
    for dialect in [classic(), cloud(), loose(), broken()] {
        rehearsed_as_in_earnest(&dialect.left).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_rehearsal_left_goes_with_the_next() {
    let guard = Guard::with(&classic().left).await;
    let before = guard.dump().await;
    let scratch = guard.database().await.collection("aviary_dryrun.users");
    scratch.insert_one(doc! { "username": "ada" }).await.expect("what was left");
    guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal");
    assert_eq!(guard.dump().await, before);
}
