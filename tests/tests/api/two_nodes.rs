//! Two servers over one database behave as one. The embedded store has one server, so these run with
//! `TEST_STORE=mongodb` alone.

use std::time::{Duration, Instant};

use aviary_domain::media::site::SITE_LEASE;
use aviary_tests::people::{PASSWORD, registration};
use aviary_tests::{Caller, Reply, TestServer, code, samples};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Two nodes; `None` where the store cannot have them.
async fn two() -> Option<(TestServer, TestServer)> {
    let one = TestServer::start().await;
    if one.home().is_embedded() {
        return None;
    }
    let other = one.another_node().await;
    Some((one, other))
}

/// Sessions that end elsewhere are remembered for a moment, and never for longer than this.
const SOON: Duration = Duration::from_secs(5);

/// Waits until a node refuses a session that another one has ended.
async fn is_refused_soon(caller: Caller) {
    let begun = Instant::now();
    loop {
        let answer = caller.get("/users/current-user").await;
        if answer.status != 200 || begun.elapsed() > SOON {
            answer.fails(401, code::SESSION_ENDED);
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn on(node: &TestServer, token: &str) -> Caller {
    node.guest().with_token(token)
}

#[tokio::test]
async fn a_session_that_ends_on_one_node_has_ended_on_the_other() {
    let Some((one, other)) = two().await else { return };
    let ada = one.person("ada").await;
    on(&other, &ada.access).get("/users/current-user").await.ok(200);
    ada.push("/users/logout").await.ok(200);
    on(&one, &ada.access).get("/users/current-user").await.fails(401, code::SESSION_ENDED);
    is_refused_soon(on(&other, &ada.access)).await;
    let refresh = json!({ "refreshToken": ada.refresh });
    other.guest().post("/users/refresh-token", &refresh).await.fails(401, code::SESSION_ENDED);
}

#[tokio::test]
async fn a_changed_password_is_changed_on_every_node() {
    let Some((one, other)) = two().await else { return };
    one.person("ada").await;
    let (here, there) = (one.sign_in("ada").await, other.sign_in("ada").await);
    let change = json!({ "oldPassword": PASSWORD, "newPassword": "another password" });
    here.post("/users/change-password", &change).await.ok(200);
    is_refused_soon(on(&other, &there.access)).await;
    on(&other, &here.access).get("/users/current-user").await.ok(200);
    let login = |password: &str| json!({ "username": "ada", "password": password });
    other.guest().post("/users/login", &login(PASSWORD)).await.fails(401, code::WRONG_CREDENTIALS);
    other.guest().post("/users/login", &login("another password")).await.ok(200);
}

#[tokio::test]
async fn a_refresh_token_is_used_up_on_every_node() {
    let Some((one, other)) = two().await else { return };
    let ada = one.person("ada").await;
    let body = |token: &Value| json!({ "refreshToken": token });
    let next = other.guest().post("/users/refresh-token", &body(&json!(ada.refresh))).await.ok(200);
    let last = one.guest().post("/users/refresh-token", &body(&next["refreshToken"])).await.ok(200);
    // Whoever comes with a token from long ago ends the session, wherever the others were exchanged.
    other.guest().post("/users/refresh-token", &body(&json!(ada.refresh))).await.fails(401, code::SESSION_ENDED);
    one.guest().post("/users/refresh-token", &body(&last["refreshToken"])).await.fails(401, code::SESSION_ENDED);
}

#[tokio::test]
async fn a_view_counts_once_on_whichever_node() {
    let Some((one, other)) = two().await else { return };
    let (ada, bob) = (one.person("ada").await, one.person("bob").await);
    let video = one.video(&ada, "film").await;
    let path = format!("/videos/{video}");
    let views = async |caller: Caller| caller.get(&path).await.ok(200)["views"].as_u64();
    assert_eq!(views(on(&one, &bob.access)).await, Some(1));
    assert_eq!(views(on(&other, &bob.access)).await, Some(1));
    // A guest is known again by a hash whose salt the nodes share.
    assert_eq!(views(one.guest().with_agent("Firefox/1")).await, Some(2));
    assert_eq!(views(other.guest().with_agent("Firefox/1")).await, Some(2));
    assert_eq!(views(other.guest().with_agent("Chrome/1")).await, Some(3));
    one.is_consistent().await;
}

#[tokio::test]
async fn a_key_is_known_on_every_node() {
    let Some((one, other)) = two().await else { return };
    let ada = one.person("ada").await;
    let tweet = async |node: &TestServer, text: &str| {
        let caller = on(node, &ada.access);
        let request = caller.request(Method::POST, "/tweets").header("idempotency-key", "k");
        caller.send(request.json(&json!({ "content": text }))).await
    };
    let first = tweet(&one, "Good morning").await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""));
    let again = tweet(&other, "Good morning").await;
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.body), (201, "true", &first.body));
    tweet(&other, "Good evening").await.fails(422, code::IDEMPOTENCY_KEY_REUSED);
    assert_eq!(one.count("tweets"), 1);
}

