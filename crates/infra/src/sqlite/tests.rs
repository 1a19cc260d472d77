//! What the contract suite cannot see: how the folder is opened, how writes are grouped, how queries are planned.

mod log;
mod opening;
mod plans;
mod reading;
mod words;
mod writing;

use tempfile::TempDir;

use super::{OpenStore, open};

/// A store in a folder that goes with the test.
fn fresh() -> (TempDir, OpenStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    (folder, store)
}
