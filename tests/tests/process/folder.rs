//! A media folder: which files lie there, in the words of the rows that own them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The keys (`images/<name>`) of all stored files. Folders between the first and the file are the store's own matter.
pub(crate) fn stored_keys(media: &Path) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for folder in std::fs::read_dir(media).unwrap().map(Result::unwrap) {
        let kind = folder.file_name().into_string().unwrap();
        if kind == "tmp" {
            continue;
        }
        for file in files_below(&folder.path()) {
            assert!(file.metadata().unwrap().len() > 0, "{} is empty", file.display());
            let key = format!("{kind}/{}", file.file_name().unwrap().to_str().unwrap());
            assert!(keys.insert(key), "{} lies there twice", file.display());
        }
    }
    keys
}

/// What lies where uploads are received, without the locks of the processes that receive them.
pub(crate) fn temporary_files(media: &Path) -> Vec<PathBuf> {
    let tmp = media.join("tmp");
    assert!(tmp.is_dir(), "{} is where uploads are received", tmp.display());
    let mut files = files_below(&tmp);
    files.retain(|file| file.extension().is_none_or(|extension| extension != "lock"));
    files
}

/// Everything below the place where uploads are received: nothing, once nobody runs.
pub(crate) fn places(media: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(media.join("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // A folder may go while a running server tidies up.
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
