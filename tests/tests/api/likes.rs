//! Likes of videos, comments and tweets: toggling, putting, taking back, listing.

use aviary_tests::check::{assert_video, ids};
use aviary_tests::{Person, TestServer, assert_fields, assert_id, assert_time, code};
use reqwest::Method;
use serde_json::{Value, json};

/// One thing of each kind that can be liked: `v/…`, `c/…`, `t/…`.
async fn targets(server: &TestServer, ada: &Person) -> [String; 3] {
    let video = server.video(ada, "film").await;
    let comment = ada.comment(&video, "comment").await;
    [format!("v/{video}"), format!("c/{comment}"), format!("t/{}", ada.tweet("tweet").await)]
}

#[track_caller]
fn stands(state: &Value, liked: bool, count: u64) {
    assert_eq!(state, &json!({ "isLiked": liked, "liked": liked, "likesCount": count }));
}

#[tokio::test]
async fn a_like_toggles_on_and_off() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for target in targets(&server, &ada).await {
        let toggle = format!("/likes/toggle/{target}");
        stands(&bob.push(&toggle).await.ok(200), true, 1);
        stands(&ada.push(&toggle).await.ok(200), true, 2);
        stands(&bob.push(&toggle).await.ok(200), false, 1);
        stands(&ada.push(&toggle).await.ok(200), false, 0);
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn putting_and_taking_back_are_idempotent() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for target in targets(&server, &ada).await {
        let path = format!("/likes/{target}");
        stands(&bob.delete(&path).await.ok(200), false, 0);
        stands(&bob.put(&path).await.ok(200), true, 1);
        stands(&bob.put(&path).await.ok(200), true, 1);
        stands(&ada.put(&path).await.ok(200), true, 2);
        stands(&bob.delete(&path).await.ok(200), false, 1);
        stands(&bob.delete(&path).await.ok(200), false, 1);
    }
    assert_eq!(server.count("likes"), 3);
    server.is_consistent().await;
}

#[tokio::test]
async fn a_like_may_carry_a_note_in_every_form_of_body() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let toggle = format!("/likes/toggle/v/{video}");
    let note = json!({ "description": "so good", "inviterId": ada.id });
    stands(&bob.post(&toggle, &note).await.ok(200), true, 1);
    let likes = bob.get("/likes/videos").await.ok(200);
    let like = &likes[0];
    assert_fields(like, &["_id", "likedBy", "createdAt", "video", "description", "inviterId"]);
    assert_eq!((&like["description"], &like["inviterId"]), (&json!("so good"), &json!(ada.id)));
    stands(&bob.urlencoded(Method::POST, &toggle, &[("description", "")]).await.ok(200), false, 0);
    stands(&bob.urlencoded(Method::POST, &toggle, &[("description", "form")]).await.ok(200), true, 1);
    assert_eq!(bob.get("/likes/videos").await.ok(200)[0]["description"], "form");
    let put = format!("/likes/v/{video}");
    stands(&bob.json(Method::PUT, &put, &json!({})).await.ok(200), true, 1);
    stands(&bob.urlencoded(Method::PUT, &put, &[("description", "late")]).await.ok(200), true, 1);
    assert_eq!(bob.get("/likes/videos").await.ok(200)[0]["description"], "form", "putting again changes nothing");
}

#[tokio::test]
async fn bad_notes_are_named_and_nothing_is_liked() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let bad = json!({ "description": "x".repeat(501), "inviterId": "me" });
    for target in targets(&server, &ada).await {
        ada.post(&format!("/likes/toggle/{target}"), &bad).await.fails_on(&["description", "inviterId"]);
        ada.json(Method::PUT, &format!("/likes/{target}"), &bad).await.fails_on(&["description", "inviterId"]);
        ada.json(Method::POST, &format!("/likes/toggle/{target}"), &json!([1, 2])).await.is_refused();
    }
    assert_eq!(server.count("likes"), 0);
}

#[tokio::test]
async fn liked_videos_are_listed_latest_like_first() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    assert_eq!(bob.get("/likes/videos").await.ok(200), json!([]));
    let first = server.video(&ada, "first").await;
    let second = server.video(&ada, "second").await;
    let comment = ada.comment(&first, "comment").await;
    for target in [format!("v/{second}"), format!("v/{first}"), format!("c/{comment}")] {
        bob.put(&format!("/likes/{target}")).await.ok(200);
    }
    ada.put(&format!("/likes/v/{second}")).await.ok(200);
    let reply = bob.get("/likes/videos").await;
    let likes = reply.ok(200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let videos: Vec<Value> = likes.as_array().unwrap().iter().map(|like| like["video"].clone()).collect();
    assert_eq!(ids(&Value::from(videos)), [first, second]);
    for like in likes.as_array().unwrap() {
        assert_fields(like, &["_id", "likedBy", "createdAt", "video"]);
        assert_id(&like["_id"]);
        assert_time(&like["createdAt"]);
        assert_eq!(like["likedBy"], bob.id);
        assert_video(&like["video"]);
    }
    assert_eq!((&likes[0]["video"]["likesCount"], &likes[1]["video"]["likesCount"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_liked() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let absent = "0123456789abcdef01234567";
    for (kind, code) in [("v", code::VIDEO_NOT_FOUND), ("c", code::COMMENT_NOT_FOUND), ("t", code::TWEET_NOT_FOUND)] {
        ada.push(&format!("/likes/toggle/{kind}/{absent}")).await.fails(404, code);
        ada.put(&format!("/likes/{kind}/{absent}")).await.fails(404, code);
        ada.delete(&format!("/likes/{kind}/{absent}")).await.fails(404, code);
    }
    // Ids of one kind are nothing to another.
    let tweet = ada.tweet("tweet").await;
    ada.put(&format!("/likes/v/{tweet}")).await.fails(404, code::VIDEO_NOT_FOUND);
    assert_eq!(server.count("likes"), 0);
}
