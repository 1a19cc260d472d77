//! Adoption of databases that applications of the family filled, in every dialect: compared document by document,
//! repeated, rehearsed, killed anywhere and gone on with, and served.
#![expect(clippy::expect_used, reason = "a test that gets no store ends at that very place")]

#[expect(unreachable_pub, dead_code, reason = "it belongs to another crate, where it is public and used")]
#[path = "../../../tests/src/mongod.rs"]
mod mongod;

#[path = "mongo_adoption/broken.rs"]
mod broken;
#[path = "mongo_adoption/dialects.rs"]
mod dialects;
#[path = "mongo_adoption/entries.rs"]
mod entries;
#[path = "mongo_adoption/finished.rs"]
mod finished;
#[path = "mongo_adoption/kept.rs"]
mod kept;
#[path = "mongo_adoption/killed.rs"]
mod killed;
#[path = "mongo_adoption/large.rs"]
mod large;
#[path = "mongo_adoption/mended.rs"]
mod mended;
#[path = "mongo_adoption/ours.rs"]
mod ours;
#[path = "mongo_adoption/refused.rs"]
mod refused;
#[path = "mongo_adoption/rehearsed.rs"]
mod rehearsed;
#[path = "mongo_adoption/restored.rs"]
mod restored;
#[path = "mongo_adoption/served.rs"]
mod served;

use std::collections::BTreeMap;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use aviary_infra::mongo::{self, AdoptionReport, MigrateMode, OpenError};
use aviary_infra::progress::Unwatched;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::{Client, Database};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// The collections of a database by name, each with its documents in order.
type Dump = BTreeMap<String, Vec<Document>>;

/// A database of a test, dropped when it ends, however it ends.
struct Guard {
    uri: String,
}

impl Guard {
    /// A name that no other test has. Without a server no test can run: the process ends, having said so.
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = mongod::shared() else { process::exit(0) };
        let name = format!("aviary_adoption_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { uri: mongod::database_uri(server, &name) }
    }

    /// A database with these documents.
    async fn with(filled: &Dump) -> Self {
        let guard = Self::new();
        let database = guard.database().await;
        for (name, documents) in filled {
            for documents in documents.chunks(5_000) {
                database.collection::<Document>(name).insert_many(documents).await.expect("a filled collection");
            }
        }
        guard
    }

    /// The driver's own access to the database.
    async fn database(&self) -> Database {
        let client = Client::with_uri_str(&self.uri).await.expect("a client");
        client.default_database().expect("the name of a database")
    }

    /// Adopts the database.
    async fn adopt(&self) -> AdoptionReport {
        self.migrate(MigrateMode::Apply).await.expect("an adopted database").expect("a report")
    }

    async fn migrate(&self, mode: MigrateMode) -> Result<Option<AdoptionReport>, OpenError> {
        Ok(mongo::migrate(&self.uri, mode, &Unwatched).await?.adoption)
    }

    /// All that is in the database, our own notes aside.
    async fn dump(&self) -> Dump {
        let database = self.database().await;
        let mut dump = Dump::new();
        for name in database.list_collection_names().await.expect("names") {
            if name == "aviary_meta" {
                continue;
            }
            let mut found =
                database.collection::<Document>(&name).find(doc! {}).sort(doc! { "_id": 1 }).await.expect("documents");
            let documents = dump.entry(name).or_default();
            while found.advance().await.expect("a document") {
                documents.push(found.deserialize_current().expect("a document"));
            }
        }
        dump
    }

    /// All that was made of the documents of another application: without what is chosen by chance or by the clock.
    async fn adopted(&self) -> Dump {
        let mut dump = self.dump().await;
        for (name, made_up) in [("history", "_id"), ("playlist_videos", "_id"), ("quarantine", "movedAt")] {
            let documents = dump.get_mut(name).expect("a collection of ours");
            for document in &mut *documents {
                assert!(document.remove(made_up).is_some(), "{name} has {made_up}");
            }
            documents.sort_by_key(ToString::to_string);
        }
        dump
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let dropped = block_in_place(|| Handle::current().block_on(async { self.database().await.drop().await }));
        if let Err(error) = dropped {
            eprintln!("a test's database is left behind: {error:?}");
        }
    }
}

/// An id of a kind: `id(b'u', 1)` is the first user.
fn id(kind: u8, number: u32) -> ObjectId {
    let mut bytes = [0x65, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// When every id says that it was made.
const MADE: i64 = 0x6500_0000 * 1_000;

/// So many seconds later.
fn at(seconds: i64) -> DateTime {
    DateTime::from_millis(MADE + seconds * 1_000)
}

/// The documents of a dump by collection, without those that are empty.
fn filled(dump: &Dump, names: &[&str]) -> Dump {
    let wanted = dump.iter().filter(|(name, documents)| names.contains(&name.as_str()) && !documents.is_empty());
    wanted.map(|(name, documents)| (name.clone(), documents.clone())).collect()
}

/// Two collections with the same documents, told one by one.
#[track_caller]
fn assert_same(found: &Dump, expected: &Dump) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, documents) in expected {
        assert_eq!(found[name].len(), documents.len(), "{name}: {:#?}", found[name]);
        for (found, expected) in found[name].iter().zip(documents) {
            assert_eq!(sorted(found), sorted(expected), "in {name}");
        }
    }
}

/// The fields of a document by name: their order means nothing.
fn sorted(document: &Document) -> BTreeMap<&String, &Bson> {
    document.iter().collect()
}
