//! What goes wrong while a database is adopted, or after it was, and does not stay so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use aviary_infra::mongo::{self, AdoptionError, AdoptionReport, MigrateMode, OpenError, Reason, Stage};
use aviary_infra::progress::Progress;
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::timeout;

use super::dialects::{HASH, classic};
use super::{Dump, Guard, assert_same, at, filled, id};

/// Another application that does something to the database whenever a part of the work begins.
pub(crate) struct Intruder<F> {
    pub(crate) database: Database,
    pub(crate) begun: Mutex<Vec<String>>,
    pub(crate) act: F,
}

impl<F: AsyncFn(&Database, &str, usize) + Send + Sync> Progress for Intruder<F> {
    fn begin(&self, title: &str, _: Option<u64>) {
        let times = {
            let mut begun = self.begun.lock().expect("a list");
            begun.push(title.to_owned());
            begun.iter().filter(|begun| *begun == title).count()
        };
        block_in_place(|| Handle::current().block_on((self.act)(&self.database, title, times)));
    }

    fn advance(&self, _: u64) {}

    fn finish(&self) {}
}

async fn adopt_beside(
    guard: &Guard,
    act: impl AsyncFn(&Database, &str, usize) + Send + Sync,
) -> Result<AdoptionReport, OpenError> {
    let intruder = Intruder { database: guard.database().await, begun: Mutex::default(), act };
    Ok(mongo::migrate(&guard.uri, MigrateMode::Apply, &intruder).await?.adoption.expect("a report"))
}

async fn insert(database: &Database, name: &str, document: Document) {
    database.collection(name).insert_one(document).await.expect("a document");
}

const FAMILY: [&str; 9] =
    ["users", "videos", "tweets", "comments", "likes", "subscriptions", "playlists", "playlist_videos", "history"];

