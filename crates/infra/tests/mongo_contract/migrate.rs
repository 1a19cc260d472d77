//! From one version to the next: the same shape on every way there, continued after a kill anywhere, one node at a time.
#![expect(clippy::unwrap_used, reason = "a test that cannot look ends at that very place")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aviary_domain::Id;
use aviary_domain::like::LikeTarget;
use aviary_domain::maintenance::{DriftReport, Reconcile};
use aviary_domain::test_support::{fixture, seed};
use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};
use aviary_infra::mongo::MigrateMode::{Apply, DryRun};
use aviary_infra::mongo::{OpenError, migrate, open};
use aviary_infra::progress::{Progress, Unwatched};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::{Collection, Database};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::{Guard, fresh};

const FIRST: &str = include_str!("../../../../migrations/mongodb/0001_initial.json");
const SECOND: &str = include_str!("../../../../migrations/mongodb/0002_many_nodes.json");
const THIRD: &str = include_str!("../../../../migrations/mongodb/0003_life_of_files.json");
const STEPS: [&str; 3] = ["0001_initial", "0002_many_nodes", "0003_life_of_files"];

/// Runs commands as they stand in a file.
async fn run(database: &Database, file: &str, commands: usize) {
    let file: Vec<Document> = serde_json::from_str(file).unwrap();
    for command in file.into_iter().take(commands) {
        database.run_command(command).await.unwrap();
    }
}

/// How many commands a step has.
fn commands(step: &str) -> usize {
    serde_json::from_str::<Vec<Document>>(step).unwrap().len()
}

/// Takes what later versions added, and gives back what they took.
async fn back_to_version(database: &Database, version: i64) {
    // That of the queue is empty, and made again.
    for added in ["idempotency_keys", "leases", "quarantine", "media_tasks", "purge_queue"] {
        database.collection::<Document>(added).drop().await.unwrap();
    }
    for (indexed, field) in
        [("likes", "x"), ("videos", "thumbnailBytes"), ("users", "storedBytes"), ("file_ledger", "owner")]
    {
        let indexed = database.collection::<Document>(indexed);
        indexed.drop_indexes().await.unwrap();
        indexed.update_many(doc! {}, doc! { "$unset": { field: "" } }).await.unwrap();
    }
    run(database, FIRST, usize::MAX).await;
    if version == 2 {
        run(database, SECOND, usize::MAX).await;
    }
}

/// A database as an earlier version left it, with some likes in it.
async fn of_version(version: i64) -> Guard {
    let (store, guard) = fresh().await;
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let video = Video { thumbnail_bytes: 0, ..fixture::video(owner.id) };
    let video = seed::upload(&store, &video).await;
    seed::like(&store, owner.id, LikeTarget::Video(video.id)).await;
    seed::like(&store, fan.id, LikeTarget::Video(video.id)).await;
    let database = guard.database().await;
    back_to_version(&database, version).await;
    set_marks(&database, &[doc! { "_id": "schema", "version": version }]).await;
    guard
}

async fn set_marks(database: &Database, marks: &[Document]) {
    let meta = database.collection::<Document>("aviary_meta");
    meta.delete_many(doc! {}).await.unwrap();
    meta.insert_many(marks).await.unwrap();
}

async fn marks(database: &Database) -> Vec<Document> {
    let mut found = database.collection::<Document>("aviary_meta").find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
    let mut marks = Vec::new();
    while found.advance().await.unwrap() {
        marks.push(found.deserialize_current().unwrap());
    }
    marks
}

/// Every collection with all that the server says of its indexes, whatever their order.
async fn shape(database: &Database) -> BTreeMap<String, BTreeMap<String, Document>> {
    let mut shape = BTreeMap::new();
    for collection in database.list_collection_names().await.unwrap() {
        let listed = database.run_command(doc! { "listIndexes": &collection }).await.unwrap();
        let indexes = listed.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
        let indexes = indexes.iter().map(|index| index.as_document().unwrap().clone());
        let named = indexes.map(|index| (index.get_str("name").unwrap().to_owned(), index)).collect();
        shape.insert(collection, named);
    }
    shape
}

