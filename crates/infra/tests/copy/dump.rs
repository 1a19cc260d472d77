//! Everything that a store holds, read past the adapters, so that two can be compared.

use std::collections::BTreeMap;
use std::path::Path;

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

/// The rows of every table of an embedded store, as texts, in order.
pub(crate) fn of_file(file: &Path) -> BTreeMap<String, Vec<String>> {
    let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut names = file
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'
                AND (name NOT LIKE 'video_words%' OR name = 'video_words_docsize')",
        )
        .unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    names.into_iter().map(|name| (name.clone(), rows(&file, &name))).collect()
}

fn rows(file: &Connection, table: &str) -> Vec<String> {
    let sql = match table {
        // Row numbers have gaps where others were; only their order counts.
        "videos" => "SELECT row_number() OVER (ORDER BY seq), * FROM videos ORDER BY seq".to_owned(),
        "video_words_docsize" => "SELECT sz FROM video_words_docsize ORDER BY id".to_owned(),
        _ => format!("SELECT * FROM {table}"),
    };
    let mut query = file.prepare(&sql).unwrap();
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let rows = query.query_map([], |row| {
        let columns = names.iter().enumerate().filter(|(_, name)| *name != "seq");
        let values = columns.map(|(number, name)| Ok(format!("{name}={:?}", row.get::<_, Value>(number)?)));
        Ok(values.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
    });
    let mut rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
    if table != "videos" && table != "video_words_docsize" {
        rows.sort();
    }
    rows
}

/// The indexes of every collection, as texts, in order.
pub(crate) async fn indexes(database: &Database) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for name in database.list_collection_names().await.unwrap() {
        let mut cursor = database.collection::<Document>(&name).list_indexes().await.unwrap();
        let mut indexes = Vec::new();
        while cursor.advance().await.unwrap() {
            let index = cursor.deserialize_current().unwrap();
            let options = index.options.unwrap_or_default();
            indexes.push(format!("{} {:?} {:?}", index.keys, options.unique, options.partial_filter_expression));
        }
        indexes.sort();
        found.insert(name, indexes);
    }
    found
}

/// The documents of every collection, as texts, in order. What no copy needs is left out: who has which share of a
/// total, ids that nothing refers to, and counters that nothing reads.
pub(crate) async fn of_database(database: &Database) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for name in database.list_collection_names().await.unwrap() {
        let mut cursor = database.collection::<Document>(&name).find(doc! {}).await.unwrap();
        let mut documents = Vec::new();
        while cursor.advance().await.unwrap() {
            let mut document = cursor.deserialize_current().unwrap();
            if ["history", "views", "playlist_videos"].contains(&name.as_str()) {
                document.remove("_id");
            }
            for idle in ["sessionsOpened", "ticketsOpened", "touches", "stamp"] {
                document.remove(idle);
            }
            let mut fields: Vec<String> = document.iter().map(|(field, value)| format!("{field}={value:?}")).collect();
            fields.sort();
            documents.push(fields.join(" "));
        }
        documents.sort();
        if name == "totals" {
            documents = vec![format!("{:?}", sums(database).await)];
        }
        found.insert(name, documents);
    }
    found
}

async fn sums(database: &Database) -> Vec<Document> {
    let group = doc! { "$group": {
        "_id": { "$arrayElemAt": [{ "$split": ["$_id", ":"] }, 0] }, "value": { "$sum": "$value" },
    } };
    let totals = database.collection::<Document>("totals");
    let mut cursor = totals.aggregate([group, doc! { "$sort": { "_id": 1 } }]).await.unwrap();
    let mut sums = Vec::new();
    while cursor.advance().await.unwrap() {
        let sum = cursor.deserialize_current().unwrap();
        assert!(matches!(sum.get("value"), Some(Bson::Int64(1..))), "nothing is counted: {sum}");
        sums.push(sum);
    }
    sums
}

/// Fails with the first rows that are not the same.
#[track_caller]
pub(crate) fn assert_same(one: &BTreeMap<String, Vec<String>>, two: &BTreeMap<String, Vec<String>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (table, rows) in one {
        for (one, two) in rows.iter().zip(&two[table]) {
            assert_eq!(one, two, "in {table}");
        }
        assert_eq!(rows.len(), two[table].len(), "rows of {table}");
    }
}

/// Fails where a table is empty that has to hold something for the test to mean anything.
#[track_caller]
pub(crate) fn assert_full(dump: &BTreeMap<String, Vec<String>>) {
    for (table, rows) in dump {
        let may_be_empty = ["purge_queue", "leases", "quarantine"].contains(&table.as_str());
        assert!(may_be_empty || !rows.is_empty(), "{table} is empty");
    }
}
