//! Subscriptions: toggling, putting, taking back, listing both ways.

use aviary_tests::check::assert_mini;
use aviary_tests::{Person, TestServer, assert_fields, assert_id, assert_time, code};
use serde_json::{Value, json};

#[track_caller]
fn stands(state: &Value, subscribed: bool, count: u64) {
    assert_eq!(state, &json!({ "subscribed": subscribed, "isSubscribed": subscribed, "subscribersCount": count }));
}

fn channel(person: &Person) -> String {
    format!("/subscriptions/c/{}", person.id)
}

#[tokio::test]
async fn a_subscription_toggles_on_and_off() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    stands(&bob.push(&channel(&ada)).await.ok(200), true, 1);
    stands(&eve.push(&channel(&ada)).await.ok(200), true, 2);
    stands(&bob.push(&channel(&ada)).await.ok(200), false, 1);
    assert_eq!(server.guest().get("/users/c/ada").await.ok(200)["subscribersCount"], 1);
    assert_eq!(server.guest().get("/users/c/eve").await.ok(200)["channelsSubscribedToCount"], 1);
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalSubscribers"], 1);
    server.is_consistent().await;
}

#[tokio::test]
async fn putting_and_taking_back_are_idempotent() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    stands(&bob.delete(&channel(&ada)).await.ok(200), false, 0);
    stands(&bob.put(&channel(&ada)).await.ok(200), true, 1);
    stands(&bob.put(&channel(&ada)).await.ok(200), true, 1);
    stands(&bob.delete(&channel(&ada)).await.ok(200), false, 0);
    stands(&bob.delete(&channel(&ada)).await.ok(200), false, 0);
    server.is_consistent().await;
}

#[tokio::test]
async fn nobody_subscribes_to_themselves() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    ada.push(&channel(&ada)).await.fails_on(&["channelId"]);
    ada.put(&channel(&ada)).await.fails_on(&["channelId"]);
    assert_eq!(server.count("subscriptions"), 0);
}

#[tokio::test]
async fn both_ends_are_listed_latest_first() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    bob.put(&channel(&ada)).await.ok(200);
    eve.put(&channel(&ada)).await.ok(200);
    eve.put(&channel(&bob)).await.ok(200);
    let names = |list: &Value, end: &str| -> Vec<String> {
        let entries = list.as_array().unwrap().iter();
        entries
            .map(|entry| {
                assert_fields(entry, &["_id", end, "createdAt"]);
                assert_id(&entry["_id"]);
                assert_time(&entry["createdAt"]);
                assert_mini(&entry[end]);
                entry[end]["username"].as_str().unwrap().to_owned()
            })
            .collect()
    };
    let subscribers = server.guest().get(&channel(&ada)).await.ok(200);
    assert_eq!(names(&subscribers, "subscriber"), ["eve", "bob"]);
    let channels = bob.get(&format!("/subscriptions/u/{}", eve.id)).await.ok(200);
    assert_eq!(names(&channels, "channel"), ["bob", "ada"]);
    assert_eq!(server.guest().get(&channel(&eve)).await.ok(200), json!([]));
    assert_eq!(server.guest().get(&format!("/subscriptions/u/{}", ada.id)).await.ok(200), json!([]));
}

#[tokio::test]
async fn there_are_no_subscriptions_of_or_to_nobody() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let nobody = "/subscriptions/c/0123456789abcdef01234567";
    ada.push(nobody).await.fails(404, code::CHANNEL_NOT_FOUND);
    ada.put(nobody).await.fails(404, code::CHANNEL_NOT_FOUND);
    ada.delete(nobody).await.fails(404, code::CHANNEL_NOT_FOUND);
    ada.get(nobody).await.fails(404, code::CHANNEL_NOT_FOUND);
    ada.get("/subscriptions/u/0123456789abcdef01234567").await.fails(404, code::USER_NOT_FOUND);
}
