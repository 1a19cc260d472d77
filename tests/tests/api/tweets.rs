//! Tweets: writing, listing, changing, deleting.

use aviary_tests::check::{PAGE, assert_tweet, ids};
use aviary_tests::{TestServer, assert_fields, code};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_tweet_is_written_in_json_or_a_form() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let tweet = ada.post("/tweets", &json!({ "content": "  hello 🌍\nשלום  " })).await.ok(201);
    assert_tweet(&tweet);
    assert_eq!(tweet["content"], "hello 🌍\nשלום");
    assert_eq!((&tweet["likesCount"], &tweet["isLiked"]), (&json!(0), &json!(false)));
    assert_eq!(tweet["owner"]["_id"], ada.id);
    let tweet = ada.urlencoded(Method::POST, "/tweets", &[("content", "a & b = c")]).await.ok(201);
    assert_eq!(tweet["content"], "a & b = c");
}

#[tokio::test]
async fn a_tweet_has_1_to_1000_characters() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let longest = "🎉".repeat(1000);
    assert_eq!(ada.post("/tweets", &json!({ "content": longest })).await.ok(201)["content"], longest);
    for content in [
        json!({}),
        json!({ "content": " \n " }),
        json!({ "content": "x".repeat(1001) }),
        json!({ "content": "a\u{0}b" }),
    ] {
        ada.post("/tweets", &content).await.fails_on(&["content"]);
    }
    for content in [json!({ "content": 7 }), json!({ "content": ["x"] }), json!({ "content": { "$gt": "" } })] {
        ada.post("/tweets", &content).await.is_refused();
    }
    assert_eq!(server.count("tweets"), 1);
}

#[tokio::test]
async fn everybody_sees_everybodys_tweets_newest_first() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let mut written = vec![];
    for n in 0..3 {
        written.insert(0, ada.tweet(&format!("ada {n}")).await);
        written.insert(0, bob.tweet(&format!("bob {n}")).await);
    }
    bob.put(&format!("/likes/t/{}", written[0])).await.ok(200);
    let page = server.guest().get("/tweets").await.ok(200);
    assert_fields(&page, &PAGE);
    page["docs"].as_array().unwrap().iter().for_each(assert_tweet);
    assert_eq!((ids(&page["docs"]), &page["totalDocs"]), (written, &json!(6)));
    assert_eq!((&page["docs"][0]["likesCount"], &page["docs"][0]["isLiked"]), (&json!(1), &json!(false)));
    assert_eq!(bob.get("/tweets").await.ok(200)["docs"][0]["isLiked"], true);
    assert_eq!(bob.get("/tweets").await.ok(200)["docs"][1]["isLiked"], false);
}

#[tokio::test]
async fn one_users_tweets_are_an_array() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let first = ada.tweet("first").await;
    let second = ada.tweet("second").await;
    bob.tweet("other").await;
    bob.put(&format!("/likes/t/{first}")).await.ok(200);
    let path = format!("/tweets/user/{}", ada.id);
    let list = bob.get(&path).await.ok(200);
    list.as_array().unwrap().iter().for_each(assert_tweet);
    assert_eq!(ids(&list), [second, first]);
    assert_eq!((&list[0]["isLiked"], &list[1]["isLiked"]), (&json!(false), &json!(true)));
    assert_eq!(server.guest().get(&path).await.ok(200)[1]["isLiked"], false);
    let quiet = server.person("quiet").await;
    assert_eq!(ada.get(&format!("/tweets/user/{}", quiet.id)).await.ok(200), json!([]));
}

#[tokio::test]
async fn its_author_changes_a_tweet_and_nobody_else() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let path = format!("/tweets/{}", ada.tweet("first").await);
    let tweet = ada.patch(&path, &json!({ "content": "second" })).await.ok(200);
    assert_tweet(&tweet);
    assert_eq!(tweet["content"], "second");
    let tweet = ada.urlencoded(Method::PATCH, &path, &[("content", "third")]).await.ok(200);
    assert_eq!(tweet["content"], "third");
    ada.patch(&path, &json!({ "content": "" })).await.fails_on(&["content"]);
    bob.patch(&path, &json!({ "content": "mine" })).await.fails(403, code::FORBIDDEN);
    bob.delete(&path).await.fails(403, code::FORBIDDEN);
    assert_eq!(ada.get("/tweets").await.ok(200)["docs"][0], tweet);
}

#[tokio::test]
async fn a_deleted_tweet_takes_its_likes_along() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let tweet = ada.tweet("gone soon").await;
    bob.put(&format!("/likes/t/{tweet}")).await.ok(200);
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalLikes"], 1);
    let path = format!("/tweets/{tweet}");
    assert_eq!(ada.delete(&path).await.ok(200), json!({}));
    ada.delete(&path).await.fails(404, code::TWEET_NOT_FOUND);
    bob.push(&format!("/likes/toggle/t/{tweet}")).await.fails(404, code::TWEET_NOT_FOUND);
    let stats = ada.get("/dashboard/stats").await.ok(200);
    assert_eq!((&stats["totalLikes"], &stats["totalTweets"]), (&json!(0), &json!(0)));
    assert_eq!(ada.get("/tweets").await.ok(200)["totalDocs"], 0);
    server.settled().await;
    assert_eq!(server.count("likes"), 0);
    server.is_consistent().await;
}
