//! Temporary.
use aviary_domain::Store;
use aviary_infra::sqlite;
use tempfile::TempDir;
async fn fresh() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let open = sqlite::open(folder.path()).unwrap();
    let c = rusqlite::Connection::open(folder.path().join("aviary.sqlite3")).unwrap();
    c.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    c.execute_batch(&std::env::var("MUTANT").unwrap()).unwrap();
    (open.store, folder)
}
aviary_domain::store_contract!(fresh);
