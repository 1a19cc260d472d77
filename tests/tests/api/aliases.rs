//! What older clients say: paths and field names that have others now.

use aviary_tests::check::{assert_playlist, assert_user, ids};
use aviary_tests::people::PASSWORD;
use aviary_tests::{TestServer, code, form, samples};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn old_paths_for_pictures_work() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let mut last = ada.get("/users/current-user").await.ok(200);
    for (path, field, shown) in [
        ("/users/update-avatar", "avatar", "avatar"),
        ("/users/update-cover-image", "coverImage", "coverImage"),
        ("/users/update-cover", "cover-image", "coverImage"),
        ("/users/cover-image", "cover", "coverImage"),
    ] {
        let form = form().file(field, "x.png", "image/png", samples::png());
        let user = ada.multipart(Method::PATCH, path, form).await.ok(200);
        assert_user(&user);
        assert_ne!(user[shown], last[shown], "{path}");
        last = user;
    }
    server.guest().nudge("/users/update-avatar").await.fails(401, code::MISSING_TOKEN);
}

#[tokio::test]
async fn old_names_of_the_cover_work_when_registering() {
    let server = TestServer::start().await;
    for (name, field) in [("ada", "cover-image"), ("bob", "cover")] {
        let form = form()
            .text("fullname", "Somebody")
            .text("email", &format!("{name}@example.org"))
            .text("username", name)
            .text("password", PASSWORD)
            .file("avatar", "a.png", "image/png", samples::png())
            .file(field, "c.png", "image/png", samples::png());
        assert_ne!(server.guest().multipart(Method::POST, "/users/register", form).await.ok(201)["coverImage"], "");
    }
    server.keeps_files(4).await;
}

#[tokio::test]
async fn old_paths_of_lists_answer_like_the_new_ones() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    for person in [&ada, &bob] {
        person.get(&format!("/videos/{video}")).await.ok(200);
        person.tweet("hello").await;
    }
    bob.put(&format!("/subscriptions/c/{}", ada.id)).await.ok(200);
    for (old, new) in [
        ("/users/watch-history".to_owned(), "/users/history".to_owned()),
        (format!("/subscriptions/c/{}/subscribers", ada.id), format!("/subscriptions/c/{}", ada.id)),
        (format!("/subscriptions/u/{}/channels", bob.id), format!("/subscriptions/u/{}", bob.id)),
        ("/tweets/user".to_owned(), format!("/tweets/user/{}", bob.id)),
    ] {
        let (old, new) = (bob.get(&old).await.ok(200), bob.get(&new).await.ok(200));
        assert_eq!(ids(&old).len(), 1);
        assert_eq!(old, new);
    }
    for path in ["/users/watch-history", "/tweets/user"] {
        server.guest().get(path).await.fails(401, code::MISSING_TOKEN);
    }
    server.guest().get("/subscriptions/c/nonsense/subscribers").await.fails(400, code::INVALID_ID);
}

#[tokio::test]
async fn playlists_in_the_plural_work() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    let made = ada.post("/playlists", &json!({ "name": "mix", "description": "" })).await.ok(201);
    assert_playlist(&made);
    let path = format!("/playlists/{}", made["_id"].as_str().unwrap());
    let add = format!("/playlists/add/{video}/{}", made["_id"].as_str().unwrap());
    assert_eq!(ada.nudge(&add).await.ok(200)["totalVideos"], 1);
    assert_eq!(ada.nudge(&add.replace("/add/", "/remove/")).await.ok(200)["totalVideos"], 0);
    assert_eq!(ada.patch(&path, &json!({ "name": "new" })).await.ok(200)["name"], "new");
    assert_eq!(server.guest().get(&path).await.ok(200)["name"], "new");
    assert_eq!(ids(&server.guest().get(&format!("/playlists/user/{}", ada.id)).await.ok(200)).len(), 1);
    ada.delete(&path).await.ok(200);
    ada.get(&path).await.fails(404, code::PLAYLIST_NOT_FOUND);
}
