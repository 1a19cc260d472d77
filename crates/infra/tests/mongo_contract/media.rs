//! A database knows its media folder again: a server with another one, or with an unmounted one, does not start.

use std::fs;
use std::path::Path;

use aviary_infra::mongo::{Database, OpenError, open};
use mongodb::bson::{Document, doc};

use super::Guard;

/// Where the id of a folder is.
const ID: &str = "aviary-media.id";

async fn node(guard: &Guard) -> Database {
    open(&guard.uri).await.expect("an open database").database
}

fn id(folder: &Path) -> String {
    fs::read_to_string(folder.join(ID)).expect("an id").trim().to_owned()
}

/// The id of the folder of the database; none before one is named.
async fn noted(guard: &Guard) -> Option<String> {
    let meta = guard.database().await.collection::<Document>("aviary_meta");
    let mark = meta.find_one(doc! { "_id": "media" }).await.expect("a well-formed answer");
    mark.map(|mark| mark.get_str("folder").expect("a well-formed answer").to_owned())
}

/// What a node of the database is told that has another folder.
async fn refusal(node: &Database, folder: &Path) -> String {
    match node.claim_media(folder).await {
        Err(error @ OpenError::OtherMedia(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_nodes_with_one_folder_may_serve_one_database() {
    let guard = Guard::new();
    let (one, other) = (node(&guard).await, node(&guard).await);
    let parent = tempfile::tempdir().unwrap();
    let [shared, stray, absent] = ["shared", "stray", "absent"].map(|name| parent.path().join(name));
    one.claim_media(&shared).await.unwrap();
    for node in [&one, &other] {
        node.claim_media(&shared).await.unwrap();
    }
    fs::create_dir(&stray).unwrap();
    let said = refusal(&other, &stray).await;
    for part in ["MEDIA_DIR", &id(&shared), stray.join(ID).to_str().unwrap()] {
        assert!(said.contains(part), "{said}");
    }
    refusal(&other, &absent).await;
    assert!(
        !absent.exists() && fs::read_dir(&stray).unwrap().next().is_none(),
        "nothing is made where nothing belongs"
    );
    // What the sentence says helps.
    fs::write(stray.join(ID), format!("{}\n", id(&shared))).unwrap();
    other.claim_media(&stray).await.unwrap();
    // The folder of another database.
    let twin = Guard::new();
    let foreign = parent.path().join("foreign");
    node(&twin).await.claim_media(&foreign).await.unwrap();
    refusal(&one, &foreign).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nodes_that_are_first_at_once_those_with_one_folder_start() {
    for _ in 0..5 {
        let guard = Guard::new();
        let parent = tempfile::tempdir().unwrap();
        let nodes: Vec<_> = futures_util::future::join_all((0..6).map(|_| node(&guard))).await;
        let claims = nodes.iter().enumerate().map(|(number, node)| {
            let folder = parent.path().join((number % 2).to_string());
            async move { (folder.clone(), node.claim_media(&folder).await) }
        });
        let claims = futures_util::future::join_all(claims).await;
        let meta = guard.database().await.collection::<Document>("aviary_meta");
        let mark = meta.find_one(doc! { "_id": "media" }).await.unwrap().expect("a mark");
        for (folder, claimed) in claims {
            assert_eq!(claimed.is_ok(), mark.get_str("folder").unwrap() == id(&folder), "{claimed:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_no_folder_names_none_and_has_no_other_than_the_one_that_is_named() {
    let guard = Guard::new();
    let (one, other) = (node(&guard).await, node(&guard).await);
    let parent = tempfile::tempdir().unwrap();
    let [shared, stray, absent] = ["shared", "stray", "absent"].map(|name| parent.path().join(name));
    fs::create_dir(&stray).unwrap();
    for folder in [&stray, &absent] {
        one.check_media(folder).await.unwrap();
    }
    assert_eq!(noted(&guard).await, None);
    one.claim_media(&shared).await.unwrap();
    other.check_media(&shared).await.unwrap();
    for folder in [&stray, &absent] {
        let refused = other.check_media(folder).await;
        assert!(matches!(refused, Err(OpenError::OtherMedia(_))), "{refused:?}");
    }
    assert_eq!(noted(&guard).await, Some(id(&shared)));
    assert!(!absent.exists() && fs::read_dir(&stray).unwrap().next().is_none(), "nothing is made there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_read_is_named() {
    let guard = Guard::new();
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("media");
    fs::write(&file, "").unwrap();
    let refusal = node(&guard).await.claim_media(&file).await.unwrap_err();
    assert!(matches!(refusal, OpenError::Media(_)) && refusal.to_string().contains("media"), "{refusal:?}");
}
