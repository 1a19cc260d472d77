//! Playlists: making, showing, filling, changing, deleting.

use aviary_tests::check::{assert_playlist, ids, texts};
use aviary_tests::{TestServer, code};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_playlist_is_made_empty_in_json_or_a_form() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let playlist = ada.post("/playlist", &json!({ "name": " Best ", "description": "of all" })).await.ok(201);
    assert_playlist(&playlist);
    assert_eq!((&playlist["name"], &playlist["description"]), (&json!("Best"), &json!("of all")));
    assert_eq!(
        (&playlist["videos"], &playlist["totalVideos"], &playlist["totalViews"]),
        (&json!([]), &json!(0), &json!(0))
    );
    assert_eq!(playlist["owner"]["_id"], ada.id);
    ada.urlencoded(Method::POST, "/playlist", &[("name", "Form"), ("description", "x")]).await.ok(201);
    ada.post("/playlist", &json!({})).await.fails_on(&["name"]);
    ada.post("/playlist", &json!({ "name": "x".repeat(151), "description": "x".repeat(5001) }))
        .await
        .fails_on(&["name", "description"]);
    assert_eq!(server.count("playlists"), 2);
}

#[tokio::test]
async fn videos_keep_the_order_of_adding() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let mut videos = vec![];
    for title in ["c", "a", "b"] {
        videos.push(server.video(&bob, title).await);
    }
    server.guest().get(&format!("/videos/{}", videos[1])).await.ok(200);
    let playlist = ada.playlist("mix").await;
    for video in &videos {
        ada.add(video, &playlist).await;
    }
    let shown = ada.add(&videos[0], &playlist).await;
    assert_playlist(&shown);
    assert_eq!(ids(&shown["videos"]), videos, "adding again keeps the place");
    assert_eq!((&shown["totalVideos"], &shown["totalViews"]), (&json!(3), &json!(1)));

    let remove = format!("/playlist/remove/{}/{playlist}", videos[0]);
    let shown = ada.nudge(&remove).await.ok(200);
    assert_playlist(&shown);
    assert_eq!(ids(&shown["videos"]), videos[1..]);
    assert_eq!(ids(&ada.nudge(&remove).await.ok(200)["videos"]), videos[1..], "removing again is no error");
    let shown = ada.add(&videos[0], &playlist).await;
    assert_eq!(ids(&shown["videos"]), [videos[1].clone(), videos[2].clone(), videos[0].clone()]);
    let fetched = server.guest().get(&format!("/playlist/{playlist}")).await.ok(200);
    assert_eq!(fetched, shown);
    server.is_consistent().await;
}

#[tokio::test]
async fn a_video_is_in_many_playlists_and_they_are_listed_newest_first() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&bob, "film").await;
    for name in ["one", "two", "three"] {
        let playlist = ada.playlist(name).await;
        ada.add(&video, &playlist).await;
    }
    let lists = server.guest().get(&format!("/playlist/user/{}", ada.id)).await.ok(200);
    lists.as_array().unwrap().iter().for_each(assert_playlist);
    assert_eq!(texts(&lists, "name"), ["three", "two", "one"]);
    assert!(lists.as_array().unwrap().iter().all(|list| list["totalVideos"] == 1 && list["videos"][0]["_id"] == video));
    assert_eq!(server.guest().get(&format!("/playlist/user/{}", bob.id)).await.ok(200), json!([]));
}

