//! The contract suite of the ports over SQLite: each rule on a database of its own in a temporary folder.
#![expect(clippy::expect_used, reason = "a test that gets no store ends at that very place")]

use aviary_domain::Store;
use aviary_infra::sqlite;
use tempfile::TempDir;

async fn fresh() -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = sqlite::open(folder.path()).expect("a fresh store");
    (open.store, folder)
}

aviary_domain::store_contract!(fresh);
