//! Where an `Idempotency-Key` is taken, where it is refused and where nobody minds it, as the description says.

use aviary_tests::people::PASSWORD;
use aviary_tests::{Person, Reply, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use super::{KEY, Request, is_new};

#[tokio::test]
async fn a_toggle_takes_no_key_and_says_what_does_instead() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let (comment, tweet) = (ada.comment(&video, "Well said").await, ada.tweet("Good morning").await);
    let rows = server.rows();
    let pairs = [
        (format!("/likes/toggle/v/{video}"), format!("/likes/v/{video}"), "/likes/v/{videoId}"),
        (format!("/likes/toggle/c/{comment}"), format!("/likes/c/{comment}"), "/likes/c/{commentId}"),
        (format!("/likes/toggle/t/{tweet}"), format!("/likes/t/{tweet}"), "/likes/t/{tweetId}"),
        (
            format!("/subscriptions/c/{}", ada.id),
            format!("/subscriptions/c/{}", ada.id),
            "/subscriptions/c/{channelId}",
        ),
    ];
    let keyed =
        async |method: Method, path: &str, key: &str| bob.send(bob.request(method, path).header(KEY, key)).await;
    for (toggle, _, instead) in &pairs {
        let percent = toggle.replacen("/likes/", "/l%69kes/", 1);
        for path in [toggle, &percent, &format!("/{toggle}/")] {
            // One that is not even sound was sent in trust all the same.
            for key in ["k", "two words"] {
                let reply = keyed(Method::POST, path, key).await;
                reply.fails_on(&["Idempotency-Key"]);
                let message = reply.json()["message"].as_str().unwrap_or_default().to_owned();
                assert!(message.contains("PUT and DELETE") && message.contains(instead), "{message}");
            }
        }
    }
    assert_eq!(server.rows(), rows);
    for (toggle, repeatable, _) in &pairs {
        bob.push(toggle).await.ok(200);
        // These need no key, and mind none.
        for _ in 0..2 {
            keyed(Method::DELETE, repeatable, "k").await.ok(200);
        }
        for _ in 0..2 {
            keyed(Method::PUT, repeatable, "two words").await.ok(200);
        }
    }
    assert_eq!(server.count("idempotency_keys"), 0);
    server.is_consistent().await;
}

#[tokio::test]
async fn publishing_takes_no_key_and_says_where_to_look() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let toggle = format!("/videos/toggle/publish/{video}");
    let rows = server.rows();
    let keyed =
        async |who: &Person, path: &str, key: &str| who.send(who.request(Method::PATCH, path).header(KEY, key)).await;
    for path in [&toggle, &toggle.replacen("/publish/", "/publ%69sh/", 1), &format!("/{toggle}/")] {
        for key in ["k", "two words"] {
            let reply = keyed(&ada, path, key).await;
            reply.fails_on(&["Idempotency-Key"]);
            let message = reply.json()["message"].as_str().unwrap_or_default().to_owned();
            assert!(message.contains("isPublished") && !message.contains("PUT"), "{message}");
        }
    }
    keyed(&bob, &toggle, "k").await.fails_on(&["Idempotency-Key"]);
    assert_eq!(server.rows(), rows);
    // Without one it still turns over, and changes of the video mind none.
    assert_eq!(ada.toggle_published(&video).await["isPublished"], false);
    assert_eq!(ada.toggle_published(&video).await["isPublished"], true);
    let edit = ada.request(Method::PATCH, &format!("/videos/{video}")).header(KEY, "two words");
    ada.send(edit.json(&json!({ "title": "Another title" }))).await.ok(200);
    assert_eq!(server.count("idempotency_keys"), 0);
    server.is_consistent().await;
}

#[tokio::test]
async fn sessions_and_changes_mind_no_key() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let keyed = async |method: Method, path: &str, body: Value| -> Reply {
        ada.send(ada.request(method, path).header(KEY, "two words").json(&body)).await
    };
    keyed(Method::POST, "/users/login", json!({ "username": "ada", "password": PASSWORD })).await.ok(200);
    let change = json!({ "oldPassword": PASSWORD, "newPassword": "battery staple horse" });
    keyed(Method::POST, "/users/change-password", change).await.ok(200);
    keyed(Method::PATCH, "/users/update-account", json!({ "fullName": "Countess" })).await.ok(200);
    keyed(Method::POST, "/users/refresh-token", json!({ "refreshToken": ada.refresh })).await.ok(200);
    keyed(Method::POST, "/users/logout", json!({})).await.ok(200);
}

