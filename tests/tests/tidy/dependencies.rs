//! Which crate may depend on which, and on what at all.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::{assert_none, files, licence, root, text};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates that must not come in, each with the reason.
const BANNED: [(&str, &str); 8] = [
    ("openssl", "needs a system library; rustls and aws-lc do without"),
    ("openssl-sys", "needs a system library; rustls and aws-lc do without"),
    ("native-tls", "needs a system library; rustls and aws-lc do without"),
    ("actix-governor", "GPL-3.0"),
    ("h2", "actix-web's http2 feature pulls one with an open advisory"),
    ("sqlx", "measured slower than rusqlite on the worker threads"),
    ("sqlx-core", "measured slower than rusqlite on the worker threads"),
    ("rsa", "RUSTSEC-2023-0071"),
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn metadata() -> &'static Value {
    static METADATA: LazyLock<Value> = LazyLock::new(|| {
        let version = Command::new("rustc").arg("-vV").output().expect("rustc runs").stdout;
        let version = String::from_utf8(version).expect("text");
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
        let arguments = ["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host];
        serde_json::from_str(&cargo(&arguments)).expect("metadata")
    });
    &METADATA
}

fn packages() -> &'static [Value] {
    metadata()["packages"].as_array().expect("packages")
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

/// The names of all crates that this one is built from, without those of its tests.
fn tree(package: &str) -> BTreeSet<String> {
    let arguments =
        ["tree", "-p", package, "-e", "normal,build", "--prefix", "none", "--format", "{p}", "--offline", "--locked"];
    cargo(&arguments).lines().filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
}

#[test]
fn the_layers_form_a_diamond() {
    for (package, allowed) in [
        ("aviary-domain", &[][..]),
        ("aviary-application", &["aviary-domain"]),
        ("aviary-infra", &["aviary-domain"]),
        ("aviary-api", &["aviary-application", "aviary-domain", "aviary-infra"]),
    ] {
        let manifest = packages().iter().find(|known| name(known) == package).expect("a member");
        let dependencies = manifest["dependencies"].as_array().expect("dependencies").iter();
        let outside_tests = dependencies.filter(|dependency| dependency["kind"] != "dev");
        let ours: BTreeSet<&str> = outside_tests.map(name).filter(|name| name.starts_with("aviary-")).collect();
        assert_eq!(ours, allowed.iter().copied().collect(), "{package}");
    }
    // Nobody but the tests depends on the composition root.
    for package in
        packages().iter().filter(|package| name(package).starts_with("aviary-") && name(package) != "aviary-tests")
    {
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        assert!(dependencies.iter().all(|dependency| name(dependency) != "aviary-api"), "{}", name(package));
    }
}

#[test]
fn the_domain_does_no_input_or_output() {
    let built_from = tree("aviary-domain");
    for forbidden in ["tokio", "actix-web", "rusqlite", "mongodb", "reqwest", "hyper", "mockall"] {
        assert!(!built_from.contains(forbidden), "aviary-domain is built from {forbidden}");
    }
    assert!(built_from.contains("aviary-domain"), "the tree is read");
}

#[test]
fn the_use_cases_know_neither_http_nor_a_database() {
    let built_from = tree("aviary-application");
    for forbidden in ["actix-web", "actix-http", "http", "hyper", "rusqlite", "mongodb", "reqwest", "aviary-infra"] {
        assert!(!built_from.contains(forbidden), "aviary-application is built from {forbidden}");
    }
}

#[test]
fn what_tests_need_stays_out_of_the_binary() {
    let built_from = tree("aviary-api");
    for forbidden in ["mockall", "proptest", "tempfile", "wiremock", "insta"] {
        assert!(!built_from.contains(forbidden), "aviary-api is built from {forbidden}");
    }
    assert!(built_from.contains("actix-web"), "the tree is read");
}

#[test]
fn banned_crates_stay_out() {
    let lock = text(&root().join("Cargo.lock"));
    let locked: BTreeSet<&str> =
        lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    assert!(locked.contains("actix-web"), "the lock file is read");
    let found: Vec<_> =
        BANNED.iter().filter(|(name, _)| locked.contains(name)).map(|(n, why)| format!("{n}: {why}")).collect();
    assert_none("crates that must not come in", &found);
}

#[test]
fn everything_comes_from_crates_io() {
    let foreign: Vec<_> = packages()
        .iter()
        .filter(|package| package["source"].as_str().is_some_and(|source| source != CRATES_IO))
        .map(|package| format!("{} from {}", name(package), package["source"]))
        .collect();
    assert_none("packages from elsewhere", &foreign);
    let lock = text(&root().join("Cargo.lock"));
    let foreign: Vec<_> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = \"")?.strip_suffix('"'))
        .filter(|source| *source != CRATES_IO)
        .map(str::to_owned)
        .collect();
    assert_none("locked packages from elsewhere", &foreign);
    let configured: Vec<_> = files(root())
        .into_iter()
        .filter(|file| file.components().any(|part| part.as_os_str() == ".cargo"))
        .filter(|file| text(file).contains("replace-with") || text(file).contains("[source"))
        .map(|file| file.display().to_string())
        .collect();
    assert_none("a project must not say where its users get crates from", &configured);
}

#[test]
fn every_licence_is_permissive() {
    let refused: Vec<_> = packages()
        .iter()
        .filter(|package| !licence::is_accepted(name(package), package["license"].as_str().unwrap_or("none")))
        .map(|package| format!("{} {}: {}", name(package), package["version"], package["license"]))
        .collect();
    assert_none("licences that are not on the list", &refused);
}

#[test]
fn every_dependency_is_named_once_and_says_what_it_is_for() {
    let manifest = text(&root().join("Cargo.toml"));
    let section = manifest.split("[workspace.dependencies]").nth(1).expect("the section");
    let section = section.split("\n[").next().expect("its lines");
    let named: BTreeSet<&str> = section.lines().filter_map(|line| line.split(" = ").next()).collect();
    assert!(named.contains("actix-web"));
    let mut scattered = vec![];
    for file in
        files(root()).into_iter().filter(|file| file.ends_with("Cargo.toml") && *file != root().join("Cargo.toml"))
    {
        let manifest = text(&file);
        let lines = manifest
            .lines()
            .filter(|line| line.contains("version = \"") || line.contains("= \"0") || line.contains("= \"1"));
        scattered.extend(lines.map(|line| format!("{}: {line}", file.display())));
    }
    assert_none("versions belong into the workspace's manifest", &scattered);
}
