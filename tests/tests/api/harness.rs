//! The checks that the other tests lean on can fail: each is shown something wrong once.

use std::panic::AssertUnwindSafe;

use aviary_tests::{Reply, TestServer, samples};
use futures_util::FutureExt;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

async fn is_consistent(server: &TestServer) -> bool {
    AssertUnwindSafe(server.is_consistent()).catch_unwind().await.is_ok()
}

#[tokio::test]
async fn a_wrong_count_of_any_kind_is_noticed() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    ada.comment(&video, "comment").await;
    ada.tweet("tweet").await;
    let playlist = ada.playlist("mix").await;
    ada.add(&video, &playlist).await;
    assert!(is_consistent(&server).await);
    for counter in [
        "videos.likes_count",
        "videos.comments_count",
        "comments.likes_count",
        "tweets.likes_count",
        "playlists.entries",
        "users.subscribers_count",
        "users.subscriptions_count",
        "users.videos_count",
        "users.published_count",
        "users.tweets_count",
        "users.views_received",
        "users.likes_received",
        "users.comments_received",
        "users.stored_bytes",
        "totals.value",
    ] {
        let (table, column) = counter.split_once('.').unwrap();
        server.home().tamper(table, column, 1);
        assert!(!is_consistent(&server).await, "{counter}");
        server.home().tamper(table, column, -1);
        assert!(is_consistent(&server).await, "{counter} set right");
    }
}

#[tokio::test]
async fn a_file_without_an_owner_and_an_owner_without_its_file_are_noticed() {
    let server = TestServer::start().await;
    server.person("ada").await;
    let stored = server.stored_files().remove(0);
    let orphan = stored.with_file_name("orphan.png");
    std::fs::write(&orphan, samples::png()).unwrap();
    assert!(!is_consistent(&server).await);
    std::fs::remove_file(&orphan).unwrap();
    assert!(is_consistent(&server).await);
    std::fs::remove_file(&stored).unwrap();
    assert!(!is_consistent(&server).await);
}

fn answer(status: u16, body: &Value, headers: &[(&'static str, &'static str)]) -> Reply {
    let mut map = HeaderMap::new();
    let usual = [
        ("content-type", "application/json"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'"),
        ("x-request-id", "1"),
    ];
    for (name, value) in usual.iter().chain(headers) {
        map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Reply { asked: "GET /x".to_owned(), status, headers: map, body: body.to_string().into() }
}

fn passes(reply: Reply) -> bool {
    std::panic::catch_unwind(AssertUnwindSafe(|| reply.checked())).is_ok()
}

#[test]
fn answers_that_break_their_form_are_noticed() {
    let success = json!({ "statusCode": 200, "data": {}, "message": "Done", "success": true });
    let failure = json!({
        "statusCode": 404, "data": null, "message": "Video not found", "success": false, "errors": [],
        "code": "video_not_found", "requestId": "1",
    });
    assert!(passes(answer(200, &success, &[])) && passes(answer(404, &failure, &[])));
    let changed = |form: &Value, field: &str, value: Value| {
        let mut form = form.clone();
        form[field] = value;
        form
    };
    for (field, value) in [
        ("statusCode", json!(201)),
        ("success", json!(false)),
        ("message", json!("")),
        ("extra", json!(1)),
        ("data", json!({ "passwordHash": "x" })),
        ("data", json!([{ "a": "$2b$10$abcdef" }])),
        ("data", json!({ "refreshToken": "x" })),
    ] {
        assert!(!passes(answer(200, &changed(&success, field, value.clone()), &[])), "{field}: {value}");
    }
    for (field, value) in [
        ("statusCode", json!(400)),
        ("data", json!({})),
        ("errors", json!(null)),
        ("errors", json!([{ "field": "x" }])),
        ("code", json!("something_else")),
        ("requestId", json!("2")),
        ("message", json!("UNIQUE constraint failed")),
    ] {
        assert!(!passes(answer(404, &changed(&failure, field, value.clone()), &[])), "{field}: {value}");
    }
    let late = changed(&changed(&failure, "statusCode", json!(429)), "code", json!("too_many_attempts"));
    assert!(!passes(answer(429, &late, &[])) && passes(answer(429, &late, &[("retry-after", "3")])));
    for (name, value) in [
        ("x-content-type-options", "x"),
        ("content-security-policy", "x"),
        ("referrer-policy", "x"),
        ("x-request-id", ""),
    ] {
        assert!(!passes(answer(200, &success, &[(name, value)])), "{name}");
    }
    assert!(!passes(answer(404, &json!("<h1>Not Found</h1>"), &[("content-type", "text/html")])));
}