#[tokio::test]
async fn a_registration_sent_to_both_at_once_makes_one_account() {
    let Some((one, other)) = two().await else { return };
    let register = async |node: &TestServer| -> Reply {
        let caller = node.guest();
        let request = caller.request(Method::POST, "/users/register").header("idempotency-key", "k");
        let request = request.header("content-type", aviary_tests::Form::content_type());
        caller.send(request.body(registration("ada").finished())).await
    };
    let nodes = [&one, &other].into_iter().cycle().take(10);
    let replies = join_all(nodes.map(register)).await;
    let texts: Vec<Value> = replies.iter().map(|reply| without_host(reply.ok(201))).collect();
    assert!(texts.iter().all(|text| Some(text) == texts.first()), "{texts:?}");
    assert_eq!(one.count("users"), 1);
    one.keeps_files(1).await;
    one.is_consistent().await;
}

/// Each node of these tests has a port and hence links of its own, as long as nobody gives them one public URL.
fn without_host(mut user: Value) -> Value {
    let avatar = user["avatar"].as_str().and_then(|url| url.split_once("/media/")).map(|(_, key)| json!(key));
    user["avatar"] = avatar.expect("a link");
    user
}

#[tokio::test]
async fn what_one_node_stores_the_other_serves_and_removes() {
    let Some((one, other)) = two().await else { return };
    let ada = one.person("ada").await;
    let avatar = on(&other, &ada.access).get("/users/current-user").await.ok(200)["avatar"].clone();
    let served = other.guest().get(avatar.as_str().unwrap()).await;
    assert_eq!(served.status, 200);
    // Whichever of them sweeps: each makes garbage, and all of it goes.
    for (node, tint) in [(&one, 1), (&other, 2), (&one, 3), (&other, 4)] {
        let picture = samples::picture(image::ImageFormat::Png, 24, 16, tint);
        let form = aviary_tests::form().file("avatar", "me.png", "image/png", &picture);
        on(node, &ada.access).multipart(Method::PATCH, "/users/avatar", form).await.ok(200);
    }
    one.keeps_files(1).await;
    one.is_consistent().await;
}

#[tokio::test]
async fn one_node_sweeps_at_a_time_and_the_other_goes_on_after_it() {
    let Some((one, other)) = two().await else { return };
    // One lease to sweep, and one that all nodes have together as long as they run.
    aviary_tests::eventually("somebody sweeps", || one.count("leases") == 2).await;
    let ada = one.person("ada").await;
    let access = ada.access.clone();
    let _media_of_both = one.stop().await;
    // The node that stopped gave back what it had, so that nobody waits for its end.
    for tint in [1, 2] {
        let picture = samples::picture(image::ImageFormat::Png, 24, 16, tint);
        let form = aviary_tests::form().file("avatar", "me.png", "image/png", &picture);
        on(&other, &access).multipart(Method::PATCH, "/users/avatar", form).await.ok(200);
    }
    other.settled().await;
    aviary_tests::eventually("the other one sweeps", || other.count("leases") == 2).await;
}

/// The place of the files does not change under a node because another one ends.
#[tokio::test]
async fn a_node_that_ends_gives_back_no_lease_of_the_one_that_sweeps() {
    let one = TestServer::start().await;
    if one.home().is_embedded() {
        return;
    }
    aviary_tests::eventually("it sweeps", || one.count("leases") == 2).await;
    let _media_of_both = one.another_node().await.stop().await;
    let elsewhere = one.on_store(|store| async move {
        let life = std::time::Duration::from_secs(1);
        store.leases.acquire(SITE_LEASE, "the account other, folder aviary", life).await
    });
    assert!(!elsewhere.await.expect("an answer"), "the files may move although a server runs");
}
