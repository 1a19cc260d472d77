//! From the upload to a video that everybody sees.

use std::time::Duration;

use aviary_tests::check::{assert_own_user, assert_video, assert_video_detail};
use aviary_tests::cloudinary::{Conduct, Plan, Resource, Streaming};
use aviary_tests::{TestServer, code, form, samples};
use reqwest::Method;
use serde_json::json;

use super::{Scene, keep_at, path};

#[tokio::test]
async fn a_film_is_its_owners_until_it_can_be_played() {
    let Some(scene) = Scene::set().await else { return };
    scene.hold_work();
    let bob = scene.server.person("bob").await;
    let video = scene.upload().await;
    assert_video(&video);
    assert_eq!(
        (&video["status"], &video["isPublished"], &video["playbackUrl"]),
        (&json!("processing"), &json!(true), &json!(""))
    );
    assert_eq!(video["bytes"], scene.film.bytes.len());
    assert_video_detail(&scene.own(&video).await);
    for caller in [&*bob, &scene.server.guest()] {
        caller.get(&path(&video)).await.fails(404, code::VIDEO_NOT_FOUND);
        assert_eq!(caller.get("/videos").await.ok(200)["totalDocs"], 0);
        assert_eq!(caller.get("/videos?query=wren").await.ok(200)["totalDocs"], 0);
    }
    bob.push(&format!("/likes/toggle/v/{}", video["_id"].as_str().unwrap())).await.fails(404, code::VIDEO_NOT_FOUND);
    scene.ada.push(&format!("{}/reprocess", path(&video))).await.fails(409, code::VIDEO_NOT_FAILED);

    scene.fake.finish_work();
    let ready = scene.comes_to(&video, "ready").await;
    assert_video_detail(&ready);
    let shown = scene.server.guest().get(&path(&video)).await.ok(200);
    assert_eq!(shown["status"], "ready");
    assert_eq!(scene.server.guest().get("/videos?query=wren").await.ok(200)["totalDocs"], 1);
    let (status, bytes) = scene.fetch(&shown["videoFile"]).await;
    assert!(status == 200 && bytes == scene.film.bytes, "{status}");
    let (status, still) = scene.fetch(&shown["thumbnail"]).await;
    assert!(status == 200 && image::load_from_memory(&still).is_ok(), "{status}");
    assert!(shown["playbackUrl"].as_str().unwrap().contains("/sp_auto/v"), "{shown}");
    let (status, playlist) = scene.fetch(&shown["playbackUrl"]).await;
    assert!(status == 200 && playlist.starts_with(b"#EXTM3U"), "{status}");
    // An avatar each, and the film; the still is made from it.
    scene.holds(3).await;
    assert_eq!(scene.film_there().streaming, Streaming::Made);
}

#[tokio::test]
async fn what_no_call_tells_is_asked_for() {
    let Some(scene) = Scene::set().await else { return };
    scene.fake.conduct(Conduct { lost: 1.0, ..Conduct::default() });
    scene.end_work_after(Duration::ZERO);
    let video = scene.upload().await;
    scene.reconcile(&video).await;
    scene.comes_to(&video, "ready").await;
}

#[tokio::test]
async fn a_film_that_cannot_be_played_fails_with_a_reason_and_is_tried_again() {
    let Some(scene) = Scene::set().await else { return };
    scene.fake.plan(Plan { takes: None, fails: 1.0 });
    let video = scene.upload().await;
    scene.fake.finish_work();
    let failed = scene.comes_to(&video, "failed").await;
    assert_video_detail(&failed);
    assert!(failed["statusReason"].as_str().is_some_and(|reason| !reason.is_empty()), "{failed}");
    scene.server.guest().get(&path(&video)).await.fails(404, code::VIDEO_NOT_FOUND);

    scene.end_work_after(Duration::ZERO);
    let again = scene.ada.push(&format!("{}/reprocess", path(&video))).await.ok(200);
    assert_video(&again);
    assert_ne!(again["status"], "failed");
    scene.reconcile_if_processing(&video).await;
    scene.comes_to(&video, "ready").await;
    scene.server.guest().get(&path(&video)).await.ok(200);
}

