//! The shape of the source files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::{assert_none, files, root, text};

const LONGEST_FILE: usize = 500;
const DEEPEST_FOLDER: usize = 3;

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let found: Vec<_> =
        files(&root().join(folder)).into_iter().filter(|file| file.extension().is_some_and(|e| e == "rs")).collect();
    assert!(found.len() > 5, "the files of {folder} are found");
    found
}

fn all_rust_files() -> Vec<PathBuf> {
    [rust_files("crates"), rust_files("tests")].concat()
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).expect("a file of the project").display().to_string()
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    let silent: Vec<_> =
        all_rust_files().into_iter().filter(|file| !text(file).starts_with("//! ")).map(|file| shown(&file)).collect();
    assert_none("files without `//!` at their head", &silent);
}

#[test]
fn no_file_is_long() {
    let long: Vec<_> = all_rust_files()
        .into_iter()
        .map(|file| (text(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, file)| format!("{}: {lines} lines", shown(&file)))
        .collect();
    assert_none("files that are too long", &long);
}

#[test]
fn modules_are_files_with_names() {
    let nameless: Vec<_> =
        all_rust_files().into_iter().filter(|file| file.ends_with("mod.rs")).map(|file| shown(&file)).collect();
    assert_none("foo.rs beside foo/ instead", &nameless);
    for vague in ["utils", "util", "common", "helpers", "dtos", "entities", "services", "misc"] {
        let found: Vec<_> = rust_files("crates")
            .into_iter()
            .filter(|file| shown(file).split(['/', '.']).any(|part| part == vague))
            .collect();
        assert!(found.is_empty(), "the noun names the file: {found:?}");
    }
}

#[test]
fn folders_are_not_deep() {
    let deep: Vec<_> = rust_files("crates")
        .into_iter()
        .map(|file| shown(&file))
        .filter(|file| file.split_once("/src/").is_some_and(|(_, inner)| inner.matches('/').count() > DEEPEST_FOLDER))
        .collect();
    assert_none("folders that are too deep", &deep);
}

/// The code of a file that runs in production, line by line with numbers: without comments and its tests.
fn production_lines(code: &str) -> Vec<(usize, &str)> {
    let before_tests = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = before_tests.lines().enumerate().map(|(n, line)| (n + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

/// Modules that a file declares for tests alone.
fn test_modules(code: &str) -> Vec<String> {
    let after = code.split("#[cfg(test)]").skip(1);
    let declared = after.filter_map(|rest| rest.trim_start().lines().next()?.strip_suffix(';')?.rsplit_once("mod "));
    declared.map(|(_, name)| name.to_owned()).collect()
}

#[test]
fn production_code_does_not_panic_and_leaves_nothing_undone() {
    let files = rust_files("crates");
    let for_tests: HashSet<String> = files.iter().flat_map(|file| test_modules(&text(file))).collect();
    let mut found = vec![];
    for file in files {
        let path = shown(&file);
        let parts: Vec<&str> = path.split(['/', '.']).collect();
        let in_tests =
            !path.contains("/src/") || parts.iter().any(|part| *part == "test_support" || for_tests.contains(*part));
        for (number, line) in production_lines(&text(&file)) {
            let undone = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"].iter().any(|word| line.contains(word));
            let panics = [".unwrap()", ".expect(", "panic!(", "unreachable!("].iter().any(|word| line.contains(word));
            if undone || (panics && !in_tests) {
                found.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert_none("production code that panics or is not finished", &found);
}

#[test]
fn time_and_randomness_come_from_the_system_in_one_place() {
    let mut found = vec![];
    for file in rust_files("crates") {
        let path = shown(&file);
        if path == "crates/infra/src/system.rs" {
            continue;
        }
        for (number, line) in production_lines(&text(&file)) {
            if ["SystemTime::now", "Timestamp::now()", "Utc::now", "rand::"].iter().any(|source| line.contains(source))
            {
                found.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert_none("time and randomness are ports", &found);
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let folders =
        std::fs::read_dir(root().join("migrations")).expect("migrations").map(|entry| entry.expect("a folder").path());
    let mut seen = 0;
    for folder in folders.filter(|folder| folder.is_dir()) {
        let mut names: Vec<_> =
            files(&folder).iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        for (n, name) in names.iter().enumerate() {
            let number = format!("{:04}_", n + 1);
            assert!(name.starts_with(&number), "{}: {name} should begin with {number}", folder.display());
            seen += 1;
        }
    }
    assert!(seen > 0, "the migrations are found");
}