async fn fresh_shape() -> BTreeMap<String, BTreeMap<String, Document>> {
    let (_store, guard) = fresh().await;
    shape(&guard.database().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_gets_the_shape_of_a_fresh_one_and_keeps_what_it_holds() {
    for (version, steps) in [(1, &STEPS[1..]), (2, &STEPS[2..])] {
        let guard = of_version(version).await;
        let database = guard.database().await;
        let expected = fresh_shape().await;
        assert_ne!(shape(&database).await, expected);
        assert_eq!(migrate(&guard.uri, Apply, &Unwatched).await.unwrap().steps, steps);
        assert_eq!(shape(&database).await, expected);
        assert_eq!(marks(&database).await, [doc! { "_id": "schema", "version": 3_i64 }]);
        let store = open(&guard.uri).await.expect("an open database").store;
        assert_eq!(store.maintenance.reconcile(Reconcile::Report).await.unwrap(), DriftReport::default());
        assert_eq!(database.collection::<Document>("likes").count_documents(doc! {}).await.unwrap(), 2);
        assert!(migrate(&guard.uri, Apply, &Unwatched).await.unwrap().steps.is_empty());
    }
}

/// A document of the second version in which another application had left this.
async fn with_fields(database: &Database, collection: &str, id: ObjectId, fields: Document) {
    let documents = database.collection::<Document>(collection);
    let changed = documents.update_one(doc! { "_id": id }, doc! { "$set": fields }).await.unwrap();
    assert_eq!(changed.matched_count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_users_have_stored_is_summed_up_and_what_others_left_is_set_aside() {
    let (store, guard) = fresh().await;
    let (owner, other, idle) = (seed::user(&store).await, seed::user(&store).await, seed::user(&store).await);
    let mut videos = Vec::new();
    for (owner, bytes, is_published) in [(&owner, 5, true), (&owner, 1 << 40, false), (&other, 0, true)] {
        let video = Video { bytes, thumbnail_bytes: 0, is_published, ..fixture::video(owner.id) };
        videos.push(seed::upload(&store, &video).await);
    }
    let database = guard.database().await;
    back_to_version(&database, 2).await;
    let id = |video: &Video| ObjectId::from_bytes(video.id.bytes());
    let theirs = doc! { "status": "processing", "statusReason": 7, "publishWhenReady": true };
    with_fields(&database, "videos", id(&videos[1]), theirs.clone()).await;
    let known = doc! { "status": "live", "legacyValues": { "views": "many" } };
    with_fields(&database, "videos", id(&videos[2]), known).await;
    set_marks(&database, &[doc! { "_id": "schema", "version": 2_i64 }]).await;

    migrate(&guard.uri, Apply, &Unwatched).await.unwrap();
    // Whoever stood still in the middle may do any of it once more.
    run(&database, THIRD, usize::MAX).await;
    let store = open(&guard.uri).await.expect("an open database").store;
    for (user, bytes) in [(&owner, 5 + (1 << 40)), (&other, 0), (&idle, 0)] {
        assert_eq!(store.users.stored_bytes(user.id).await.unwrap(), Some(bytes));
        let rows = database.collection::<Document>("users");
        let row = rows.find_one(doc! { "username": user.username.as_str() }).await.unwrap().unwrap();
        assert_eq!(row.get_i64("storedBytes").unwrap(), i64::try_from(bytes).unwrap());
    }
    for video in &videos {
        assert_eq!(store.videos.find(video.id).await.unwrap().as_ref(), Some(video));
    }
    let rows = database.collection::<Document>("videos");
    let row = rows.find_one(doc! { "_id": id(&videos[1]) }).await.unwrap().unwrap();
    assert_eq!(row.get_document("legacyValues").unwrap(), &theirs);
    let row = rows.find_one(doc! { "_id": id(&videos[2]) }).await.unwrap().unwrap();
    assert_eq!(row.get_document("legacyValues").unwrap(), &doc! { "views": "many", "status": "live" });
    assert!(!row.contains_key("status"), "{row}");
    assert_eq!(store.maintenance.reconcile(Reconcile::Report).await.unwrap(), DriftReport::default());
}

/// Done again by somebody who comes too late, after others have gone on.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_done_again_late_changes_nothing_that_is_ours() {
    let guard = of_version(2).await;
    let database = guard.database().await;
    migrate(&guard.uri, Apply, &Unwatched).await.unwrap();
    let store = open(&guard.uri).await.expect("an open database").store;
    let owner = seed::user(&store).await;
    let video = Video { status: VideoStatus::Processing, ..fixture::video(owner.id) };
    let new = seed::upload(&store, &video).await;
    let others = doc! { "_id": { "$ne": ObjectId::from_bytes(new.id.bytes()) } };
    let old = database.collection::<Document>("videos").find_one(others).await.unwrap().unwrap();
    let old = Id::<Video>::from_bytes(old.get_object_id("_id").unwrap().bytes());
    let failed = VideoStatus::Failed("it cannot be played".to_owned());
    let change = StatusChange { from: VideoStatus::Ready, to: failed };
    let said = Settlement { status: Some(change), ..Settlement::default() };
    let old = store.videos.settle(old, &said, fixture::at(9)).await.unwrap().expect("the older video");
    run(&database, THIRD, usize::MAX).await;
    for video in [old, new] {
        assert_eq!(store.videos.find(video.id).await.unwrap(), Some(video));
    }
    assert_eq!(store.maintenance.reconcile(Reconcile::Report).await.unwrap(), DriftReport::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_gets_all_steps_at_once() {
    let guard = Guard::new();
    assert_eq!(migrate(&guard.uri, DryRun, &Unwatched).await.unwrap().steps, STEPS);
    assert!(guard.database().await.list_collection_names().await.unwrap().is_empty());
    assert_eq!(migrate(&guard.uri, Apply, &Unwatched).await.unwrap().steps, STEPS);
    assert!(migrate(&guard.uri, Apply, &Unwatched).await.unwrap().steps.is_empty());
    open(&guard.uri).await.expect("an open database");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_left_anywhere_is_continued() {
    let expected = fresh_shape().await;
    for (version, step) in [(1, SECOND), (2, THIRD)] {
        let guard = of_version(version).await;
        let database = guard.database().await;
        let place = usize::try_from(version).unwrap();
        for done in 0..=commands(step) {
            back_to_version(&database, version).await;
            run(&database, step, done).await;
            // The dead one's lock has just ended.
            let schema = doc! { "_id": "schema", "version": version, "applying": STEPS[place] };
            let lock = doc! { "_id": "migration", "holder": "dead", "until": mongodb::bson::DateTime::from_millis(0) };
            set_marks(&database, &[schema]).await;
            locks(&database).insert_one(lock).await.unwrap();
            assert!(matches!(open(&guard.uri).await, Err(OpenError::NeedsMigration { .. })), "{version}: {done}");
            let applied = migrate(&guard.uri, Apply, &Unwatched).await.unwrap().steps;
            assert_eq!(applied, STEPS[place..], "{version}: {done}");
            assert_eq!(shape(&database).await, expected, "{version}: {done}");
            assert_eq!(marks(&database).await, [doc! { "_id": "schema", "version": 3_i64 }], "{version}: {done}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let guard = of_version(1).await;
    let database = guard.database().await;
    let before = (shape(&database).await, marks(&database).await);
    assert_eq!(migrate(&guard.uri, DryRun, &Unwatched).await.unwrap().steps, STEPS[1..]);
    assert_eq!((shape(&database).await, marks(&database).await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_family_is_served_once_it_is_adopted() {
    let guard = Guard::new();
    let database = guard.database().await;
    let account = doc! { "username": "Ada", "email": "ada@example.org", "password": "$2b$10$x", "fullName": "Ada" };
    database.collection("users").insert_one(account).await.unwrap();
    let before = shape(&database).await;
    let refusal = open(&guard.uri).await.err().expect("a refusal");
    assert!(matches!(refusal, OpenError::NeedsMigration { .. }), "{refusal:?}");
    let rehearsed = migrate(&guard.uri, DryRun, &Unwatched).await.unwrap();
    assert_eq!(shape(&database).await, before);
    let done = migrate(&guard.uri, Apply, &Unwatched).await.unwrap();
    assert!(done.adoption.is_some() && rehearsed.adoption.is_some());
    assert!(marks(&database).await.contains(&doc! { "_id": "schema", "version": 3_i64 }));
    assert_eq!(shape(&database).await, fresh_shape().await);
    open(&guard.uri).await.expect("an open database");
    assert!(migrate(&guard.uri, Apply, &Unwatched).await.unwrap().adoption.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nobodys_is_not_locked_either() {
    let guard = Guard::new();
    let database = guard.database().await;
    database.collection("invoices").insert_one(doc! { "amount": 12 }).await.unwrap();
    for mode in [DryRun, Apply] {
        let refusal = migrate(&guard.uri, mode, &Unwatched).await.expect_err("a refusal");
        assert!(matches!(refusal, OpenError::Foreign { .. }), "{refusal:?}");
        assert_eq!(database.list_collection_names().await.unwrap(), ["invoices"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_migrated_that_cannot_be() {
    for (mark, mode) in [
        (doc! { "_id": "schema", "version": 99_i64 }, Apply),
        (doc! { "_id": "schema", "version": -1_i64 }, Apply),
        (doc! { "_id": "schema", "version": "two" }, Apply),
        (doc! { "_id": "copy" }, Apply),
        (doc! { "_id": "adoption" }, DryRun),
    ] {
        let guard = Guard::new();
        let database = guard.database().await;
        set_marks(&database, std::slice::from_ref(&mark)).await;
        assert!(migrate(&guard.uri, mode, &Unwatched).await.is_err(), "{mark}");
        assert_eq!(marks(&database).await, [mark]);
        assert_eq!(database.list_collection_names().await.unwrap(), ["aviary_meta"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_migrate_one_after_the_other() {
    let guard = of_version(1).await;
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let uri = guard.uri.clone();
            tokio::spawn(async move { migrate(&uri, Apply, &Unwatched).await })
        })
        .collect();
    let mut applied = 0;
    for node in nodes {
        applied += node.await.unwrap().expect("a migrated database").steps.len();
    }
    assert_eq!(applied, 2, "one does it, the others find it done");
    assert_eq!(shape(&guard.database().await).await, fresh_shape().await);
}

fn locks(database: &Database) -> Collection<Document> {
    database.collection("aviary_lock")
}

/// A lock of somebody else that ends so many milliseconds from now by the server's clock.
async fn lock_for(database: &Database, millis: i64) {
    let end = vec![doc! { "$set": { "holder": "other", "until": { "$add": ["$$NOW", millis] } } }];
    locks(database).update_one(doc! { "_id": "migration" }, end).upsert(true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_of_another_is_waited_for_until_it_ends() {
    let guard = of_version(1).await;
    let database = guard.database().await;
    lock_for(&database, 2_000).await;
    let start = Instant::now();
    assert_eq!(migrate(&guard.uri, Apply, &Unwatched).await.unwrap().steps, STEPS[1..]);
    assert!(start.elapsed() >= Duration::from_millis(1_500), "{:?}", start.elapsed());
    assert_eq!(marks(&database).await, [doc! { "_id": "schema", "version": 3_i64 }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_renewed_refuses_in_the_end() {
    let guard = of_version(1).await;
    let database = guard.database().await;
    lock_for(&database, 100_000).await;
    let before = shape(&database).await;
    let start = Instant::now();
    let refusal = migrate(&guard.uri, Apply, &Unwatched).await.expect_err("a refusal");
    assert!(matches!(refusal, OpenError::Locked { .. }), "{refusal:?}");
    assert!((40..60).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(shape(&database).await, before);
}

/// Does something to the database once so many commands are done.
struct Saboteur {
    database: Database,
    done: AtomicU64,
    after: u64,
}

impl Progress for Saboteur {
    fn begin(&self, _part: &str, _items: Option<u64>) {}

    fn advance(&self, items: u64) {
        if self.done.fetch_add(items, Ordering::Relaxed) + items == self.after {
            block_in_place(|| Handle::current().block_on(lock_for(&self.database, 1_000)));
        }
    }

    fn finish(&self) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_lock_writes_nothing_more() {
    for after in [1, 4, u64::try_from(commands(SECOND)).unwrap()] {
        let guard = of_version(1).await;
        let database = guard.database().await;
        let saboteur = Saboteur { database: database.clone(), done: AtomicU64::new(0), after };
        let refusal = migrate(&guard.uri, Apply, &saboteur).await.expect_err("a refusal");
        assert!(matches!(refusal, OpenError::LockLost { .. }), "{refusal:?}");
        assert_eq!(saboteur.done.load(Ordering::Relaxed), after);
        assert_eq!(marks(&database).await, [doc! { "_id": "schema", "version": 1_i64, "applying": STEPS[1] }]);
        let lock = locks(&database).find_one(doc! {}).await.unwrap().expect("a lock");
        assert_eq!(lock.get_str("holder").unwrap(), "other", "it is not the loser's to end");
        assert_eq!(migrate(&guard.uri, Apply, &Unwatched).await.unwrap().steps, STEPS[1..]);
        assert_eq!(shape(&database).await, fresh_shape().await);
    }
}

/// Takes its time after the first command.
struct Slow;

impl Progress for Slow {
    fn begin(&self, _part: &str, _items: Option<u64>) {
        block_in_place(|| Handle::current().block_on(sleep(Duration::from_secs(12))));
    }
    fn advance(&self, _items: u64) {}
    fn finish(&self) {}
}

/// Does something to the lock when the rehearsal begins, as if its process had stood still for longer than its lease.
struct Overtaken(Database);

impl Progress for Overtaken {
    fn begin(&self, _part: &str, _items: Option<u64>) {
        let mark = doc! { "_id": "adoption", "phase": "somebody's" };
        block_in_place(|| {
            Handle::current().block_on(async {
                lock_for(&self.0, 100_000).await;
                set_marks(&self.0, &[mark]).await;
            });
        });
    }
    fn advance(&self, _items: u64) {}
    fn finish(&self) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_that_was_overtaken_takes_nothing_along() {
    let guard = Guard::new();
    let database = guard.database().await;
    let account = doc! { "username": "Ada", "email": "ada@example.org", "password": "$2b$10$x", "fullName": "Ada" };
    database.collection("users").insert_one(account).await.unwrap();
    let refusal = migrate(&guard.uri, DryRun, &Overtaken(database.clone())).await.expect_err("a refusal");
    assert!(matches!(refusal, OpenError::LockLost { .. }), "{refusal:?}");
    assert_eq!(marks(&database).await, [doc! { "_id": "adoption", "phase": "somebody's" }]);
    let lock = locks(&database).find_one(doc! {}).await.unwrap().expect("a lock");
    assert_eq!(lock.get_str("holder").unwrap(), "other", "it is not the loser's to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_is_renewed_while_a_single_step_takes_long() {
    let guard = of_version(2).await;
    let database = guard.database().await;
    let uri = guard.uri.clone();
    let work = tokio::spawn(async move { migrate(&uri, Apply, &Slow).await });
    let until = async || {
        let lock = locks(&database).find_one(doc! { "_id": "migration" }).await.unwrap();
        lock.map(|lock| *lock.get_datetime("until").unwrap())
    };
    let start = Instant::now();
    let first = loop {
        if let Some(until) = until().await {
            break until;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "nobody takes the lock");
        sleep(Duration::from_millis(50)).await;
    };
    sleep(Duration::from_secs(11)).await;
    let later = until().await.expect("it still works");
    assert!(later > first, "{first} {later}");
    work.await.unwrap().expect("a migrated database");
}
