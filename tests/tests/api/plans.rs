//! Every query of every endpoint, as MongoDB plans it and as it ran: none scans a collection, sorts in memory, or looks at
//! much more than it gives. No query is listed here: all routes of the contract are driven over a database with crowds
//! in it, and what the server sent is read from the database's own profiler. Recounting and adopting are jobs over the
//! whole store and are left out.

mod crowd;
mod profile;
mod tour;
mod verdict;

use std::collections::BTreeSet;

use aviary_tests::TestServer;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use reqwest::Method;

use crate::openapi::{described, operations};
use crate::routes::{fill, table};
use profile::{Operation, Profiler};
use tour::Tour;

/// A server over a MongoDB, and the database beside it; `None` when the tests run on the embedded store, whose plans
/// are tested where its statements are.
async fn stage() -> Option<(TestServer, Database)> {
    let server = TestServer::start().await;
    let uri = server.home().mongodb_uri()?.to_owned();
    let client = Client::with_uri_str(uri).await.expect("a client");
    let database = client.default_database().expect("the name of a database");
    Some((server, database))
}

#[tokio::test]
async fn every_query_of_every_endpoint_is_served_by_an_index() {
    let Some((server, database)) = stage().await else { return };
    let tour = Tour::prepare(&server, &database).await;
    let profiler = Profiler::start(&database).await;
    let driven = tour.drive().await;
    let sent = profiler.stop().await;
    assert_eq!(driven, known(&server).await, "the routes that were driven, and those of the contract");

    let mut faults = BTreeSet::new();
    for operation in &sent {
        faults.extend(operation.faults());
    }
    let distinct = distinct(&sent);
    for operation in &distinct {
        faults.extend(explain(&database, operation).await);
    }
    println!("{} operations, {} distinct ones explained", sent.len(), distinct.len());
    let faults: Vec<String> = faults.into_iter().collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(distinct.len() > 100, "the profiler saw what was sent: {}", distinct.len());
}

/// The routes of the description that are not old names of others, and those of the contract's table: by method and
/// path, every id a star.
async fn known(server: &TestServer) -> BTreeSet<String> {
    let description = described(server).await;
    let current = operations(&description).into_iter().filter(|(.., operation)| operation["deprecated"] != true);
    let current = current.map(|(method, path, _)| name(&method, path.strip_prefix("/api/v1").unwrap_or(&path)));
    current.chain(table().iter().map(|route| name(&route.method, route.path))).collect()
}

/// What a route is known by.
fn name(method: &Method, path: &str) -> String {
    format!("{method} {}", fill(path, "*"))
}

/// One operation of each shape: those that differ in values alone are planned alike.
fn distinct(sent: &[Operation]) -> Vec<&Operation> {
    let mut seen = BTreeSet::new();
    sent.iter().filter(|operation| operation.is_planned() && seen.insert(operation.shape())).collect()
}

/// What is wrong with the plan for an operation and for each join in it. Reads run once more, so that what joins cost is
/// seen too; writes are only planned.
async fn explain(database: &Database, operation: &Operation) -> Vec<String> {
    let verbosity = if operation.is_read() { "executionStats" } else { "queryPlanner" };
    let whole = plan(database, &operation.command(), verbosity).await;
    let mut faults = verdict::of_plan(&whole, operation.sorts_bounded_matches());
    for join in operation.joins() {
        faults.extend(verdict::of_plan(&plan(database, &join, "queryPlanner").await, false));
    }
    faults.into_iter().map(|fault| format!("{fault}: {operation}")).collect()
}

async fn plan(database: &Database, command: &Document, verbosity: &str) -> Document {
    let explained = database.run_command(doc! { "explain": command, "verbosity": verbosity }).await;
    explained.unwrap_or_else(|error| panic!("{command} is not explained: {error}"))
}

/// The judges can say no: each is shown a query that no endpoint sends.
#[tokio::test]
async fn a_scan_a_sort_and_a_join_without_an_index_are_noticed() {
    let Some((server, database)) = stage().await else { return };
    let ada = server.person("ada").await;
    ada.tweet("tweet").await;
    let join = doc! { "$lookup": { "from": "tweets", "localField": "username", "foreignField": "content", "as": "x" } };
    let by_pipeline = doc! { "$lookup": {
        "from": "tweets", "as": "x", "pipeline": [{ "$match": { "content": "tweet" } }],
    } };
    let matched = doc! { "$match": { "username": "ada" } };
    for (command, fault) in [
        (doc! { "find": "tweets", "filter": { "content": "tweet" } }, "a collection scan"),
        (
            doc! { "find": "users", "filter": { "username": { "$gt": "" } }, "sort": { "fullName": 1 } },
            "a sort in memory",
        ),
        (doc! { "aggregate": "users", "pipeline": [&matched, join], "cursor": {} }, "a join without an index"),
        (doc! { "aggregate": "users", "pipeline": [&matched, by_pipeline], "cursor": {} }, "a join without an index"),
        (
            doc! { "update": "users", "updates": [{ "q": { "fullName": "x" }, "u": { "$set": { "x": 1 } } }] },
            "a collection scan",
        ),
        (doc! { "delete": "users", "deletes": [{ "q": { "fullName": "x" }, "limit": 1 }] }, "a collection scan"),
    ] {
        let faults = verdict::of_plan(&plan(&database, &command, "executionStats").await, false);
        assert!(faults.contains(&fault), "{faults:?} for {command}");
    }
    let sound = doc! { "find": "users", "filter": { "username": "ada" } };
    assert!(verdict::of_plan(&plan(&database, &sound, "executionStats").await, false).is_empty());

    let walk = |docs: i64| {
        doc! {
            "op": "query", "ns": "x.tweets", "command": { "find": "tweets" }, "planSummary": "IXSCAN { a: 1 }",
            "keysExamined": docs, "docsExamined": docs, "nreturned": 10,
        }
    };
    assert!(Operation::read(walk(30)).faults().is_empty());
    assert_eq!(Operation::read(walk(300)).faults().len(), 1);
    let scan: Document =
        doc! { "op": "query", "ns": "x.tweets", "command": { "find": "tweets" }, "planSummary": "COLLSCAN" };
    assert_eq!(Operation::read(scan).faults().len(), 1);
}
