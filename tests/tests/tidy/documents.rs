//! What documents promise is there, and nothing of the machine that they were written on.

use std::collections::BTreeSet;

use crate::{assert_none, files, root, text};

/// Every environment variable that the configuration knows: (name, whether it is reserved for a later version).
fn variables() -> Vec<(String, bool)> {
    let options =
        ["options.rs", "cloudinary.rs"].map(|file| text(&root().join("crates/api/src/config").join(file))).concat();
    let lines = options.lines().filter_map(|line| Some((line.split("env = \"").nth(1)?.split('"').next()?, line)));
    let variables: Vec<_> = lines.map(|(name, line)| (name.to_owned(), line.contains("hide = true"))).collect();
    assert!(variables.iter().any(|(name, _)| name == "PORT"), "the options are read: {variables:?}");
    variables
}

#[test]
fn the_example_of_an_environment_names_every_variable_and_no_other() {
    let example = text(&root().join(".env.example"));
    let named: BTreeSet<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='))
        .map(|(name, _)| name.trim())
        .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        .collect();
    let known = variables();
    let missing: Vec<_> = known
        .iter()
        .filter(|(name, reserved)| !reserved && !named.contains(name.as_str()))
        .map(|(name, _)| name.clone())
        .collect();
    assert_none("variables that .env.example does not name", &missing);
    let unknown: Vec<_> = named
        .iter()
        .filter(|name| **name != "RUST_LOG" && !known.iter().any(|(k, _)| k == *name))
        .map(|n| (*n).to_owned())
        .collect();
    assert_none("variables of .env.example that nothing reads", &unknown);
}

#[test]
fn the_readme_names_every_variable() {
    let Ok(readme) = std::fs::read_to_string(root().join("README.md")) else { return };
    let rows: BTreeSet<&str> = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let rows: BTreeSet<&str> =
        rows.into_iter().filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')).collect();
    if rows.is_empty() {
        // It is still being written.
        return;
    }
    let missing: Vec<_> = variables()
        .into_iter()
        .filter(|(name, reserved)| !reserved && !rows.contains(name.as_str()))
        .map(|(name, _)| name)
        .collect();
    assert_none("variables that the README's table does not name", &missing);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = vec![];
    for file in files(root()).into_iter().filter(|file| file.extension().is_some_and(|e| e == "md")) {
        let folder = file.parent().expect("a folder");
        for link in text(&file).split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next().map(str::to_owned))
        {
            let elsewhere = link.contains("://") || link.starts_with("mailto:") || link.is_empty();
            if !elsewhere && !folder.join(&link).exists() {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert_none("links that lead nowhere", &broken);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    // Put together, so that this file does not name them itself.
    let places = [["/ro", "ot/"], ["/wo", "rk/"], ["../sha", "red"], ["/ho", "me/"]].map(|halves| halves.concat());
    let mut found = vec![];
    for file in files(root()) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for (n, line) in text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place)) {
                found.push(format!("{}:{}: {}", file.display(), n + 1, line.trim()));
            }
        }
    }
    assert_none("places of one machine", &found);
}
