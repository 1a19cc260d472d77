//! `--dry-run`: the same report as in earnest, and nothing that stays.

use std::sync::Mutex;

use aviary_infra::mongo::{self, MigrateMode, OpenError};
use mongodb::Database;
use mongodb::bson::{Document, doc};

use super::broken::broken;
use super::dialects::{classic, cloud, loose};
use super::mended::Intruder;
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

/// Scratch collections that would keep everybody's documents out, were they taken for the rehearsal's own.
async fn leave_scratch(guard: &Guard) {
    let database = guard.database().await;
    let holder = doc! { "_id": "held", "username": "ada", "email": "bob@example.org" };
    database.collection("aviary_dryrun.users").insert_one(holder).await.expect("what was left");
    let like = doc! { "_id": "held", "likedBy": super::id(b'u', 2), "video": super::id(b'v', 1) };
    database.collection("aviary_dryrun.likes").insert_one(like).await.expect("what was left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_rehearsal_left_goes_with_the_next() {
    let guard = Guard::with(&classic().left).await;
    let (before, report) = (guard.dump().await, guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal"));
    leave_scratch(&guard).await;
    assert_eq!(guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal"), report);
    assert_eq!(guard.dump().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_rehearsal_left_goes_with_the_adoption() {
    let guard = Guard::with(&classic().left).await;
    let rehearsed = guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal").expect("a report");
    leave_scratch(&guard).await;
    assert_eq!(guard.adopt().await, rehearsed);
    assert!(guard.dump().await.keys().all(|name| !name.starts_with("aviary_dryrun.")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_that_fails_leaves_nothing_either() {
    let guard = Guard::with(&classic().left).await;
    let before = (guard.dump().await, indexes(&guard).await);
    // Into which nobody can write.
    let act = async |database: &Database, title: &str, _| {
        if title == "tweets" {
            let never = doc! { "impossible": { "$exists": true } };
            let made = doc! { "create": "aviary_dryrun.tweets", "validator": never };
            database.run_command(made).await.expect("a collection");
        }
    };
    let intruder = Intruder { database: guard.database().await, begun: Mutex::default(), act };
    let failed = mongo::migrate(&guard.uri, MigrateMode::DryRun, &intruder).await;
    assert!(matches!(failed, Err(OpenError::Driver(_))), "{failed:?}");
    assert_eq!((guard.dump().await, indexes(&guard).await), before);
}
