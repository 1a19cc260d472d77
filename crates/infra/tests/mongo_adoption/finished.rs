//! A database that was adopted says so for good: when, and what became of it then.

use aviary_domain::Timestamp;
use aviary_domain::test_support::seed;
use aviary_infra::mongo::{self, AdoptionReport, MigrateMode, MigrationReport};
use aviary_infra::progress::Unwatched;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use super::broken::broken;
use super::dialects::cloud;
use super::{Guard, sorted};

async fn migrated(guard: &Guard, mode: MigrateMode) -> MigrationReport {
    mongo::migrate(&guard.uri, mode, &Unwatched).await.expect("a report")
}

/// The time by the server's clock.
async fn now(guard: &Guard) -> Timestamp {
    let hello = guard.database().await.run_command(doc! { "hello": 1 }).await.expect("an answer");
    Timestamp::from_millis(hello.get_datetime("localTime").expect("a time").timestamp_millis())
}

async fn notes(guard: &Guard) -> Vec<Document> {
    let meta = guard.database().await.collection::<Document>("aviary_meta");
    let mut found = meta.find(doc! {}).sort(doc! { "_id": 1 }).await.expect("notes");
    let mut notes = Vec::new();
    while found.advance().await.expect("a note") {
        notes.push(found.deserialize_current().expect("a note"));
    }
    notes
}

#[tokio::test(flavor = "multi_thread")]
async fn who_migrates_again_is_told_when_it_was_and_what_became_of_it() {
    for dialect in [broken(), cloud()] {
        let guard = Guard::with(&dialect.left).await;
        guard.database().await.collection("agendaJobs").insert_one(doc! { "x": 1 }).await.expect("a document");
        let before = now(&guard).await;
        let first = migrated(&guard, MigrateMode::Apply).await;
        let after = now(&guard).await;
        assert_eq!(first.adopted, None, "it is told once");
        let report = first.adoption.expect("a report");
        let store = mongo::open(&guard.uri).await.expect("an open store").store;
        // What is there now is not what is told.
        seed::user(&store).await;
        let unchanged = (guard.dump().await, notes(&guard).await);
        for mode in [MigrateMode::Apply, MigrateMode::DryRun] {
            let again = migrated(&guard, mode).await;
            assert_eq!((again.steps, again.adoption), (Vec::new(), None));
            let adopted = again.adopted.expect("a note");
            assert!(before < adopted.at && adopted.at <= after, "{before} {} {after}", adopted.at);
            let note =
                unchanged.1.iter().find(|note| note.get_str("_id").is_ok_and(|id| id == "adopted")).expect("a note");
            let [begun, ended] = ["begunAt", "endedAt"].map(|field| note.get_datetime(field).expect("a time"));
            assert!(begun < ended && adopted.at.millis() == ended.timestamp_millis(), "{begun} {ended} {}", adopted.at);
            assert_eq!(adopted.report, report);
            assert_eq!(adopted.report.to_string(), report.to_string());
        }
        assert_eq!((guard.dump().await, notes(&guard).await), unchanged);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_note_is_small() {
    let guard = Guard::with(&broken().left).await;
    guard.adopt().await;
    let meta = guard.database().await.collection::<RawDocumentBuf>("aviary_meta");
    let note = meta.find_one(doc! { "_id": "adopted" }).await.expect("an answer").expect("a note");
    assert!(note.as_bytes().len() < 4_096, "{} bytes", note.as_bytes().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_not_adopted_says_nothing_of_it() {
    let guard = Guard::new();
    assert_eq!(migrated(&guard, MigrateMode::Apply).await.adopted, None);
    assert_eq!(migrated(&guard, MigrateMode::Apply).await.adopted, None);
}

/// What an earlier version noted tells only when it began; what a later one might note is not worth a refusal.
#[tokio::test(flavor = "multi_thread")]
async fn notes_of_other_versions_are_read_or_left_unread() {
    let guard = Guard::new();
    migrated(&guard, MigrateMode::Apply).await;
    let meta = guard.database().await.collection::<Document>("aviary_meta");
    let note = doc! { "_id": "adopted", "begunAt": super::at(5), "setAside": [], "leftAlone": ["x"], "tallies": {} };
    meta.insert_one(&note).await.expect("a note");
    let adopted = migrated(&guard, MigrateMode::Apply).await.adopted.expect("a note");
    assert_eq!(adopted.at.millis(), super::at(5).timestamp_millis());
    assert_eq!(adopted.report, AdoptionReport { left_alone: vec!["x".to_owned()], ..AdoptionReport::default() });
    let other = doc! { "$set": { "tallies": { "songs": {} } } };
    meta.update_one(doc! { "_id": "adopted" }, other).await.expect("a change");
    assert_eq!(migrated(&guard, MigrateMode::Apply).await.adopted, None);
    let mut expected = note;
    expected.insert("tallies", doc! { "songs": {} });
    let left = meta.find_one(doc! { "_id": "adopted" }).await.expect("an answer").expect("a note");
    assert_eq!(sorted(&left), sorted(&expected));
}
