//! What is not adopted, and left as it is; and that only one adopts at a time.

use aviary_infra::mongo::{self, AdoptionError, MigrateMode, OpenError};
use mongodb::bson::doc;

use super::dialects::classic;
use super::{Guard, assert_same};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_unrelated_application_is_refused_and_left_alone() {
    for (name, document) in
        [("users", doc! { "name": "Ada" }), ("videos", doc! { "title": "A film" }), ("invoices", doc! { "sum": 5 })]
    {
        let guard = Guard::new();
        guard.database().await.collection(name).insert_one(document).await.expect("a document");
        let before = guard.dump().await;
        for mode in [MigrateMode::DryRun, MigrateMode::Apply] {
            assert!(matches!(guard.migrate(mode).await, Err(OpenError::Foreign { .. })), "{name}");
        }
        assert_eq!(guard.dump().await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refusal_says_what_was_looked_for() {
    let guard = Guard::new();
    // Nearly an account: its address is no text, and it has nothing else of one.
    let nearly =
        [doc! { "username": "ada", "email": 5, "password": "x" }, doc! { "username": "ada", "email": "a@b.c" }];
    guard.database().await.collection("users").insert_many(nearly).await.expect("documents");
    let refusal = guard.migrate(MigrateMode::Apply).await.expect_err("a refusal").to_string();
    let name = guard.database().await.name().to_owned();
    assert_eq!(
        refusal,
        format!(
            "the database {name} holds collections that Aviary did not make, and no accounts of the family of \
             applications that it can adopt: in the collection `users`, among the first 1000 documents, one was looked \
             for that has texts in `username` and `email` and any of the fields `password`, `fullName`, `fullname`, \
             `avatar`, `watchHistory`. Name an empty database in the URI, or the one that was meant"
        )
    );
    // What it says is so: one of the fields more, and it is taken.
    for field in ["password", "fullName", "fullname", "avatar", "watchHistory"] {
        let guard = Guard::new();
        let account = doc! { "username": "ada", "email": "a@b.c", field: null };
        guard.database().await.collection("users").insert_one(account).await.expect("a document");
        let report = guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal").expect("a report");
        assert_eq!(report.stages.len(), 8, "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_collections_of_the_family_are_adopted() {
    let guard = Guard::new();
    let database = guard.database().await;
    for name in ["users", "videos", "likes"] {
        database.create_collection(name).await.expect("a collection");
    }
    let report = guard.adopt().await;
    assert!(report.stages.values().all(|tally| tally.read == 0));
    mongo::open(&guard.uri).await.expect("an open store");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_named_before_anything_is_done() {
    let guard = Guard::with(&classic().left).await;
    let database = guard.database().await;
    database.collection("legacy.users").insert_one(doc! { "kept": true }).await.expect("a document");
    let before = guard.dump().await;
    match guard.migrate(MigrateMode::Apply).await {
        Err(OpenError::Adoption(AdoptionError::Occupied(name))) => assert_eq!(name, "legacy.users"),
        other => panic!("{other:?}"),
    }
    assert_eq!(guard.dump().await, before);
    database.collection::<()>("legacy.users").drop().await.expect("a drop");

    let view = doc! { "create": "history", "viewOn": "users" };
    database.run_command(view).await.expect("a view");
    match guard.migrate(MigrateMode::Apply).await {
        Err(OpenError::Adoption(AdoptionError::NotACollection { name, kind })) => {
            assert_eq!((name.as_str(), kind.as_str()), ("history", "view"));
        }
        other => panic!("{other:?}"),
    }
    database.collection::<()>("history").drop().await.expect("a drop");
    guard.adopt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_adopted_database_is_served_by_nobody_until_it_is_finished() {
    let guard = Guard::with(&classic().left).await;
    guard.adopt().await;
    let meta = guard.database().await.collection("aviary_meta");
    meta.insert_one(doc! { "_id": "adoption" }).await.expect("a note");
    let Err(refusal) = mongo::open(&guard.uri).await else { panic!("it was opened") };
    assert!(
        refusal.to_string().contains("half adopted") && refusal.to_string().contains("aviary migrate"),
        "{refusal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_still_writes_is_noticed() {
    let guard = Guard::with(&classic().left).await;
    let database = guard.database().await;
    // As if one had been killed after it had renamed them, and the application had gone on.
    let expected = {
        let twin = Guard::with(&classic().left).await;
        twin.adopt().await;
        twin.adopted().await
    };
    let names: Vec<String> = classic().left.into_keys().collect();
    let note = doc! {
        "_id": "adoption", "revision": 0_i64, "phase": "settingAside", "position": null,
        "begunAt": super::at(0), "setAside": &names, "leftAlone": [], "tallies": {},
    };
    database.collection("aviary_meta").insert_one(note).await.expect("a note");
    let admin = database.client().database("admin");
    let space = database.name();
    let rename = doc! { "renameCollection": format!("{space}.users"), "to": format!("{space}.legacy.users") };
    admin.run_command(rename).await.expect("a rename");
    let users = database.collection("users");
    users.insert_one(doc! { "username": "late" }).await.expect("a document");
    match guard.migrate(MigrateMode::Apply).await {
        Err(OpenError::Adoption(AdoptionError::Returned(name))) => assert_eq!(name, "users"),
        other => panic!("{other:?}"),
    }
    users.drop().await.expect("a drop");
    guard.adopt().await;
    assert_same(&guard.adopted().await, &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_at_once_one_adopts_and_the_other_finds_it_done() {
    let guard = Guard::with(&classic().left).await;
    let (one, other) = tokio::join!(guard.migrate(MigrateMode::Apply), guard.migrate(MigrateMode::Apply));
    let reports = [one.expect("an adopted database"), other.expect("an adopted database")];
    assert_eq!(reports.iter().flatten().count(), 1, "{reports:?}");
    let twin = Guard::with(&classic().left).await;
    twin.adopt().await;
    assert_same(&guard.adopted().await, &twin.adopted().await);
}
