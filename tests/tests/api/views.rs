//! Views: one a viewer and window, told at once, never the owner's.

use std::time::Duration;

use aviary_tests::{Caller, TestServer};

async fn views(caller: &Caller, video: &str) -> u64 {
    caller.get(&format!("/videos/{video}")).await.ok(200)["views"].as_u64().unwrap()
}

#[tokio::test]
async fn a_viewer_counts_once_in_a_window_and_the_answer_knows_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    assert_eq!(views(&bob, &video).await, 1);
    assert_eq!(views(&bob, &video).await, 1);
    // The same person on another device.
    assert_eq!(views(&*server.sign_in("bob").await, &video).await, 1);
    assert_eq!(server.guest().get("/videos").await.ok(200)["docs"][0]["views"], 1);
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalViews"], 1);
    server.is_consistent().await;
}

#[tokio::test]
async fn guests_are_told_apart_by_their_browsers() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    let (firefox, chrome) = (server.guest().with_agent("Firefox/1"), server.guest().with_agent("Chrome/1"));
    assert_eq!(views(&firefox, &video).await, 1);
    assert_eq!(views(&firefox, &video).await, 1);
    assert_eq!(views(&chrome, &video).await, 2);
    assert_eq!(views(&server.guest(), &video).await, 3);
    assert_eq!(views(&firefox, &video).await, 3);
}

#[tokio::test]
async fn guests_are_told_apart_by_address_only_where_a_proxy_is_trusted() {
    for (trusted, expected) in [(false, 1), (true, 2)] {
        let server = TestServer::start_with(|settings| settings.trust_proxy = trusted).await;
        let ada = server.person("ada").await;
        let video = server.video(&ada, "film").await;
        for address in ["198.51.100.1", "198.51.100.2"] {
            let guest = server.guest();
            let visit = guest.request(reqwest::Method::GET, &format!("/videos/{video}"));
            guest.send(visit.header("x-forwarded-for", address)).await.ok(200);
        }
        assert_eq!(views(&ada, &video).await, expected);
    }
}

#[tokio::test]
async fn the_owner_does_not_count() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    assert_eq!(views(&ada, &video).await, 0);
    assert_eq!(views(&ada, &video).await, 0);
    assert_eq!(ada.get("/users/history").await.ok(200)[0]["_id"], video);
}

#[tokio::test]
async fn after_the_window_a_viewer_counts_again() {
    let server = TestServer::start_with(|settings| settings.view_window = Duration::from_millis(400)).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    assert_eq!(views(&bob, &video).await, 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(views(&bob, &video).await, 2);
    server.is_consistent().await;
}

#[tokio::test]
async fn looking_at_lists_counts_nothing() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    for path in ["/videos".to_owned(), "/videos?query=film".to_owned(), format!("/comments/{video}")] {
        bob.get(&path).await.ok(200);
    }
    assert_eq!(views(&ada, &video).await, 0);
    // A HEAD fetches no page that somebody could watch, but must be answered like the GET.
    assert_eq!(bob.head(&format!("/videos/{video}")).await.status, 200);
}
