//! A database of its own on the MongoDB that all tests share, read and written beside the server.

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use mongodb::Client;
use mongodb::bson::{Document, doc};

use super::Database;
use crate::host::wait_for;
use crate::mongod;

/// A database that goes with this value.
pub(super) struct Mongo {
    uri: String,
    database: mongodb::Database,
}

impl Mongo {
    /// A name that no other test has. Where no MongoDB can be had none of these tests can run: the process ends,
    /// having said so.
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = mongod::shared() else { process::exit(0) };
        let name = format!("aviary_test_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { uri: mongod::database_uri(server, &name), database: client(server).database(&name) }
    }

    fn count_of(&self, table: &str, filter: Document) -> u64 {
        let rows = self.database.collection::<Document>(table);
        wait_for(async move { rows.count_documents(filter).await }).expect("a count")
    }
}

/// The tests' own access, which they share: each client keeps connections and watches the server.
fn client(server: &'static str) -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| wait_for(Client::with_uri_str(server)).expect("a client"))
}

impl Database for Mongo {
    fn uri(&self) -> Option<&str> {
        Some(&self.uri)
    }

    fn count(&self, table: &str) -> u64 {
        self.count_of(table, doc! {})
    }

    fn named_files(&self) -> u64 {
        self.count("users")
            + self.count_of("users", doc! { "coverImage": { "$gt": "" } })
            + 2 * self.count_of("videos", doc! { "bytes": { "$gt": 0 } })
    }

    fn add(&self, table: &str, column: &str, change: i64) -> u64 {
        let rows = self.database.collection::<Document>(table);
        // `$inc` knows numbers alone, and some columns are dates here.
        let column = camel(column);
        let sum = doc! { "$add": [format!("${column}"), change] };
        let change = vec![doc! { "$set": { column: sum } }];
        wait_for(async move { rows.update_many(doc! {}, change).await }).expect("a change").matched_count
    }

    fn erase(&self, table: &str, column: &str) -> u64 {
        let rows = self.database.collection::<Document>(table);
        let change = doc! { "$unset": { camel(column): 1 } };
        wait_for(async move { rows.update_many(doc! {}, change).await }).expect("a change").matched_count
    }
}

impl Drop for Mongo {
    fn drop(&mut self) {
        let database = self.database.clone();
        if let Err(error) = wait_for(async move { database.drop().await }) {
            eprintln!("a test's database is left behind: {error}");
        }
    }
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

#[test]
fn columns_are_named_as_documents_name_them() {
    assert_eq!(camel("likes_count"), "likesCount");
    assert_eq!(camel("value"), "value");
}

#[test]
fn a_mongodb_is_there() {
    // Which says so itself where none is, and fails in CI.
    if let Some(server) = mongod::shared() {
        let admin = client(server).database("admin");
        let hello = wait_for(async move { admin.run_command(doc! { "hello": 1 }).await }).expect("an answer");
        assert!(hello.contains_key("setName") || hello.contains_key("msg"), "it has transactions: {hello}");
    }
}