#[tokio::test]
async fn what_is_no_key_is_refused_by_its_name() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for path in ["/tweets", "/playlist", "/videos", "/users/register", "/comments/0123456789abcdef01234567"] {
        let long = "k".repeat(256);
        for key in ["", "\"\"", "two words", "\"open", "k\"k", "\"k\";a=1", "k;a=1", "a,b", "a, b", "é", &long] {
            let body = json!({ "content": "x", "name": "x" });
            Request::json(&ada, path, "tweets", body).send(key).await.fails_on(&["Idempotency-Key"]);
        }
    }
    let twice = ada.request(Method::POST, "/tweets").header(KEY, "a").header(KEY, "b");
    ada.send(twice.json(&json!({ "content": "x" }))).await.fails_on(&["Idempotency-Key"]);
    assert_eq!(server.count("tweets"), 0);
    // Twice the same is no key either: whatever joins headers on the way makes a list of them.
    let twice = ada.request(Method::POST, "/tweets").header(KEY, "a").header(KEY, "a");
    ada.send(twice.json(&json!({ "content": "x" }))).await.fails_on(&["Idempotency-Key"]);
    assert_eq!(server.count("tweets"), 0);
    // Elsewhere nobody asks for it.
    ada.send(ada.request(Method::GET, "/tweets").header(KEY, "two words")).await.ok(200);
    let tweet = Request::json(&ada, "/tweets", "tweets", json!({ "content": "x" }));
    is_new(&tweet.send(&"k".repeat(255)).await);
}

#[tokio::test]
async fn the_description_tells_where_a_key_is_taken() {
    let server = TestServer::start().await;
    let description = server.guest().get("/openapi.json").await.json();
    for path in ["/users/register", "/videos", "/tweets", "/playlist", "/playlists", "/comments/{videoId}"] {
        let operation = &description["paths"][format!("/api/v1{path}")]["post"];
        let parameters = operation["parameters"].as_array().expect("parameters");
        let key = parameters.iter().find(|parameter| parameter["name"] == "Idempotency-Key").expect("the key");
        assert_eq!((&key["in"], &key["required"]), (&json!("header"), &json!(false)), "{path}");
        assert!(operation["responses"]["422"].is_object(), "{path}");
        let of_guests = key["description"].as_str().is_some_and(|text| text.contains("random: a UUID"));
        assert_eq!(of_guests, path == "/users/register", "{path}");
    }
}

/// What may be sent again as it is: a film is taken once with its ticket, a ticket that nobody uses ends by itself, what
/// is processed already is 409, and a call of Cloudinary only has the server look.
const REPEATABLE: [&str; 4] =
    ["/media/direct-upload", "/videos/direct-upload", "/videos/{videoId}/reprocess", "/media/cloudinary/webhook"];

#[tokio::test]
async fn every_post_takes_a_key_or_refuses_it_or_may_be_repeated_or_belongs_to_sessions() {
    let server = TestServer::start().await;
    let description = server.guest().get("/openapi.json").await.json();
    for (path, item) in description["paths"].as_object().expect("paths") {
        if item["post"].is_object() {
            let operation = &item["post"];
            let of_sessions = operation["tags"][0] == "sessions";
            let repeatable = REPEATABLE.iter().any(|known| path.strip_prefix("/api/v1") == Some(known));
            let kinds = [takes(operation), refuses(operation), of_sessions, repeatable];
            assert_eq!(kinds.into_iter().filter(|is| *is).count(), 1, "{path}");
        }
    }
}

#[tokio::test]
async fn every_toggle_says_that_it_refuses_a_key_and_nothing_else_does() {
    let server = TestServer::start().await;
    let description = server.guest().get("/openapi.json").await.json();
    let mut without_repeatable = vec![];
    let mut repeatable = 0;
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let is_toggle = path.contains("/toggle/") || (method == "post" && path.contains("/subscriptions/"));
            assert_eq!(refuses(operation), is_toggle, "{method} {path}");
            if !is_toggle {
                continue;
            }
            let sentence = operation["description"].as_str().unwrap_or_default();
            let Some(instead) = sentence.split('`').find(|part| part.starts_with('/')) else {
                assert!(sentence.contains("`isPublished`"), "{sentence}");
                without_repeatable.push(format!("{method} {path}"));
                continue;
            };
            let instead = &description["paths"][format!("/api/v1{instead}")];
            assert!(instead["put"].is_object() && instead["delete"].is_object(), "{path}");
            repeatable += 1;
        }
    }
    assert_eq!(without_repeatable, ["patch /api/v1/videos/toggle/publish/{videoId}"]);
    assert_eq!(repeatable, 4);
}

fn takes(operation: &Value) -> bool {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key")
}

fn refuses(operation: &Value) -> bool {
    operation["description"].as_str().is_some_and(|text| text.contains("Idempotency-Key"))
}
