//! Watch history: one entry a video, latest watched first, forgotten when asked.

use aviary_tests::check::{VIDEO, ids};
use aviary_tests::{Person, TestServer, assert_fields, assert_time, code};
use serde_json::json;

/// Watches a video, a moment later than whatever was watched before.
async fn watch(person: &Person, video: &str) {
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    person.get(&format!("/videos/{video}")).await.ok(200);
}

#[tokio::test]
async fn the_latest_watched_comes_first_and_every_video_once() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    assert_eq!(bob.get("/users/history").await.ok(200), json!([]));
    let mut videos = vec![];
    for title in ["a", "b", "c"] {
        videos.push(server.video(&ada, title).await);
        watch(&bob, videos.last().unwrap()).await;
    }
    let reply = bob.get("/users/history").await;
    let history = reply.ok(200);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(ids(&history), [videos[2].clone(), videos[1].clone(), videos[0].clone()]);
    for entry in history.as_array().unwrap() {
        assert_fields(entry, &[&VIDEO[..], &["watchedAt"]].concat());
        assert_time(&entry["watchedAt"]);
    }
    watch(&bob, &videos[0]).await;
    assert_eq!(
        ids(&bob.get("/users/history").await.ok(200)),
        [videos[0].clone(), videos[2].clone(), videos[1].clone()]
    );
    assert_eq!(ada.get("/users/history").await.ok(200), json!([]), "everybody has their own");
}

#[tokio::test]
async fn guests_leave_no_history() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    server.guest().get(&format!("/videos/{video}")).await.ok(200);
    assert_eq!(server.count("history"), 0);
}

#[tokio::test]
async fn one_video_or_all_are_forgotten() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let (first, second) = (server.video(&ada, "first").await, server.video(&ada, "second").await);
    for person in [&ada, &bob] {
        watch(person, &first).await;
        watch(person, &second).await;
    }
    let one = format!("/users/history/{first}");
    assert_eq!(bob.delete(&one).await.ok(200), json!({}));
    assert_eq!(bob.delete(&one).await.ok(200), json!({}), "forgetting twice is no error");
    assert_eq!(ids(&bob.get("/users/history").await.ok(200)), [second]);
    assert_eq!(bob.delete("/users/history").await.ok(200), json!({}));
    assert_eq!(bob.delete("/users/history").await.ok(200), json!({}));
    assert_eq!(bob.get("/users/history").await.ok(200), json!([]));
    assert_eq!(ids(&ada.get("/users/history").await.ok(200)).len(), 2);
    bob.delete("/users/history/nonsense").await.fails(400, code::INVALID_ID);
    // A view stays a view.
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalViews"], 2);
}