#[tokio::test]
async fn pictures_are_kept_there_and_go_from_there() {
    let Some(scene) = Scene::set().await else { return };
    let first = scene.ada.get("/users/current-user").await.ok(200);
    assert_own_user(&first);
    assert_eq!(scene.status(&first["avatar"]).await, 200);
    let picture = |name: &str| form().file(name, "x.jpg", "image/jpeg", samples::jpeg());
    let second = scene.ada.multipart(Method::PATCH, "/users/avatar", picture("avatar")).await.ok(200);
    let third = scene.ada.multipart(Method::PATCH, "/users/cover-image", picture("coverImage")).await.ok(200);
    assert_eq!((scene.status(&second["avatar"]).await, scene.status(&third["coverImage"]).await), (200, 200));
    scene.holds(2).await;
    assert_eq!(scene.status(&first["avatar"]).await, 404);
}

#[tokio::test]
async fn a_still_of_its_own_replaces_the_one_that_is_made_and_goes_with_the_video() {
    let Some(scene) = Scene::set().await else { return };
    let video = scene.ready().await;
    let still = form().file("thumbnail", "x.png", "image/png", samples::png());
    let changed = scene.ada.multipart(Method::PATCH, &path(&video), still).await.ok(200);
    assert_ne!(changed["thumbnail"], video["thumbnail"]);
    assert_eq!(scene.status(&changed["thumbnail"]).await, 200);
    scene.holds(3).await;
    assert_eq!(scene.fake.assets().iter().filter(|asset| asset.resource == Resource::Image).count(), 2);
    scene.ada.delete(&path(&video)).await.ok(200);
    scene.holds(1).await;
    assert_eq!((scene.status(&video["videoFile"]).await, scene.status(&changed["thumbnail"]).await), (404, 404));
    assert_eq!(scene.ada.get("/users/current-user").await.ok(200)["storage"]["usedBytes"], 0);
}

#[tokio::test]
async fn films_count_against_the_quota_and_stills_that_are_made_do_not() {
    let film = samples::mp4().map_or(0, |film| film.bytes.len() as u64);
    let quota = film + film / 2;
    let Some(scene) = Scene::set_with(|settings| settings.storage_quota = Some(quota)).await else { return };
    let video = scene.ready().await;
    assert_eq!(
        scene.ada.get("/users/current-user").await.ok(200)["storage"],
        json!({ "usedBytes": film, "reservedBytes": 0, "quotaBytes": quota })
    );
    let again = form().text("title", "x").file("videoFile", "x.mp4", "video/mp4", &scene.film.bytes);
    scene.ada.multipart(Method::POST, "/videos", again).await.fails(413, code::QUOTA_EXCEEDED);
    scene.holds(2).await;
    scene.ada.delete(&path(&video)).await.ok(200);
    scene.holds(1).await;
}

/// Files from before the move are still this server's.
#[tokio::test]
async fn what_was_kept_here_before_is_served_hidden_and_removed_here() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let old = ada.upload("before", film).await;
    let fake = aviary_tests::cloudinary::FakeCloudinary::start();
    let home = server.stop().await;
    let server = TestServer::start_over(home, |settings| keep_at(&fake, settings)).await;
    let ada = server.sign_in("ada").await;
    let old = ada.get(&path(&old)).await.ok(200);
    assert_eq!((&old["status"], &old["playbackUrl"]), (&json!("ready"), &json!("")));
    let url = old["videoFile"].as_str().unwrap();
    assert!(server.guest().get(url).await.body == film.bytes);
    let hidden = ada.toggle_published(old["_id"].as_str().unwrap()).await;
    server.guest().get(url).await.fails(404, code::FILE_NOT_FOUND);
    assert_eq!(server.guest().get(hidden["videoFile"].as_str().unwrap()).await.status, 200);
    // New ones are kept there.
    let picture = form().file("avatar", "x.jpg", "image/jpeg", samples::jpeg());
    ada.multipart(Method::PATCH, "/users/avatar", picture).await.ok(200);
    ada.delete(&path(&old)).await.ok(200);
    server.keeps_files(0).await;
    assert_eq!(fake.assets().len(), 1);
}
