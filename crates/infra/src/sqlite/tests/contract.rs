//! The contract suite of the ports over this adapter.

use aviary_domain::Store;
use tempfile::TempDir;

async fn fresh() -> (Store, (TempDir, crate::sqlite::Database)) {
    let (folder, opened) = super::fresh();
    (opened.store, (folder, opened.database))
}

aviary_domain::store_contract!(fresh);