async fn undisturbed() -> (Dump, AdoptionReport) {
    let guard = Guard::with(&classic().left).await;
    let report = guard.adopt().await;
    (filled(&guard.adopted().await, &FAMILY), report)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_application_does_meanwhile_is_undone_and_kept_in_quarantine() {
    let guard = Guard::with(&classic().left).await;
    let act = async |database: &Database, title: &str, times| match (title, times) {
        // Somebody who cannot sign in registers again.
        ("users", 1) => {
            let twin = doc! { "_id": "twin", "username": "ada", "email": "ada@example.org", "password": HASH, "refreshToken": "eyJ" };
            insert(database, "users", twin).await;
        }
        ("counting for videos", 1) => {
            insert(database, "tweets", doc! { "_id": ObjectId::new(), "owner": id(b'u', 1), "content": "late" }).await;
            insert(database, "tweets", doc! { "_id": "odd", "content": "late" }).await;
            let videos = database.collection::<Document>("videos");
            videos.delete_one(doc! { "_id": id(b'v', 1) }).await.expect("a deletion");
        }
        _ => {}
    };
    let report = adopt_beside(&guard, act).await.expect("an adopted database");
    let (expected, undisturbed) = undisturbed().await;
    let adopted = guard.adopted().await;
    assert_same(&filled(&adopted, &FAMILY), &expected);
    let late: Vec<&Document> = adopted["quarantine"]
        .iter()
        .filter(|moved| moved.get_str("reason").is_ok_and(|reason| reason == "writtenMeanwhile"))
        .map(|moved| moved.get_document("document").expect("a document"))
        .collect();
    let names: BTreeSet<_> =
        late.iter().map(|late| late.get_str("username").or(late.get_str("content")).expect("a text")).collect();
    assert_eq!((late.len(), names), (3, BTreeSet::from(["ada", "late"])));
    assert!(late.iter().all(|late| !late.contains_key("refreshToken")));
    let meanwhile: BTreeMap<Stage, u64> =
        report.stages.iter().map(|(stage, tally)| (*stage, tally.written_meanwhile)).collect();
    assert_eq!((meanwhile[&Stage::Users], meanwhile[&Stage::Tweets], meanwhile[&Stage::Videos]), (1, 2, 0));
    let mut stages = report.stages.clone();
    for tally in stages.values_mut() {
        tally.written_meanwhile = 0;
    }
    assert_eq!(stages, undisturbed.stages);
    assert!(report.to_string().contains("2 written by another application meanwhile"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lost_its_original_meanwhile_is_kept_and_told() {
    let guard = Guard::with(&classic().left).await;
    let act = async |database: &Database, title: &str, times| {
        if (title, times) == ("counting for videos", 1) {
            let originals = database.collection::<Document>("legacy.tweets");
            originals.delete_one(doc! { "_id": id(b't', 1) }).await.expect("a deletion");
        }
    };
    let report = adopt_beside(&guard, act).await.expect("an adopted database");
    assert_eq!(report.stages[&Stage::Tweets].originals_gone, 1);
    assert_same(&filled(&guard.adopted().await, &FAMILY), &undisturbed().await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_on_writing_is_named_and_the_next_run_ends_well() {
    let guard = Guard::with(&classic().left).await;
    let late = ObjectId::new();
    let act = async |database: &Database, title: &str, times| {
        if title == "counting for videos" {
            let id = if times == 1 { ObjectId::new() } else { late };
            insert(database, "tweets", doc! { "_id": id, "content": "late" }).await;
        }
    };
    match adopt_beside(&guard, act).await {
        Err(OpenError::Adoption(error @ AdoptionError::Miscounted { .. })) => {
            assert!(error.to_string().contains(&late.to_hex()), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let report = guard.adopt().await;
    assert_eq!(report.stages[&Stage::Tweets].written_meanwhile, 2);
    assert_same(&filled(&guard.adopted().await, &FAMILY), &undisturbed().await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_beyond_all_reason_are_summed() {
    let account = doc! { "_id": id(b'u', 1), "username": "ada", "email": "ada@example.org", "password": HASH };
    let video = |number, views: Bson| {
        doc! { "_id": id(b'v', number), "owner": id(b'u', 1), "title": "x", "videoFile": "v", "views": views }
    };
    let left = BTreeMap::from([
        ("users".to_owned(), vec![account]),
        ("videos".to_owned(), vec![video(1, i64::MAX.into()), video(2, i64::MAX.into()), video(3, vec!["a"].into())]),
    ]);
    let guard = Guard::with(&left).await;
    let rehearsed = guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal").expect("a report");
    assert_eq!(guard.adopt().await, rehearsed);
    let user = &guard.dump().await["users"][0];
    assert_eq!(user.get_i64("viewsReceived").expect("a sum"), 2_000_000_000_000_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_equals_nothing_ends_a_batch_all_the_same() {
    let mut left = classic().left;
    left.insert("tweets".to_owned(), vec![doc! { "_id": f64::NAN, "content": "x" }]);
    let guard = Guard::with(&left).await;
    let report = timeout(Duration::from_mins(1), guard.adopt()).await.expect("an end");
    assert_eq!(report.stages[&Stage::Tweets].quarantined, BTreeMap::from([(Reason::UnreadableId, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_documents_keep_their_videos_and_times() {
    let mut left = classic().left;
    let film = id(b'v', 1);
    let user = &mut left.get_mut("users").expect("users")[0];
    user.insert("watchHistory", vec![doc! { "_id": id(b'x', 1), "video": film, "watchedAt": at(77) }]);
    let reader = user.get_object_id("_id").expect("an id");
    let list = doc! { "_id": id(b'p', 9), "owner": { "_id": reader }, "name": "x", "videos": [{ "videoId": film }] };
    left.entry("playlists".to_owned()).or_default().push(list);
    let guard = Guard::with(&left).await;
    guard.adopt().await;
    let adopted = guard.adopted().await;
    let watched = doc! { "user": reader, "video": film, "watchedAt": at(77) };
    assert!(adopted["history"].contains(&watched), "{:?}", adopted["history"]);
    let entry = doc! { "playlist": id(b'p', 9), "video": film, "position": 0_i64 };
    assert!(adopted["playlist_videos"].contains(&entry), "{:?}", adopted["playlist_videos"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_names_fields_and_warns_of_much_in_quarantine() {
    let told = Guard::with(&super::broken::broken().left).await.adopt().await.to_string();
    assert!(told.contains("  malformed: email 1\n"), "{told}");
    assert!(told.contains("WARNING: more than 5 %") && told.contains("\"_id.collection\" is \"users\""), "{told}");
    let told = Guard::with(&classic().left).await.adopt().await.to_string();
    assert!(!told.contains("WARNING"), "{told}");
}
