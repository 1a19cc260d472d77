//! The commands of the binary besides serving: what they print, where, and the codes they leave with.

use std::process::Output;

use aviary_tests::mongod;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use serde_json::Value;

use crate::server::Home;
use crate::tools::announce;

/// Every step of a store, as a report has them.
fn steps(verb: &str, folder: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/");
    let files = std::fs::read_dir(format!("{root}{folder}")).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names.iter().map(|name| format!("{verb} {name}.\n")).collect()
}

#[track_caller]
pub(crate) fn assert_succeeds(output: &Output, said: &str) {
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), said);
}

/// It leaves with this code and says this among other things, on standard error alone.
#[track_caller]
pub(crate) fn assert_fails(output: &Output, code: i32, saying: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(errors.contains(saying), "{errors}");
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[tokio::test]
async fn migrate_brings_the_embedded_store_up_once() {
    let home = Home::new();
    assert_succeeds(&home.run(&["migrate", "--dry-run"]), &steps("Would apply", "sqlite"));
    assert!(!home.data().exists());
    assert_succeeds(&home.run(&["migrate"]), &steps("Applied", "sqlite"));
    assert_succeeds(&home.run(&["migrate"]), "The store is up to date; nothing was applied.\n");
    assert_succeeds(&home.run(&["migrate", "--dry-run"]), "The store is up to date; nothing would be applied.\n");
    assert_fails(&home.run(&["migrate", "--shard"]), 2, "MONGODB_URI");
    home.start().await.stop().await;
}

/// A database that goes with the test, and the home of a node on it; `None`, told loudly, without a MongoDB.
pub(crate) async fn node(name: &str) -> Option<(Dropped, Home)> {
    let uri = mongod::database_uri(mongod::shared()?, &format!("aviary_{name}_{}", std::process::id()));
    let database = Client::with_uri_str(&uri).await.unwrap().default_database().unwrap();
    Some((Dropped(database), Home::node(&uri, None)))
}

/// A database that is dropped in the end, however that comes.
pub(crate) struct Dropped(Database);

impl Drop for Dropped {
    fn drop(&mut self) {
        let database = self.0.clone();
        let dropping = async move { database.drop().await };
        let dropped = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(dropping));
        if let Err(error) = dropped {
            announce(&format!("a test's database is left behind: {error}"));
        }
    }
}

impl Dropped {
    async fn set_version(&self, version: i64) {
        let meta = self.0.collection::<Document>("aviary_meta");
        let changed = meta.update_one(doc! { "_id": "schema" }, doc! { "$set": { "version": version } }).await.unwrap();
        assert_eq!(changed.matched_count, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_brings_a_mongodb_up_once() {
    let Some((database, home)) = node("commands_migrate").await else { return };
    assert_succeeds(&home.run(&["migrate", "--dry-run"]), &steps("Would apply", "mongodb"));
    assert!(database.0.list_collection_names().await.unwrap().is_empty());
    assert_succeeds(&home.run(&["migrate"]), &steps("Applied", "mongodb"));
    assert_succeeds(&home.run(&["migrate"]), "The store is up to date; nothing was applied.\n");
    assert_succeeds(&home.run(&["migrate", "--dry-run"]), "The store is up to date; nothing would be applied.\n");
    let sharded = home.run(&["migrate", "--shard"]);
    assert_eq!(sharded.status.code(), Some(1), "{sharded:?}");
    assert!(String::from_utf8_lossy(&sharded.stderr).contains("mongos"), "{sharded:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_mongodb_is_served_only_when_told_to_migrate() {
    let Some((database, home)) = node("commands_serve").await else { return };
    home.run(&["migrate"]);
    database.set_version(1).await;
    for command in [["serve"].as_slice(), &["reconcile"]] {
        assert_fails(&home.run(command), 1, "`aviary migrate`");
    }
    let migrated = home.run(&["migrate"]);
    assert_succeeds(&migrated, "Applied 0002_many_nodes.\nApplied 0003_life_of_files.\n");
    assert!(String::from_utf8_lossy(&migrated.stderr).contains("0002_many_nodes: about"), "{migrated:?}");
    database.set_version(1).await;
    let server = home.start_with(&["--migrate"]).await;
    assert!(server.said().contains("0002_many_nodes"), "{}", server.said());
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_media_of_the_others_does_not_serve() {
    let Some((_database, home)) = node("commands_media").await else { return };
    let server = home.start().await;
    let uri = home.mongodb_uri().unwrap();
    let stray = Home::node(uri, None);
    assert_fails(&stray.run(&["serve"]), 1, "MEDIA_DIR");
    assert!(!stray.media().exists());
    assert!(Home::node(uri, Some(&home.media())).start().await.stop().await.success());
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongodb_that_is_not_there_is_told_in_one_sentence() {
    let home = Home::node("mongodb://ada:secret@127.0.0.1:1/tube", None);
    let said = "aviary: no primary of MongoDB answered at 127.0.0.1:1 within 3 s\n";
    for command in ["serve", "migrate"] {
        let failed = home.run(&[command]);
        let errors = String::from_utf8_lossy(&failed.stderr);
        assert!(errors.ends_with(said) && !errors.contains("secret"), "{errors}");
        assert_eq!(failed.status.code(), Some(1));
    }
}

#[tokio::test]
async fn config_check_tells_every_mistake_and_starts_nothing() {
    let home = Home::new();
    assert_succeeds(&home.run(&["config", "check"]), "The configuration is sound.\n");
    let bad = home.run(&["config", "check", "--port", "http", "--workers", "0"]);
    assert_fails(&bad, 2, "The configuration has 2 mistakes:\n  PORT: `http` must be");
    assert_fails(&bad, 2, "\n  WORKERS: `0` must be");
    assert_fails(&home.run(&["serve", "--bcrypt-cost", "99"]), 2, "BCRYPT_COST");
    assert_fails(&home.run(&["dance"]), 2, "dance");
    assert!(!home.data().exists());
}

#[tokio::test]
async fn json_logs_are_one_object_a_line() {
    let home = Home::with(&[("LOG_FORMAT", "json")]);
    let server = home.start().await;
    assert!(server.stop().await.success());
    let said = std::fs::read_to_string(home.path().join("server.log")).unwrap();
    // What is for people goes to standard output, which the harness writes into the same file.
    let log = said.lines().filter(|line| !line.starts_with("Aviary ") && !line.starts_with("  "));
    let lines: Vec<Value> = log.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["target"].is_string(), "{line}");
    }
    let messages: Vec<_> = lines.iter().filter_map(|line| line["fields"]["message"].as_str()).collect();
    assert_eq!(messages.last(), Some(&"stopped"), "{messages:?}");
}
