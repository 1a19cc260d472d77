//! A database that stands still: everybody is told so within a bounded time, and all goes on by itself afterwards.

use std::time::{Duration, Instant};

use aviary_tests::mongod::database_uri;
use aviary_tests::replica_set::ReplicaSet;
use aviary_tests::samples;
use futures_util::future::join_all;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;

use super::asked;
use crate::account::{Account, file, registration};
use crate::facts;
use crate::server::{Home, Server};
use crate::tools::{announce, eventually};

/// The longest that an answer may take, whatever the database does.
const BOUND: Duration = Duration::from_secs(13);
/// How soon all has to be well again.
const RECOVERY: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_database_is_told_in_time_and_forgotten_afterwards() {
    if !asked("frozen") {
        return;
    }
    let mut set = ReplicaSet::launch(1).await.expect("a server");
    let home = Home::node(&database_uri(&set.uri(), "aviary"), None);
    let server = home.start().await;
    let avatar = || file("a.png", samples::png());
    let ada = Account::register(&server.api(), "ada", avatar()).await;
    let id = ada.user["_id"].as_str().unwrap();

    set.freeze(0);
    let frozen = Instant::now();
    for round in 0..3 {
        // The first round meets a database that just stopped answering, the others one that is known to.
        let asked = requests(&server, &ada, id).map(|request| refusal(round, request));
        let longest = join_all(asked).await.into_iter().max().unwrap();
        announce(&format!("frozen: round {round}, the longest of the answers took {longest:.1?}"));
        assert!(longest < BOUND, "an answer took {longest:?}");
    }
    set.thaw(0);
    let thawed = Instant::now();
    let http = Client::new();
    let health = format!("{}/healthcheck", server.api());
    eventually("the server is well again", RECOVERY, async || {
        http.get(&health).send().await.ok().filter(|answer| answer.status().is_success())
    })
    .await;
    announce(&format!("frozen for {:.1?}, well again after {:.1?}", thawed - frozen, thawed.elapsed()));

    // What was refused is done by asking once more, and stands there once.
    for request in requests(&server, &ada, id) {
        let answer = request.send().await.unwrap();
        let (status, asked) = (answer.status(), answer.url().clone());
        assert!(status.is_success(), "{asked}: {status}: {}", answer.text().await.unwrap());
    }
    assert!(server.stop().await.success());
    let store = facts::open(&home).await;
    assert_eq!(facts::contradictions(&home, &store), Vec::<String>::new());
    assert_eq!(facts::number(&store, "SELECT count(*) FROM tweets"), 1);
    assert_eq!(facts::number(&store, "SELECT count(*) FROM users"), 2);
}

/// Reads and writes of every kind; each can be sent again and does no more than once.
fn requests<'a>(server: &'a Server, ada: &'a Account, id: &'a str) -> impl Iterator<Item = RequestBuilder> + 'a {
    let http = Client::builder().timeout(2 * BOUND).build().unwrap();
    let api = server.api();
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
async fn refusal(round: u32, request: RequestBuilder) -> Duration {
    let begun = Instant::now();
    let answer = request.send().await.expect("an answer");
    let (status, asked) = (answer.status().as_u16(), answer.url().clone());
    assert_eq!(status, 503, "{asked} in round {round}");
    assert!(answer.headers().contains_key("retry-after"), "{asked} says when");
    begun.elapsed()
}
