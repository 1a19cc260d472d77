//! The dashboard: a channel's own numbers and videos.

use aviary_tests::check::{assert_video, ids};
use aviary_tests::{TestServer, assert_fields};
use serde_json::json;

const STATS: [&str; 6] =
    ["totalSubscribers", "totalVideos", "totalViews", "totalLikes", "totalComments", "totalTweets"];

#[tokio::test]
async fn the_numbers_tell_what_was_received() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let empty = ada.get("/dashboard/stats").await.ok(200);
    assert_fields(&empty, &STATS);
    assert!(empty.as_object().unwrap().values().all(|count| count == 0), "{empty}");

    let video = server.video(&ada, "film").await;
    let hidden = server.video(&ada, "hidden").await;
    let bobs = server.video(&bob, "bob's").await;
    ada.toggle_published(&hidden).await;
    bob.get(&format!("/videos/{video}")).await.ok(200);
    server.guest().get(&format!("/videos/{video}")).await.ok(200);
    bob.put(&format!("/subscriptions/c/{}", ada.id)).await.ok(200);
    bob.put(&format!("/likes/v/{video}")).await.ok(200);
    bob.comment(&video, "one").await;
    // Received on somebody else's video: the like counts for her, the comment for its video's owner.
    let comment = ada.comment(&bobs, "two").await;
    bob.put(&format!("/likes/c/{comment}")).await.ok(200);
    let tweet = ada.tweet("three").await;
    bob.put(&format!("/likes/t/{tweet}")).await.ok(200);
    // Given, not received.
    ada.put(&format!("/likes/v/{bobs}")).await.ok(200);

    let reply = ada.get("/dashboard/stats").await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let numbers = json!({
        "totalSubscribers": 1, "totalVideos": 2, "totalViews": 2, "totalLikes": 3, "totalComments": 1, "totalTweets": 1,
    });
    assert_eq!(reply.ok(200), numbers);
    let numbers = json!({
        "totalSubscribers": 0, "totalVideos": 1, "totalViews": 0, "totalLikes": 1, "totalComments": 1, "totalTweets": 0,
    });
    assert_eq!(bob.get("/dashboard/stats").await.ok(200), numbers);
    server.is_consistent().await;
}

#[tokio::test]
async fn own_videos_are_listed_newest_first_unpublished_too() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    assert_eq!(ada.get("/dashboard/videos").await.ok(200), json!([]));
    let first = server.video(&ada, "first").await;
    let second = server.video(&ada, "second").await;
    server.video(&bob, "other").await;
    ada.toggle_published(&first).await;
    let reply = ada.get("/dashboard/videos").await;
    let videos = reply.ok(200);
    assert_eq!(reply.header("cache-control"), "no-store");
    videos.as_array().unwrap().iter().for_each(assert_video);
    assert_eq!(ids(&videos), [second, first]);
    assert_eq!((&videos[0]["isPublished"], &videos[1]["isPublished"]), (&json!(true), &json!(false)));
}
