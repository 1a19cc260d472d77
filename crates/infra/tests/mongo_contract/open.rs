//! Opening a database: what is made on an empty one, and what is refused.

use std::error::Error;
use std::time::{Duration, Instant};

use aviary_domain::StoreError;
use aviary_domain::test_support::fixture;
use aviary_infra::mongo::{OpenError, open};
use mongodb::bson::{Document, doc};

use super::Guard;
use super::mongod::Server;

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_gets_its_shape_and_is_opened_again() {
    let guard = Guard::new();
    for _ in 0..2 {
        open(&guard.uri).await.expect("an open database");
    }
    let database = guard.database().await;
    let meta = database.collection::<Document>("aviary_meta").find_one(doc! { "_id": "schema" }).await.unwrap();
    assert_eq!(meta, Some(doc! { "_id": "schema", "version": 3_i64 }));
    let likes = database.collection::<Document>("likes").list_index_names().await.unwrap();
    assert!(likes.contains(&"likedBy_1_video_1".to_owned()), "{likes:?}");
    assert!(!likes.contains(&"video_1_likedBy_1".to_owned()), "{likes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_may_make_the_shape_at_once() {
    let guard = Guard::new();
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            let uri = guard.uri.clone();
            tokio::spawn(async move { open(&uri).await.map(drop) })
        })
        .collect();
    for node in nodes {
        node.await.unwrap().expect("an open database");
    }
    let totals = guard.database().await.collection::<Document>("totals").count_documents(doc! {}).await.unwrap();
    assert_eq!(totals, 128);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shape_left_half_made_is_finished() {
    let guard = Guard::new();
    let database = guard.database().await;
    database.collection("aviary_meta").insert_one(doc! { "_id": "schema", "version": 0_i64 }).await.unwrap();
    database.create_collection("purge_queue").await.unwrap();
    database.collection("totals").insert_one(doc! { "_id": "tweets:3", "value": 0_i64 }).await.unwrap();
    open(&guard.uri).await.expect("an open database");
    assert_eq!(database.collection::<Document>("totals").count_documents(doc! {}).await.unwrap(), 128);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_somebody_else_is_refused_and_left_alone() {
    let guard = Guard::new();
    let database = guard.database().await;
    database.collection("invoices").insert_one(doc! { "amount": 12 }).await.unwrap();
    assert!(matches!(open(&guard.uri).await, Err(OpenError::Foreign { .. })));
    assert_eq!(database.list_collection_names().await.unwrap(), ["invoices"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_program_is_refused() {
    let guard = Guard::new();
    let meta = doc! { "_id": "schema", "version": 99_i64 };
    guard.database().await.collection("aviary_meta").insert_one(meta).await.unwrap();
    assert!(matches!(open(&guard.uri).await, Err(OpenError::Newer { found: 99, known: 3, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_to_be_migrated_is_refused_with_the_command_that_does_it() {
    for mark in [
        doc! { "_id": "schema", "version": 1_i64 },
        doc! { "_id": "schema", "version": 2_i64 },
        doc! { "_id": "adoption", "state": "copying" },
    ] {
        let guard = Guard::new();
        guard.database().await.collection::<Document>("aviary_meta").insert_one(&mark).await.unwrap();
        let refusal = open(&guard.uri).await.err().expect("a refusal");
        assert!(matches!(refusal, OpenError::NeedsMigration { .. }), "{mark}: {refusal:?}");
        assert!(refusal.to_string().contains("`aviary migrate`"), "{refusal}");
        assert_eq!(guard.database().await.list_collection_names().await.unwrap(), ["aviary_meta"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_copied_database_is_refused_with_the_command_that_finishes_it() {
    let guard = Guard::new();
    let meta = guard.database().await.collection("aviary_meta");
    meta.insert_many([doc! { "_id": "copy" }, doc! { "_id": "schema", "version": 3_i64 }]).await.unwrap();
    let refusal = open(&guard.uri).await.err().expect("a refusal");
    assert!(matches!(refusal, OpenError::HalfCopied { .. }), "{refusal:?}");
    assert!(refusal.to_string().contains("`aviary copy`"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_do_not_show_the_password() {
    for uri in ["mongodb://ada:secret@127.0.0.1:1/?serverSelectionTimeoutMS=100", "mongodb://ada:secret@:::/"] {
        let Err(refusal) = open(uri).await else { panic!("{uri} was opened") };
        assert!(!format!("{refusal} {refusal:?}").contains("secret"), "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_answer_are_named_in_one_sentence() {
    let uri = "mongodb://ada:secret@127.0.0.1:1,127.0.0.1:2/tube?serverSelectionTimeoutMS=100";
    let refusal = open(uri).await.err().expect("a refusal");
    let said = "no primary of MongoDB answered at 127.0.0.1:1, 127.0.0.1:2 within 0.1 s";
    assert_eq!(refusal.to_string(), said);
    assert!(refusal.source().is_none(), "whoever prints the sources too says it once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standalone_server_is_refused_with_what_to_do() {
    let _skipped_without_a_server = Guard::new();
    let server = Server::standalone().expect("a standalone server");
    let deadline = Instant::now() + Duration::from_secs(20);
    let refusal = loop {
        match open(server.uri()).await {
            // It may still be starting.
            Err(OpenError::Unreachable { .. } | OpenError::Driver(_)) if Instant::now() < deadline => {}
            other => break other.err().expect("a refusal"),
        }
    };
    assert!(matches!(refusal, OpenError::Standalone), "{refusal:?}");
    assert!(refusal.to_string().contains("--replSet"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_makes_every_call_unavailable_in_bounded_time() {
    let _skipped_without_a_server = Guard::new();
    let server = Server::launch().expect("a server of its own");
    let store = open(server.uri()).await.expect("an open store").store;
    let account = fixture::account();
    drop(server);
    let start = Instant::now();
    let (read, write) = tokio::join!(store.users.find(account.user.id), store.users.create(&account, None));
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert!(matches!(write, Err(StoreError::Unavailable(_))), "{write:?}");
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
}
