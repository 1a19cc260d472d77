//! Rules about the workspace as tests: layers, dependencies, licences, the shape of files, and what documents promise.

mod dependencies;
mod documents;
mod licence;
mod sources;

use std::path::{Path, PathBuf};

/// The folder of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

/// Every file of the project under this folder, without what building and running makes.
fn files(folder: &Path) -> Vec<PathBuf> {
    const MADE: [&str; 3] = ["target", "data", ".git"];
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let made = entry.file_name().to_str().is_some_and(|name| MADE.contains(&name));
        match entry.file_type().expect("a type") {
            kind if kind.is_dir() && !made => found.extend(files(&entry.path())),
            kind if kind.is_file() && !made => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

/// What a file says.
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails with all findings at once.
#[track_caller]
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
