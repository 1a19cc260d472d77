//! Entries of lists that are documents: what they tell besides their video is kept, counted, and never too much.

use std::collections::BTreeMap;

use aviary_infra::mongo::{EntryReason, MigrateMode, Stage};
use mongodb::bson::{Bson, Document, doc};

use super::dialects::{Dialect, HASH, cloud};
use super::{Guard, at, id};

#[tokio::test(flavor = "multi_thread")]
async fn what_entries_told_besides_is_counted_in_a_rehearsal_too() {
    let guard = Guard::with(&cloud().left).await;
    let rehearsed = guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal").expect("a report");
    for report in [rehearsed, guard.adopt().await] {
        for (stage, read, kept) in [(Stage::Histories, 4, 2), (Stage::Playlists, 2, 1)] {
            let tally = &report.stages[&stage];
            assert_eq!((tally.entries_read, tally.entries_kept, tally.entries_told_more), (read, kept, kept));
            assert_eq!(tally.entries_quarantined, BTreeMap::from([(EntryReason::Duplicate, read - kept)]));
        }
        let told = "  4 entries read, 2 kept, 2 moved to quarantine (duplicate 2)\n  2 that are kept told more than is \
                    kept of them, and are in quarantine too (toldMore)\n";
        assert!(report.to_string().contains(told), "{report}");
    }
}

/// A list may be as long as a document can be; what does not fit into one document of the quarantine stays as it was.
#[tokio::test(flavor = "multi_thread")]
async fn very_long_lists_of_documents_are_kept_whole() {
    const VIDEOS: u32 = 2_000;
    let entry = |number: u32| -> Bson {
        let video = id(b'v', number % VIDEOS);
        doc! { "video": video, "watchedAt": at(i64::from(number)), "progress": f64::from(number) }.into()
    };
    let account = |number, entries: u32| {
        let name = format!("user{number}");
        doc! {
            "_id": id(b'u', number), "username": &name, "email": format!("{name}@example.org"), "password": HASH,
            "watchHistory": (0..entries).map(entry).collect::<Vec<_>>(),
        }
    };
    let video = |number| doc! { "_id": id(b'v', number), "owner": id(b'u', 1), "title": "x", "videoFile": "v" };
    let (long, longest) = (account(1, 100_000), account(2, 200_000));
    let dialect = Dialect::new().left("users", [long.clone(), longest.clone()]).left("videos", (0..VIDEOS).map(video));
    let guard = Guard::with(&dialect.left).await;
    let rehearsed = guard.migrate(MigrateMode::DryRun).await.expect("a rehearsal").expect("a report");
    let report = guard.adopt().await;
    assert_eq!(rehearsed, report);
    let tally = &report.stages[&Stage::Histories];
    let told = (tally.entries_read, tally.entries_kept, tally.entries_told_more);
    assert_eq!(told, (300_000, u64::from(2 * VIDEOS), u64::from(2 * VIDEOS)));

    let quarantine = guard.database().await.collection::<Document>("quarantine");
    let moved = async |number| {
        let place = doc! { "_id.collection": "users.watchHistory", "_id.id": id(b'u', number) };
        quarantine.find_one(place).await.expect("an answer").expect("a list")
    };
    let wrapped = moved(1).await;
    let entries = wrapped.get_document("document").expect("a document").get_array("entries").expect("entries");
    assert_eq!(entries.len(), 100_000);
    for (number, entry) in (0_u32..).zip(long.get_array("watchHistory").expect("a list")) {
        let reason = if number >= 100_000 - VIDEOS { "toldMore" } else { "duplicate" };
        let expected = doc! { "at": i64::from(number), "video": entry, "reason": reason };
        assert_eq!(entries[usize::try_from(number).expect("a place")], Bson::from(expected));
    }
    let kept_in = moved(2).await.get_str("keptIn").expect("a name").to_owned();
    assert_eq!(kept_in, "quarantine.users.watchHistory");
    let verbatim = guard.database().await.collection::<Document>(&kept_in);
    let verbatim = verbatim.find_one(doc! { "_id": id(b'u', 2) }).await.expect("an answer").expect("the list");
    assert_eq!(verbatim.get("watchHistory"), longest.get("watchHistory"));
}
