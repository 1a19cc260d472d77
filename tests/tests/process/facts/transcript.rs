//! Writes out what a MongoDB holds as rows in the shape of the embedded store, so that one set of questions serves both.
//! It is told field by field here: what the server's own adapters think of the documents does not matter.

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReadConcern;
use mongodb::{Client, Database};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::server::Home;

/// The tables whose rows are documents of the collection of the same name.
const TABLES: [&str; 11] = [
    "users",
    "sessions",
    "videos",
    "views",
    "history",
    "comments",
    "tweets",
    "subscriptions",
    "playlists",
    "playlist_videos",
    "file_ledger",
];

/// Fields that are not named as their column is: (table, or any; column; field).
const OTHER_NAMES: [(&str, &str, &str); 7] = [
    ("", "id", "_id"),
    ("users", "password_hash", "password"),
    ("videos", "file", "videoFile"),
    ("videos", "state", "isPublished"),
    ("file_ledger", "key", "_id"),
    ("likes", "inviter", "inviterId"),
    // Given by the table itself.
    ("videos", "seq", ""),
];

/// What can be liked, with the number that the tables know it by.
const KINDS: [(&str, i64); 3] = [("video", 1), ("comment", 2), ("tweet", 3)];

/// A store in memory with all that the database holds.
pub(super) async fn write(uri: &str) -> Connection {
    let store = empty();
    let database = connect(uri).await;
    for table in TABLES {
        let columns = columns(&store, table);
        for document in all(&database, table).await {
            let values = columns.iter().map(|column| value(table, column, &document));
            insert(&store, table, &columns, values.collect());
        }
    }
    for document in all(&database, "likes").await {
        like(&store, &document);
    }
    for document in all(&database, "purge_queue").await {
        let id = document.get_document("_id").unwrap();
        let kind = KINDS.iter().find(|(name, _)| id.get_str("kind").is_ok_and(|kind| kind == *name)).unwrap().1;
        insert(&store, "purge_queue", &names(&["kind", "target"]), vec![kind.into(), plain(id.get("target"))]);
    }
    totals(&store, &all(&database, "totals").await);
    for document in all(&database, "videos").await {
        if document.get_array("words").is_ok_and(|words| !words.is_empty()) {
            let id = plain(document.get("_id"));
            store.execute("INSERT INTO video_words_docsize (id) SELECT seq FROM videos WHERE id = ?1", [id]).unwrap();
        }
    }
    store
}

/// Whether the sweeper has something to do.
pub(super) async fn waiting(uri: &str) -> bool {
    let database = connect(uri).await;
    let count = async |name, filter: Document| {
        database.collection::<Document>(name).count_documents(filter).await.expect("a count")
    };
    let due = doc! { "$expr": { "$lte": ["$dueAt", "$$NOW"] } };
    count("purge_queue", doc! {}).await + count("file_ledger", due).await > 0
}

/// A store in the shape that the binary makes, without the rules that keep rows together: whether they hold is asked
/// later.
fn empty() -> Connection {
    let home = Home::new();
    assert!(home.run(&["migrate"]).status.success(), "an embedded store can be made");
    let made = Connection::open(home.data().join("aviary.sqlite3")).unwrap();
    let store = Connection::open_in_memory().unwrap();
    store.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    // The word index makes the tables that it consists of itself.
    let shape = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'video_words_%'
                 AND name NOT LIKE 'sqlite_%' ORDER BY type = 'index'";
    let mut query = made.prepare(shape).unwrap();
    for sql in query.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        store.execute_batch(&sql.unwrap()).unwrap();
    }
    store.execute_batch("INSERT INTO totals (name, value) VALUES ('published_videos', 0), ('tweets', 0)").unwrap();
    store
}

async fn connect(uri: &str) -> Database {
    let client = Client::with_uri_str(uri).await.expect("a sound URI");
    client.default_database().expect("the URI names a database")
}

/// What a majority holds, in the order of the ids.
async fn all(database: &Database, collection: &str) -> Vec<Document> {
    let collection = database.collection::<Document>(collection);
    let found = collection.find(doc! {}).sort(doc! { "_id": 1 });
    found.read_concern(ReadConcern::majority()).await.expect("a cursor").try_collect().await.expect("documents")
}

fn columns(store: &Connection, table: &str) -> Vec<String> {
    let mut query = store.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn value(table: &str, column: &str, document: &Document) -> Value {
    let other = OTHER_NAMES.iter().find(|(of, name, _)| *name == column && (of.is_empty() || *of == table));
    let field = other.map_or_else(|| camel(column), |(_, _, field)| (*field).to_owned());
    let value = plain(document.get(&field));
    match (column, value) {
        // No picture is an empty text there and nothing here.
        ("cover_image", Value::Text(text)) if text.is_empty() => Value::Null,
        // No is nothing there.
        ("publish_when_ready", Value::Null) => 0.into(),
        (_, value) => value,
    }
}

fn plain(value: Option<&Bson>) -> Value {
    match value {
        None | Some(Bson::Null) => Value::Null,
        Some(Bson::ObjectId(id)) => Value::Blob(id.bytes().to_vec()),
        Some(Bson::Binary(binary)) => Value::Blob(binary.bytes.clone()),
        Some(Bson::String(text)) => Value::Text(text.clone()),
        Some(Bson::DateTime(time)) => Value::Integer(time.timestamp_millis()),
        Some(Bson::Boolean(flag)) => Value::Integer((*flag).into()),
        Some(Bson::Int32(number)) => Value::Integer((*number).into()),
        Some(Bson::Int64(number)) => Value::Integer(*number),
        Some(Bson::Double(number)) => Value::Real(*number),
        Some(other) => panic!("{other:?} has no place in a row"),
    }
}

fn insert(store: &Connection, table: &str, columns: &[String], values: Vec<Value>) {
    let places = vec!["?"; columns.len()].join(", ");
    let sql = format!("INSERT INTO {table} ({}) VALUES ({places})", columns.join(", "));
    let told = format!("{table}: {values:?}");
    store
        .prepare_cached(&sql)
        .unwrap()
        .execute(params_from_iter(values))
        .unwrap_or_else(|error| panic!("{told}: {error}"));
}

fn like(store: &Connection, document: &Document) {
    let mut columns = columns(store, "likes");
    columns.retain(|column| column != "kind" && column != "target");
    let mut values: Vec<Value> = columns.iter().map(|column| value("likes", column, document)).collect();
    let (name, kind) = KINDS.iter().find(|(name, _)| document.get_object_id(*name).is_ok()).expect("a target");
    columns.extend(names(&["kind", "target"]));
    values.extend([(*kind).into(), plain(document.get(*name))]);
    insert(store, "likes", &columns, values);
}

/// Each total is the sum of its shares.
fn totals(store: &Connection, shares: &[Document]) {
    for (of, name) in [("published:", "published_videos"), ("tweets:", "tweets")] {
        let shares = shares.iter().filter(|share| share.get_str("_id").is_ok_and(|id| id.starts_with(of)));
        let sum: i64 = shares.map(|share| share.get_i64("value").unwrap()).sum();
        store.execute("UPDATE totals SET value = ?1 WHERE name = ?2", (sum, name)).unwrap();
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The name of a column as documents have it.
fn camel(column: &str) -> String {
    let mut words = column.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(1);
        name + &head.to_uppercase() + tail
    })
}
