//! The comparison at the end: it finds what is not the same, tells it, and keeps a target that differs from being served.

use std::sync::Arc;

use aviary_infra::copy::{self, CopyReport, DifferenceKind, HomePlace};
use aviary_infra::mongo::{self, OpenError};
use aviary_infra::progress::Progress;
use aviary_infra::sqlite;
use mongodb::bson::{Document, doc};

use super::{FEW, Folder, Guard, copied, has_mongodb, try_copy};

/// Dies when the comparison begins, as a process may.
struct Dying;

impl Progress for Dying {
    fn begin(&self, part: &str, _items: Option<u64>) {
        assert!(!part.starts_with("comparing"), "killed");
    }

    fn advance(&self, _items: u64) {}

    fn finish(&self) {}
}

/// Copies everything, and is killed before anything is compared.
pub(crate) async fn copied_but_not_compared(from: &HomePlace, to: &HomePlace) {
    let (from, to) = (from.clone(), to.clone());
    let killed = tokio::spawn(async move { copy::copy(&from, &to, None, FEW, &Dying).await.map(drop) }).await;
    assert!(killed.unwrap_err().is_panic());
}

fn told(report: &CopyReport) -> Vec<(&'static str, DifferenceKind)> {
    assert!(!report.is_equal());
    report.differences.iter().map(|difference| (difference.table, difference.kind.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_difference_of_a_database_is_found_and_none_is_served() {
    if !has_mongodb() {
        return;
    }
    let (home, database) = (Folder::filled().await, Guard::new());
    copied_but_not_compared(&home.place(), &database.place()).await;
    let driver = database.database().await;
    let of = |name: &str| driver.collection::<Document>(name);
    let video = of("videos").find_one(doc! {}).await.unwrap().unwrap();
    let lost = of("comments").find_one_and_delete(doc! {}).await.unwrap().unwrap();
    let change = doc! { "$set": { "title": "B", "views": 77_i64 } };
    of("videos").update_one(doc! { "_id": video.get("_id") }, change).await.unwrap();
    of("subscriptions")
        .insert_one(doc! {
            "channel": lost.get("_id"), "subscriber": lost.get("owner"), "createdAt": lost.get("createdAt"),
        })
        .await
        .unwrap();
    of("totals").update_one(doc! { "_id": "tweets:5" }, doc! { "$inc": { "value": 1_i64 } }).await.unwrap();
    let report = try_copy(&home.place(), &database.place()).await.expect("a report");
    let expected = [
        ("videos", DifferenceKind::Changed(vec!["title", "views"])),
        ("comments", DifferenceKind::Missing),
        ("subscriptions", DifferenceKind::Surplus),
        ("totals", DifferenceKind::Changed(vec!["value"])),
    ];
    assert_eq!(told(&report), expected);
    assert_eq!(report.differing(), 4);
    let refusal = mongo::open(&database.uri).await.err();
    assert!(matches!(refusal, Some(OpenError::HalfCopied { .. })), "{refusal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_every_table_is_compared() {
    let (home, folder) = (Folder::filled().await, Folder::new());
    copied_but_not_compared(&home.place(), &folder.place()).await;
    let file = folder.path().join("aviary.sqlite3.unfinished");
    let columns: Vec<(String, String)> = {
        let file = rusqlite::Connection::open(&file).unwrap();
        // Some take few values: `state` is compared as the flag that it is elsewhere, the other one here.
        let sql = "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
            WHERE t.type = 'table' AND c.type = 'INTEGER' AND c.pk = 0 AND t.name NOT LIKE 'video_words%'
                AND t.name NOT IN ('totals', 'copy_state', 'leases', 'purge_queue', 'sqlite_sequence')
                AND c.name NOT IN ('state', 'publish_when_ready')";
        let mut query = file.prepare(sql).unwrap();
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    assert!(columns.len() > 30, "{columns:?}");
    let numbers = columns.into_iter().map(|(table, column)| {
        let change = |by| format!("UPDATE {table} SET {column} = {column} {by} 1");
        (change('+'), change('-'), table)
    });
    let turned = |column: &str, turned: &str| {
        let turn = format!("UPDATE videos SET {column} = {turned}");
        (turn.clone(), turn, "videos".to_owned())
    };
    let others = [
        turned("publish_when_ready", "1 - publish_when_ready"),
        turned("status", "CASE status WHEN 'failed' THEN 'processing' WHEN 'processing' THEN 'failed' END"),
        (
            "UPDATE videos SET status_reason = status_reason || '.'".to_owned(),
            "UPDATE videos SET status_reason = substr(status_reason, 1, length(status_reason) - 1)".to_owned(),
            "videos".to_owned(),
        ),
    ];
    for (change, back, table) in numbers.chain(others) {
        let run = |sql: &str| {
            let file = rusqlite::Connection::open(&file).unwrap();
            assert!(file.execute(sql, []).unwrap() > 0, "{table} is empty");
        };
        run(&change);
        let report = try_copy(&home.place(), &folder.place()).await.expect("a report");
        assert!(!report.is_equal(), "{change}");
        assert!(report.differences.iter().all(|difference| difference.table == table), "{report:?}");
        run(&back);
    }
    let refusal = sqlite::open(folder.path()).err();
    assert!(matches!(refusal, Some(sqlite::OpenError::HalfCopied { .. })), "{refusal:?}");
    assert!(copied(&home.place(), &folder.place()).await.continued);
    folder.open();
}

/// Takes note of what is told.
#[derive(Default)]
struct Told(std::sync::Mutex<(Vec<String>, u64, usize)>);

impl Progress for Told {
    fn begin(&self, part: &str, _items: Option<u64>) {
        self.0.lock().unwrap().0.push(part.to_owned());
    }

    fn advance(&self, items: u64) {
        self.0.lock().unwrap().1 += items;
    }

    fn finish(&self) {
        self.0.lock().unwrap().2 += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_copy_is_told_while_it_goes_on() {
    if !has_mongodb() {
        return;
    }
    let (home, database) = (Folder::filled().await, Guard::new());
    let progress = Arc::new(Told::default());
    let report = copy::copy(&home.place(), &database.place(), None, FEW, progress.as_ref()).await.unwrap();
    let told = progress.0.lock().unwrap();
    let (parts, items, finished) = &*told;
    assert_eq!(parts.len(), *finished);
    assert!(parts.contains(&"likes".to_owned()) && parts.contains(&"comparing likes".to_owned()), "{parts:?}");
    let rows: u64 = report.tables.iter().filter(|table| table.table != "totals").map(|table| table.source).sum();
    assert!(*items > 2 * rows, "{items} of {rows}: what is purged, copied and compared");
}