#[tokio::test]
async fn the_videos_of_a_long_playlist_are_walked_in_order() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let playlist = ada.playlist("long").await;
    let mut videos = vec![];
    for n in 0..12 {
        videos.push(server.video(&ada, &format!("part {n}")).await);
        ada.add(&videos[n], &playlist).await;
    }
    let lists = ada.get(&format!("/playlist/user/{}", ada.id)).await.ok(200);
    assert_eq!(ids(&lists[0]["videos"]), videos, "a list of playlists shows up to a hundred of each");
    assert_eq!(lists[0]["totalVideos"], 12);
    let (mut walked, mut path) = (vec![], format!("/playlist/{playlist}?limit=5"));
    loop {
        let reply = ada.get(&path).await;
        let shown = reply.ok(200);
        assert_eq!(shown["totalVideos"], 12, "{path}");
        walked.extend(ids(&shown["videos"]));
        match reply.header("x-next-cursor") {
            "" => break,
            cursor => path = format!("/playlist/{playlist}?limit=5&cursor={cursor}"),
        }
    }
    assert_eq!(walked, videos);
    assert_eq!(ids(&ada.get(&format!("/playlist/{playlist}?limit=5&page=3")).await.ok(200)["videos"]), videos[10..]);
}

#[tokio::test]
async fn an_owner_changes_name_and_description() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let path = format!("/playlist/{}", ada.playlist("old").await);
    let playlist = ada.patch(&path, &json!({ "name": "new" })).await.ok(200);
    assert_playlist(&playlist);
    assert_eq!((&playlist["name"], &playlist["description"]), (&json!("new"), &json!("")));
    let playlist = ada.urlencoded(Method::PATCH, &path, &[("description", "about")]).await.ok(200);
    assert_eq!((&playlist["name"], &playlist["description"]), (&json!("new"), &json!("about")));
    ada.patch(&path, &json!({})).await.fails(400, code::INVALID);
    ada.patch(&path, &json!({ "name": " " })).await.fails_on(&["name"]);
}

#[tokio::test]
async fn only_its_owner_changes_fills_or_deletes_a_playlist() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&bob, "film").await;
    let playlist = ada.playlist("mine").await;
    let path = format!("/playlist/{playlist}");
    bob.patch(&path, &json!({ "name": "his" })).await.fails(403, code::FORBIDDEN);
    bob.nudge(&format!("/playlist/add/{video}/{playlist}")).await.fails(403, code::FORBIDDEN);
    bob.nudge(&format!("/playlist/remove/{video}/{playlist}")).await.fails(403, code::FORBIDDEN);
    bob.delete(&path).await.fails(403, code::FORBIDDEN);
    let shown = bob.get(&path).await.ok(200);
    assert_eq!((&shown["name"], &shown["totalVideos"]), (&json!("mine"), &json!(0)));
}

#[tokio::test]
async fn a_deleted_playlist_leaves_its_videos() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    let playlist = ada.playlist("gone").await;
    ada.add(&video, &playlist).await;
    let path = format!("/playlist/{playlist}");
    assert_eq!(ada.delete(&path).await.ok(200), json!({}));
    ada.delete(&path).await.fails(404, code::PLAYLIST_NOT_FOUND);
    ada.get(&path).await.fails(404, code::PLAYLIST_NOT_FOUND);
    ada.nudge(&format!("/playlist/add/{video}/{playlist}")).await.fails(404, code::PLAYLIST_NOT_FOUND);
    assert_eq!(server.guest().get(&format!("/videos/{video}")).await.status, 200);
    assert_eq!(server.count("playlist_videos"), 0);
}

#[tokio::test]
async fn an_entry_needs_a_video_that_its_owner_can_see() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let hidden = server.video(&bob, "hidden").await;
    bob.toggle_published(&hidden).await;
    let own = server.video(&ada, "own").await;
    ada.toggle_published(&own).await;
    let playlist = ada.playlist("mix").await;
    for video in [hidden.as_str(), "0123456789abcdef01234567"] {
        ada.nudge(&format!("/playlist/add/{video}/{playlist}")).await.fails(404, code::VIDEO_NOT_FOUND);
    }
    assert_eq!(ada.add(&own, &playlist).await["totalVideos"], 1);
    assert_eq!(bob.get(&format!("/playlist/{playlist}")).await.ok(200)["totalVideos"], 0);
}
