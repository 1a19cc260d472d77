//! Comments: writing, listing, changing, deleting.

use aviary_tests::check::{PAGE, assert_comment, ids};
use aviary_tests::{TestServer, assert_fields, code};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_comment_is_written_and_counted() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let path = format!("/comments/{video}");
    let comment = bob.post(&path, &json!({ "content": " nice\nfilm 🎉 " })).await.ok(201);
    assert_comment(&comment);
    assert_eq!((&comment["content"], &comment["video"]), (&json!("nice\nfilm 🎉"), &json!(video)));
    assert_eq!((&comment["owner"]["_id"], &comment["isLiked"]), (&json!(bob.id), &json!(false)));
    bob.urlencoded(Method::POST, &path, &[("content", "again")]).await.ok(201);
    assert_eq!(ada.get(&format!("/videos/{video}")).await.ok(200)["commentsCount"], 2);
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalComments"], 2);
    server.is_consistent().await;
}

#[tokio::test]
async fn a_comment_has_1_to_5000_characters() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let path = format!("/comments/{}", server.video(&ada, "film").await);
    for content in [json!({}), json!({ "content": " " }), json!({ "content": "x".repeat(5001) })] {
        ada.post(&path, &content).await.fails_on(&["content"]);
    }
    ada.post(&path, &json!({ "content": "é".repeat(5000) })).await.ok(201);
    assert_eq!(server.count("comments"), 1);
}

#[tokio::test]
async fn comments_are_a_page_newest_first() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let other = server.video(&ada, "other").await;
    let path = format!("/comments/{video}");
    let empty = server.guest().get(&path).await.ok(200);
    assert_eq!((&empty["docs"], &empty["totalDocs"]), (&json!([]), &json!(0)));
    let mut written = vec![];
    for n in 0..4 {
        written.insert(0, bob.comment(&video, &format!("comment {n}")).await);
    }
    ada.comment(&other, "elsewhere").await;
    ada.put(&format!("/likes/c/{}", written[1])).await.ok(200);
    let page = ada.get(&path).await.ok(200);
    assert_fields(&page, &PAGE);
    page["docs"].as_array().unwrap().iter().for_each(assert_comment);
    assert_eq!((ids(&page["docs"]), &page["totalDocs"]), (written, &json!(4)));
    assert_eq!((&page["docs"][1]["isLiked"], &page["docs"][1]["likesCount"]), (&json!(true), &json!(1)));
    assert_eq!(page["docs"][0]["isLiked"], false);
    let guests = server.guest().get(&path).await.ok(200);
    assert_eq!((&guests["docs"][1]["isLiked"], &guests["docs"][1]["likesCount"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn its_author_alone_changes_a_comment() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let path = format!("/comments/c/{}", bob.comment(&video, "first").await);
    let comment = bob.patch(&path, &json!({ "content": "second" })).await.ok(200);
    assert_comment(&comment);
    assert_eq!(comment["content"], "second");
    bob.urlencoded(Method::PATCH, &path, &[("content", "third")]).await.ok(200);
    bob.patch(&path, &json!({ "content": " " })).await.fails_on(&["content"]);
    // Not even the owner of the video puts words into somebody's mouth.
    ada.patch(&path, &json!({ "content": "mine" })).await.fails(403, code::FORBIDDEN);
    assert_eq!(ada.get(&format!("/comments/{video}")).await.ok(200)["docs"][0]["content"], "third");
}

#[tokio::test]
async fn its_author_and_the_owner_of_the_video_delete_a_comment() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    let video = server.video(&ada, "film").await;
    let own = format!("/comments/c/{}", bob.comment(&video, "regretted").await);
    let rude = format!("/comments/c/{}", bob.comment(&video, "rude").await);
    eve.delete(&own).await.fails(403, code::FORBIDDEN);
    assert_eq!(bob.delete(&own).await.ok(200), json!({}));
    assert_eq!(ada.delete(&rude).await.ok(200), json!({}));
    for path in [&own, &rude] {
        bob.delete(path).await.fails(404, code::COMMENT_NOT_FOUND);
        bob.patch(path, &json!({ "content": "x" })).await.fails(404, code::COMMENT_NOT_FOUND);
    }
    assert_eq!(ada.get(&format!("/videos/{video}")).await.ok(200)["commentsCount"], 0);
    assert_eq!(ada.get(&format!("/comments/{video}")).await.ok(200)["totalDocs"], 0);
}

#[tokio::test]
async fn a_deleted_comment_takes_its_likes_along() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let comment = bob.comment(&video, "liked").await;
    ada.put(&format!("/likes/c/{comment}")).await.ok(200);
    assert_eq!(bob.get("/dashboard/stats").await.ok(200)["totalLikes"], 1);
    bob.delete(&format!("/comments/c/{comment}")).await.ok(200);
    assert_eq!(bob.get("/dashboard/stats").await.ok(200)["totalLikes"], 0);
    server.settled().await;
    assert_eq!(server.count("likes"), 0);
    server.is_consistent().await;
}
