//! How far a video's files are, and what can be done about one that failed. Here where the server keeps the files itself and
//! a video is ready at once; the rest is in `cloudinary`.

use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};
use aviary_domain::{Id, Timestamp};
use aviary_tests::check::{assert_video, assert_video_detail};
use aviary_tests::people::id;
use aviary_tests::{TestServer, code, samples};
use serde_json::json;

/// As if the media store had said so.
async fn settle(server: &TestServer, video: &str, from: VideoStatus, to: VideoStatus) {
    let video = Id::<Video>::parse(video).unwrap();
    let said = Settlement { status: Some(StatusChange { from, to }), ..Settlement::default() };
    let settled =
        server.on_store(async move |store| store.videos.settle(video, &said, Timestamp::default()).await).await;
    settled.unwrap().expect("the video");
}

fn failed() -> VideoStatus {
    VideoStatus::Failed("The film has no pictures".to_owned())
}

#[tokio::test]
async fn a_video_that_failed_exists_for_its_owner_alone_who_learns_why() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let path = format!("/videos/{video}");
    settle(&server, &video, VideoStatus::Ready, failed()).await;
    let own = ada.get(&path).await.ok(200);
    assert_video_detail(&own);
    assert_eq!((&own["status"], &own["statusReason"]), (&json!("failed"), &json!("The film has no pictures")));
    // It is still to be seen once it is ready.
    assert_eq!(own["isPublished"], true);
    let listed = ada.get("/dashboard/videos").await.ok(200);
    assert_video(&listed[0]);
    assert_eq!(listed[0]["status"], "failed");
    for caller in [&*bob, &server.guest()] {
        caller.get(&path).await.fails(404, code::VIDEO_NOT_FOUND);
        assert_eq!(caller.get("/videos").await.ok(200)["totalDocs"], 0);
        assert_eq!(caller.get(&format!("/videos?userId={}", ada.id)).await.ok(200)["docs"], json!([]));
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn a_film_that_failed_is_tried_again() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = id(&ada.upload("film", film).await);
    settle(&server, &video, VideoStatus::Ready, failed()).await;
    let again = ada.push(&format!("/videos/{video}/reprocess")).await.ok(200);
    assert_video(&again);
    assert_eq!(again["status"], "ready");
    assert_eq!(server.guest().get(&format!("/videos/{video}")).await.ok(200)["status"], "ready");
    server.is_consistent().await;
}

#[tokio::test]
async fn only_what_failed_is_tried_again_and_only_by_its_owner() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let path = format!("/videos/{video}/reprocess");
    server.guest().push(&path).await.fails(401, code::MISSING_TOKEN);
    bob.push(&path).await.fails(403, code::FORBIDDEN);
    ada.push(&path).await.fails(409, code::VIDEO_NOT_FAILED);
    settle(&server, &video, VideoStatus::Ready, failed()).await;
    bob.push(&path).await.fails(404, code::VIDEO_NOT_FOUND);
    ada.push("/videos/0123456789abcdef01234567/reprocess").await.fails(404, code::VIDEO_NOT_FOUND);
    ada.push("/videos/x/reprocess").await.fails(400, code::INVALID_ID);
}

#[tokio::test]
async fn a_film_that_is_gone_fails_again_with_its_reason() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    // A seeded video has no files.
    let video = server.video(&ada, "film").await;
    settle(&server, &video, VideoStatus::Ready, failed()).await;
    let again = ada.push(&format!("/videos/{video}/reprocess")).await.ok(200);
    assert_video(&again);
    assert_eq!(again["status"], "failed");
    assert!(again["statusReason"].as_str().is_some_and(|reason| reason.contains("missing")), "{again}");
}

#[tokio::test]
async fn a_server_that_keeps_its_files_is_told_nothing_by_cloudinary() {
    let server = TestServer::start().await;
    let call = json!({ "notification_type": "eager" });
    server.guest().post("/media/cloudinary/webhook", &call).await.fails(404, code::ROUTE_NOT_FOUND);
    server.guest().get("/media/cloudinary/webhook").await.fails(405, code::METHOD_NOT_ALLOWED);
}
