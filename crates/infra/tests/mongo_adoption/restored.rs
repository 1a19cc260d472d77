//! A dump of another application that somebody restores over a database of ours is noticed, and nothing is done.

use aviary_infra::mongo::{self, AdoptionError, MigrateMode, OpenError};
use mongodb::bson::{Bson, Document, doc};

use super::dialects::{HASH, classic};
use super::large::synthetic;
use super::{Guard, id};

/// Nobody serves the database, and nobody migrates it, for the sake of this collection.
async fn assert_refused(guard: &Guard, collection: &str) {
    let before = guard.dump().await;
    let Err(refusal) = mongo::open(&guard.uri).await else { panic!("it was opened for all of {collection}") };
    assert!(refusal.to_string().contains(&format!("another application are in {collection} of")), "{refusal}");
    for mode in [MigrateMode::DryRun, MigrateMode::Apply] {
        match guard.migrate(mode).await {
            Err(OpenError::Adoption(AdoptionError::Mixed(name))) => assert_eq!(name, collection),
            other => panic!("{collection}: {other:?}"),
        }
    }
    assert_eq!(guard.dump().await, before);
}

/// Those that came back, because they are in the quarantine, or that are newer: before all of ours or after them.
#[tokio::test(flavor = "multi_thread")]
async fn documents_of_another_application_among_ours_are_noticed_in_every_collection() {
    // More than are looked at, so that either end counts.
    let guard = Guard::with(&synthetic(400).left).await;
    guard.adopt().await;
    let (ada, film) = (id(b'u', 1), id(b'v', 1));
    for (name, kind, fields) in [
        ("users", b'u', doc! { "username": "late", "email": "late@example.org", "password": HASH }),
        ("videos", b'v', doc! { "owner": ada, "title": "x", "videoFile": "v" }),
        ("comments", b'c', doc! { "owner": ada, "video": film, "content": "x" }),
        ("tweets", b't', doc! { "owner": ada, "content": "x" }),
        ("playlists", b'p', doc! { "owner": ada, "name": "x", "videos": [film] }),
    ] {
        for stray in [id(kind - 1, 1), id(kind, 0x7fff_ffff)] {
            mongo::open(&guard.uri).await.expect("an open store");
            let collection = guard.database().await.collection::<Document>(name);
            let mut stranger = fields.clone();
            stranger.insert("_id", stray);
            collection.insert_one(&stranger).await.expect("a document");
            assert_refused(&guard, name).await;
            collection.delete_one(doc! { "_id": stray }).await.expect("a deletion");
        }
    }
    mongo::open(&guard.uri).await.expect("an open store");
}

/// As `mongorestore --drop` does it.
#[tokio::test(flavor = "multi_thread")]
async fn a_dump_restored_in_the_place_of_ours_is_noticed() {
    let left = classic().left;
    for replaced in [vec!["users", "videos", "likes"], vec!["videos"], vec!["playlists", "likes"]] {
        let guard = Guard::with(&left).await;
        guard.adopt().await;
        for name in &replaced {
            let collection = guard.database().await.collection::<Document>(name);
            collection.drop().await.expect("a drop");
            collection.insert_many(&left[*name]).await.expect("documents");
        }
        assert_refused(&guard, replaced[0]).await;
    }
}

/// As `mongorestore` does it without `--drop`: what is there already stays as it is, and ours with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_which_all_is_there_changes_nothing() {
    let left = classic().left;
    let guard = Guard::with(&left).await;
    guard.adopt().await;
    let before = guard.dump().await;
    for (name, documents) in &left {
        let collection = guard.database().await.collection::<Document>(name);
        collection.insert_many(documents).ordered(false).await.expect_err("they are there");
    }
    assert_eq!(guard.dump().await, before);
    mongo::open(&guard.uri).await.expect("an open store");
    let late = doc! { "_id": id(b't', 0), "owner": Bson::ObjectId(id(b'u', 1)), "content": "x" };
    guard.database().await.collection("tweets").insert_one(late).await.expect("a document");
    assert_refused(&guard, "tweets").await;
}
