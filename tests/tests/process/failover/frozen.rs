//! A database that stands still, and then is gone: everybody is told so within a bounded time, who starts is refused
//! within one, and all goes on by itself afterwards.

use std::process::Output;
use std::time::{Duration, Instant};

use aviary_tests::mongod::database_uri;
use aviary_tests::replica_set::ReplicaSet;
use aviary_tests::samples;
use futures_util::future::join_all;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;
use tokio::time::timeout;

use super::asked;
use crate::account::{Account, file, registration, text};
use crate::facts;
use crate::server::{Home, Server};
use crate::tools::{announce, eventually};

/// The longest that an answer may take, whatever the database does.
const BOUND: Duration = Duration::from_secs(13);
/// The longest that a command may take to leave.
const LEAVING: Duration = Duration::from_secs(15);
/// How soon all has to be well again.
const RECOVERY: Duration = Duration::from_secs(10);
/// The same when the database has to start first, read its journal and find that it is the primary.
const RESTART: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_database_is_told_in_time_and_forgotten_afterwards() {
    if !asked("frozen") {
        return;
    }
    let mut set = ReplicaSet::launch(1).await.expect("a server");
    let uri = database_uri(&set.uri(), "aviary");
    let home = Home::node(&uri, None);
    let server = home.start().await;
    let avatar = || file("a.png", samples::png());
    let ada = Account::register(&server.api(), "ada", avatar()).await;

    set.freeze(0);
    let frozen = Instant::now();
    for round in 0..3 {
        // The first round meets a database that just stopped answering, the others one that is known to.
        assert_refused(&server, &ada, &format!("frozen, round {round}")).await;
    }
    assert_nobody_starts(&uri, "frozen").await;
    set.thaw(0);
    let thawed = Instant::now();
    well_again(&server, RECOVERY).await;
    announce(&format!("frozen for {:.1?}, well again after {:.1?}", thawed - frozen, thawed.elapsed()));
    assert_done(&server, &ada).await;

    set.kill(0);
    assert_refused(&server, &ada, "dead").await;
    assert_nobody_starts(&uri, "dead").await;
    set.start(0);
    let started = Instant::now();
    well_again(&server, RESTART).await;
    announce(&format!("dead and started again, well again after {:.1?}", started.elapsed()));
    // What was refused, and what was done before, is done by asking once more, and stands there once.
    assert_done(&server, &ada).await;
    assert!(server.stop().await.success());
    let store = facts::open(&home).await;
    assert_eq!(facts::contradictions(&home, &store), Vec::<String>::new());
    assert_eq!(facts::number(&store, "SELECT count(*) FROM tweets"), 1);
    assert_eq!(facts::number(&store, "SELECT count(*) FROM users"), 2);
}

/// Everything is refused for the moment, and soon.
async fn assert_refused(server: &Server, ada: &Account, state: &str) {
    let asked = requests(server, ada).map(|request| refusal(state, request));
    let longest = join_all(asked).await.into_iter().max().unwrap();
    announce(&format!("{state}: the longest of the answers took {longest:.1?}"));
    assert!(longest < BOUND, "{state}: an answer took {longest:?}");
}

/// Everything is done.
async fn assert_done(server: &Server, ada: &Account) {
    for request in requests(server, ada) {
        let answer = request.send().await.unwrap();
        let (status, asked) = (answer.status(), answer.url().clone());
        assert!(status.is_success(), "{asked}: {status}: {}", answer.text().await.unwrap());
    }
}

async fn well_again(server: &Server, limit: Duration) {
    let http = Client::new();
    let health = format!("{}/healthcheck", server.api());
    eventually("the server is well again", limit, async || {
        http.get(&health).send().await.ok().filter(|answer| answer.status().is_success())
    })
    .await;
}

/// Who is started now leaves by itself, having said why in one sentence.
async fn assert_nobody_starts(uri: &str, state: &str) {
    let home = Home::node(uri, None);
    for arguments in [&["serve"][..], &["migrate"], &["migrate", "--dry-run"], &["reconcile"]] {
        let begun = Instant::now();
        let Output { status, stdout, stderr } = output(&home, arguments).await;
        let said = String::from_utf8(stderr).unwrap();
        announce(&format!("{state}: {arguments:?} left after {:.1?}: {}", begun.elapsed(), said.trim()));
        assert_eq!(status.code(), Some(1), "{arguments:?}: {said}");
        // Before it stands at the most which database is meant.
        let last = said.trim().lines().last().unwrap_or_default();
        assert!(last.starts_with("aviary: no primary of MongoDB answered at 127.0.0.1:"), "{arguments:?}: {said}");
        assert!(said.matches("MongoDB").count() == 1 && said.lines().count() <= 2, "{arguments:?}: {said}");
        assert_eq!(String::from_utf8(stdout).unwrap(), "", "{arguments:?}");
    }
}

/// What a command says, its log aside, that ends in time; one that does not is killed.
async fn output(home: &Home, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::from(home.command());
    let command = command.args(arguments).env("RUST_LOG", "warn").kill_on_drop(true);
    let end = timeout(LEAVING, command.output()).await;
    end.unwrap_or_else(|_| panic!("{arguments:?} did not leave within {LEAVING:?}")).unwrap()
}

/// Reads and writes of every kind; each can be sent again and does no more than once.
fn requests<'a>(server: &'a Server, ada: &'a Account) -> impl Iterator<Item = RequestBuilder> + 'a {
    let http = Client::builder().timeout(2 * BOUND).build().unwrap();
    let (api, id) = (server.api(), text(&ada.user, "_id"));
    let ask = move |method: Method, path: &str| http.request(method, format!("{api}{path}")).bearer_auth(&ada.token);
    let keyed = |request: RequestBuilder, key: &str| request.header("idempotency-key", key);
    let form = registration("bob").part("avatar", file("b.png", samples::png()));
    [
        ask(Method::GET, "/healthcheck"),
        ask(Method::GET, "/videos"),
        ask(Method::GET, "/users/current-user"),
        ask(Method::GET, &format!("/tweets/user/{id}")),
        keyed(ask(Method::POST, "/tweets").json(&json!({ "content": "once" })), "a-tweet"),
        ask(Method::PATCH, "/users/update-account").json(&json!({ "fullName": "Ada L." })),
        keyed(ask(Method::POST, "/users/register").multipart(form), "bob"),
        ask(Method::GET, "/dashboard/stats"),
    ]
    .into_iter()
}

/// Sends a request that has to be refused for the moment; answers how long that took.
async fn refusal(state: &str, request: RequestBuilder) -> Duration {
    let begun = Instant::now();
    let answer = request.send().await.expect("an answer");
    let (status, asked) = (answer.status().as_u16(), answer.url().clone());
    assert_eq!(status, 503, "{state}: {asked}");
    assert!(answer.headers().contains_key("retry-after"), "{asked} says when");
    begun.elapsed()
}
