//! An unpublished video exists for its owner alone, whatever others had done with it before.

use aviary_tests::check::ids;
use aviary_tests::{Person, TestServer, code};
use serde_json::{Value, json};

/// A video of Ada's that Bob watched, liked, commented, and put into a playlist, as Ada did.
struct Scene {
    server: TestServer,
    ada: Person,
    bob: Person,
    video: String,
    bobs_comment: String,
    bobs_list: String,
    adas_list: String,
}

impl Scene {
    async fn set() -> Self {
        let server = TestServer::start().await;
        let (ada, bob) = (server.person("ada").await, server.person("bob").await);
        let video = server.video(&ada, "secret film").await;
        let bobs_comment = bob.comment(&video, "hello").await;
        let (bobs_list, adas_list) = (bob.playlist("bob's").await, ada.playlist("ada's").await);
        for (person, list) in [(&bob, &bobs_list), (&ada, &adas_list)] {
            person.get(&format!("/videos/{video}")).await.ok(200);
            person.put(&format!("/likes/v/{video}")).await.ok(200);
            person.put(&format!("/likes/c/{bobs_comment}")).await.ok(200);
            person.add(&video, list).await;
        }
        Self { server, ada, bob, video, bobs_comment, bobs_list, adas_list }
    }

    /// Every place where the person can meet the video, and whether it is there.
    async fn sightings(&self, person: &Person) -> Vec<(&'static str, bool)> {
        let videos =
            |likes: Value| likes.as_array().unwrap().iter().map(|like| like["video"].clone()).collect::<Vec<_>>();
        let holds = |list: &Value| ids(list).contains(&self.video);
        let mut seen = vec![];
        seen.push(("by id", person.get(&format!("/videos/{}", self.video)).await.status == 200));
        seen.push(("comments", person.get(&format!("/comments/{}", self.video)).await.status == 200));
        seen.push(("history", holds(&person.get("/users/history").await.ok(200))));
        seen.push(("liked", holds(&videos(person.get("/likes/videos").await.ok(200)).into())));
        for (name, list) in [("bob's playlist", &self.bobs_list), ("ada's playlist", &self.adas_list)] {
            let playlist = person.get(&format!("/playlist/{list}")).await.ok(200);
            assert_eq!(holds(&playlist["videos"]), playlist["totalVideos"] == 1, "{playlist}");
            assert_eq!(holds(&playlist["videos"]), playlist["totalViews"] == 1, "{playlist}");
            seen.push((name, holds(&playlist["videos"])));
        }
        let lists = person.get(&format!("/playlist/user/{}", self.bob.id)).await.ok(200);
        seen.push(("a list of playlists", holds(&lists[0]["videos"]) && lists[0]["totalVideos"] == 1));
        let of_ada = person.get(&format!("/videos?userId={}", self.ada.id)).await.ok(200);
        assert_eq!(holds(&of_ada["docs"]), of_ada["totalDocs"] == 1, "{of_ada}");
        seen.push(("of its owner", holds(&of_ada["docs"])));
        let search = person.get(&format!("/videos?query=secret&userId={}", self.ada.id)).await.ok(200);
        assert_eq!(holds(&search["docs"]), search["totalDocs"] == 1, "{search}");
        seen.push(("search of its owner", holds(&search["docs"])));
        seen
    }

    async fn in_public(&self) -> bool {
        let list = self.server.guest().get("/videos").await.ok(200);
        let search = self.server.guest().get("/videos?query=secret").await.ok(200);
        let shown = ids(&list["docs"]).contains(&self.video);
        assert_eq!(ids(&search["docs"]).contains(&self.video), shown);
        assert_eq!((&list["totalDocs"], &search["totalDocs"]), (&json!(u64::from(shown)), &json!(u64::from(shown))));
        shown
    }
}

#[track_caller]
fn all(sightings: Vec<(&'static str, bool)>, expected: bool) {
    let others: Vec<_> = sightings.into_iter().filter(|(_, seen)| *seen != expected).map(|(place, _)| place).collect();
    assert_eq!(others, Vec::<&str>::new(), "expected {expected} elsewhere too");
}

#[tokio::test]
async fn an_unpublished_video_is_absent_everywhere_but_for_its_owner() {
    let scene = Scene::set().await;
    assert!(scene.in_public().await);
    all(scene.sightings(&scene.bob).await, true);
    all(scene.sightings(&scene.ada).await, true);

    scene.ada.toggle_published(&scene.video).await;
    assert!(!scene.in_public().await);
    all(scene.sightings(&scene.bob).await, false);
    all(scene.sightings(&scene.ada).await, true);

    scene.ada.toggle_published(&scene.video).await;
    assert!(scene.in_public().await);
    all(scene.sightings(&scene.bob).await, true);
    all(scene.sightings(&scene.ada).await, true);
    scene.server.is_consistent().await;
}

#[tokio::test]
async fn nobody_else_can_do_anything_with_an_unpublished_video() {
    let Scene { server, ada, bob, video, bobs_comment, bobs_list, .. } = Scene::set().await;
    ada.toggle_published(&video).await;
    let before = server.rows();
    bob.get(&format!("/videos/{video}")).await.fails(404, code::VIDEO_NOT_FOUND);
    server.guest().get(&format!("/videos/{video}")).await.fails(404, code::VIDEO_NOT_FOUND);
    bob.post(&format!("/comments/{video}"), &json!({ "content": "x" })).await.fails(404, code::VIDEO_NOT_FOUND);
    bob.nudge(&format!("/playlist/add/{video}/{bobs_list}")).await.fails(404, code::VIDEO_NOT_FOUND);
    for (kind, id, code) in [("v", &video, code::VIDEO_NOT_FOUND), ("c", &bobs_comment, code::COMMENT_NOT_FOUND)] {
        bob.push(&format!("/likes/toggle/{kind}/{id}")).await.fails(404, code);
        bob.put(&format!("/likes/{kind}/{id}")).await.fails(404, code);
        bob.delete(&format!("/likes/{kind}/{id}")).await.fails(404, code);
    }
    // Even one's own comment is absent where its video is.
    let path = format!("/comments/c/{bobs_comment}");
    bob.patch(&path, &json!({ "content": "x" })).await.fails(404, code::COMMENT_NOT_FOUND);
    bob.delete(&path).await.fails(404, code::COMMENT_NOT_FOUND);
    assert_eq!(server.rows(), before);
    // Its owner goes on with it as before.
    ada.comment(&video, "note to self").await;
    assert_eq!(ada.delete(&path).await.ok(200), json!({}));
    server.is_consistent().await;
}

#[tokio::test]
async fn an_absent_and_a_hidden_video_are_told_the_same() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let hidden = server.video(&ada, "hidden").await;
    ada.toggle_published(&hidden).await;
    let mut told = vec![];
    for id in [hidden.as_str(), "0123456789abcdef01234567"] {
        let path = format!("/videos/{id}");
        for reply in [bob.get(&path).await, bob.delete(&path).await, bob.patch(&path, &json!({ "title": "x" })).await] {
            let mut failure = reply.fails(404, code::VIDEO_NOT_FOUND);
            failure["requestId"] = Value::Null;
            told.push(failure);
        }
    }
    assert!(told.iter().all(|failure| failure == &told[0]), "{told:?}");
}
