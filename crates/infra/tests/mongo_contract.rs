//! The contract suite of the ports over MongoDB: each rule on a database of its own, on one server for all.
#![expect(clippy::expect_used, reason = "a test that gets no store ends at that very place")]

#[expect(unreachable_pub, reason = "it belongs to another crate, where it is public")]
#[path = "../../../tests/src/mongod.rs"]
mod mongod;

#[path = "mongo_contract/faults.rs"]
mod faults;

#[path = "mongo_contract/media.rs"]
mod media;

#[path = "mongo_contract/migrate.rs"]
mod migrate;

#[path = "mongo_contract/nodes.rs"]
mod nodes;

#[path = "mongo_contract/open.rs"]
mod open;

#[path = "mongo_contract/remembered.rs"]
mod remembered;

#[path = "mongo_contract/router.rs"]
mod router;

#[path = "mongo_contract/shard.rs"]
mod shard;

#[path = "mongo_contract/upkeep.rs"]
mod upkeep;

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use aviary_domain::Store;
use aviary_infra::mongo;
use mongodb::{Client, Database};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// A database of a test, dropped when it ends, however it ends.
struct Guard {
    uri: String,
}

impl Guard {
    /// A name that no other test has, on the server that they share. Without a server no test can run: the process
    /// ends, having said so.
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = mongod::shared() else { process::exit(0) };
        let name = format!("aviary_contract_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { uri: mongod::database_uri(server, &name) }
    }

    /// The driver's own access to the database.
    async fn database(&self) -> Database {
        let client = Client::with_uri_str(&self.uri).await.expect("a client");
        client.default_database().expect("the name of a database")
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

async fn fresh() -> (Store, Guard) {
    let guard = Guard::new();
    let open = mongo::open(&guard.uri).await.expect("a fresh store");
    (open.store, guard)
}

aviary_domain::store_contract!(fresh);
