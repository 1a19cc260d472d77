//! A larger database, over many batches: how long it takes and how much memory is told, not judged.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::time::Instant;

use aviary_domain::maintenance::{DriftReport, Reconcile};
use aviary_infra::mongo::{self, MigrateMode, Reason, Stage};
use aviary_infra::progress::Progress;
use mongodb::bson::{Bson, Document, doc};

use super::dialects::{Dialect, HASH, classic};
use super::{Guard, at, filled, id};

/// An application's database of about so many documents, in which everybody does much, some of it twice, and some of
/// it to what is not there.
pub(crate) fn synthetic(documents: u32) -> Dialect {
    let (users, videos, likes) = (documents / 20, documents / 10, documents / 2);
    let (comments, tweets, others) = (documents / 5, documents / 20, documents / 10);
    // Numbers that seem to be thrown, and are the same every time.
    let pick = |number: u32, of: u32| number.wrapping_mul(2_654_435_761) % of;
    let user = |number| id(b'u', number);
    let account = |number: u32| {
        let watched: Vec<_> = (0..20).map(|place| id(b'v', pick(number * 31 + place, videos + 5))).collect();
        let name = if number % 50 == 49 { number - 1 } else { number };
        doc! {
            "_id": user(number), "username": format!("User{name}"), "email": format!("User{number}@example.org"),
            "fullname": format!("User {number}"), "password": HASH, "avatar": { "url": "https://media/a.png" },
            "refreshToken": "eyJ", "watchHistory": watched, "createdAt": at(i64::from(number)),
        }
    };
    let video = |number: u32| {
        doc! {
            "_id": id(b'v', number), "owner": user(pick(number, users)), "title": format!("Film number {number}"),
            "description": "A film about birds and those who watch them", "duration": number, "views": number % 100,
            "videoFile": "https://media/f.mp4", "thumbnail": "https://media/f.png",
        }
    };
    let like = |number: u32| {
        let (like, number) = (id(b'l', number), number - if number % 20 == 19 { 3 } else { 0 });
        let number = if number % 30 == 29 { number / 30 * 3 + 2 } else { number };
        let (field, kind, of) = match number % 3 {
            0 => ("video", b'v', videos),
            1 => ("comment", b'c', comments),
            _ => ("tweet", b't', tweets),
        };
        doc! { "_id": like, "likedBy": user(pick(number, users)), field: id(kind, pick(number * 7, of + 3)) }
    };
    let said =
        |kind, number: u32| doc! { "_id": id(kind, number), "owner": user(pick(number, users)), "content": "So" };
    let comment = |number: u32| {
        let mut comment = said(b'c', number);
        comment.insert("video", id(b'v', pick(number * 3, videos + 2)));
        comment
    };
    let subscription = |number: u32| {
        let again = if number % 10 == 9 { number / 2 } else { number };
        let (from, to) = (user(pick(again, users)), user(pick(again * 13 + 1, users)));
        doc! { "_id": id(b's', number), "subscriber": from, "channel": to }
    };
    let playlist = |number: u32| {
        let videos: Vec<_> = (0..10).map(|place| id(b'v', pick(number * 17 + place, videos + 1))).collect();
        doc! { "_id": id(b'p', number), "owner": user(pick(number, users)), "name": "Mine", "videos": videos }
    };
    Dialect::new()
        .left("users", (0..users).map(account))
        .left("videos", (0..videos).map(video))
        .left("tweets", (0..tweets).map(|number| said(b't', number)))
        .left("comments", (0..comments).map(comment))
        .left("likes", (0..likes).map(like))
        .left("subscriptions", (0..others).map(subscription))
        .left("playlists", (0..others / 2).map(playlist))
}

/// Tells how long each part of the work took.
#[derive(Default)]
struct Timed {
    part: Mutex<Option<(String, Instant)>>,
}

impl Progress for Timed {
    fn begin(&self, part: &str, _items: Option<u64>) {
        *self.part.lock().expect("one who tells") = Some((part.to_owned(), Instant::now()));
    }

    fn advance(&self, _items: u64) {}

    fn finish(&self) {
        if let Some((part, start)) = self.part.lock().expect("one who tells").take() {
            println!("{part}: {:?}", start.elapsed());
        }
    }
}

/// The resident memory of this process, in MiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1_024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_larger_database_is_adopted_in_batches_and_every_count_is_exact() {
    const DOCUMENTS: u32 = 20_000;
    let guard = Guard::with(&synthetic(DOCUMENTS).left).await;
    let (before, start) = (resident(), Instant::now());
    let rehearsed = guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal").expect("a report");
    let (between, rehearsal, start) = (resident(), start.elapsed(), Instant::now());
    let adopted = mongo::migrate(&guard.uri, MigrateMode::Apply, &Timed::default()).await.expect("an adopted database");
    let report = adopted.adoption.expect("a report");
    let (after, adoption) = (resident(), start.elapsed());
    println!("{DOCUMENTS} documents: rehearsed in {rehearsal:?}, adopted in {adoption:?}");
    println!("resident: {before} MiB before, {between} after the rehearsal, {after} at the end");
    println!("{report}");
    assert_eq!(rehearsed, report);
    let store = mongo::open(&guard.uri).await.expect("an open store").store;
    assert_eq!(store.maintenance.reconcile(Reconcile::Report).await.expect("a report"), DriftReport::default());
    let database = guard.database().await;
    let collection = database.collection::<Document>("users");
    let popular = doc! { "likesReceived": { "$gt": 0 }, "commentsReceived": { "$gt": 0 }, "videosCount": { "$gt": 0 } };
    assert!(collection.count_documents(popular).await.expect("a number") > 100, "the counts count something");
}

/// Ids of several types are walked in one order, over several batches, and none is left out.
#[tokio::test(flavor = "multi_thread")]
async fn ids_of_every_type_are_read() {
    let mut left = classic().left;
    let tweet = |id: Bson| doc! { "_id": id, "owner": super::id(b'u', 1), "content": "x" };
    let tweets = left.get_mut("tweets").expect("tweets");
    tweets.push(tweet(Bson::Null));
    tweets.extend((0..1_500).map(|number| tweet(Bson::Int32(number))));
    tweets.extend((0..1_500).map(|number| tweet(format!("{number:04}").into())));
    tweets.extend((10..1_510).map(|number| tweet(super::id(b't', number).into())));
    tweets.push(tweet(doc! { "a": 1 }.into()));
    tweets.push(tweet(Bson::Boolean(true)));
    let guard = Guard::with(&left).await;
    let rehearsed = guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal").expect("a report");
    let report = guard.adopt().await;
    assert_eq!(rehearsed, report);
    let tally = &report.stages[&Stage::Tweets];
    assert_eq!((tally.read, tally.kept), (4_504, 1_501));
    assert_eq!(tally.quarantined, BTreeMap::from([(Reason::UnreadableId, 3_003)]));
    let adopted = guard.dump().await;
    assert_eq!(filled(&adopted, &["tweets"])["tweets"].len(), 1_501);
}
