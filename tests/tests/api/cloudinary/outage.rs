//! Cloudinary is away, or says no: what needs it is 503 at once, everything else goes on, and nobody hears its words.

use std::time::{Duration, Instant};

use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Fault, Op, PROVIDER_WORDS};
use aviary_tests::{Form, Reply, TestServer, code, form};
use reqwest::Method;
use serde_json::json;

use super::{Scene, keep_at, path};

/// A server that loses patience soon.
async fn impatient() -> Option<Scene> {
    Scene::set_with(|settings| {
        let account = settings.cloudinary.as_mut().expect("an account");
        account.patience.deadline = Duration::from_secs(1);
        account.patience.resend = Duration::from_secs(1);
        account.patience.pause = Duration::from_secs(2);
    })
    .await
}

async fn upload(scene: &Scene) -> Reply {
    let form = form().text("title", "x").file("videoFile", "x.mp4", "video/mp4", &scene.film.bytes);
    scene.ada.multipart(Method::POST, "/videos", form).await
}

#[tokio::test]
async fn an_outage_is_told_in_milliseconds_and_ends_by_itself() {
    let Some(scene) = impatient().await else { return };
    let video = scene.ready().await;
    scene.fake.always(&Op::ALL, Fault::DropAtOnce);
    // Until it is known that it is away, some find out by waiting.
    for _ in 0..5 {
        upload(&scene).await.fails(503, code::UNAVAILABLE);
    }
    // From then on nobody waits, but for one now and then who asks whether it is back.
    let mut waits = vec![];
    for _ in 0..50 {
        let begun = Instant::now();
        upload(&scene).await.fails(503, code::UNAVAILABLE);
        waits.push(begun.elapsed());
    }
    waits.sort();
    assert!(waits[40] < Duration::from_millis(250), "{waits:?}");
    let asked = scene.fake.count(Op::Upload);
    let many = futures_util::future::join_all((0..50).map(|_| upload(&scene))).await;
    many.iter().for_each(|reply| drop(reply.fails(503, code::UNAVAILABLE)));
    assert!(scene.fake.count(Op::Upload) <= asked + 5, "they do not go on asking");
    // Who only looks, writes and deletes notices nothing.
    scene.ada.get(&path(&video)).await.ok(200);
    scene.ada.tweet("it is away").await;
    scene.ada.patch(&path(&video), &json!({ "title": "still here" })).await.ok(200);
    scene.server.guest().get("/healthcheck").await.ok(200);
    scene.holds(2).await;
    assert_eq!(scene.server.count("videos"), 1);

    scene.fake.calm();
    for _ in 0..100 {
        let reply = upload(&scene).await;
        if reply.status == 201 {
            scene.holds(3).await;
            return;
        }
        reply.fails(503, code::UNAVAILABLE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is never back");
}

#[tokio::test]
async fn what_is_unpublished_or_deleted_during_an_outage_is_so_at_once_and_its_files_follow() {
    let Some(scene) = impatient().await else { return };
    let (hidden, deleted) = (scene.ready().await, scene.ready().await);
    scene.fake.always(&Op::ALL, Fault::Status(503, None));
    let id = hidden["_id"].as_str().unwrap();
    assert_eq!(scene.ada.toggle_published(id).await["isPublished"], false);
    scene.ada.delete(&path(&deleted)).await.ok(200);
    for video in [&hidden, &deleted] {
        scene.server.guest().get(&path(video)).await.fails(404, code::VIDEO_NOT_FOUND);
    }
    assert_eq!(scene.fake.assets().len(), 3);
    scene.fake.calm();
    // Who was refused tries again after a while, and then after a longer one.
    let followed = || {
        let mut films = scene.fake.assets();
        films.retain(|asset| asset.resource.name() == "video");
        films.len() == 1 && films[0].delivery == Delivery::Authenticated
    };
    let begun = Instant::now();
    while !followed() {
        assert!(begun.elapsed() < Duration::from_mins(2), "the files never follow: {:?}", scene.fake.assets());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(scene.status(&hidden["videoFile"]).await >= 400);
    // The row learns of it a moment later.
    while scene.status(&scene.own(&hidden).await["videoFile"]).await != 200 {
        assert!(begun.elapsed() < Duration::from_mins(2), "its owner never sees it: {}", scene.own(&hidden).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asked past the harness, which takes no answer of 500.
#[tokio::test]
async fn a_refusal_of_the_providers_is_ours_to_explain_and_not_to_repeat() {
    let fake = FakeCloudinary::start();
    let server = TestServer::start_with(|settings| {
        keep_at(&fake, settings);
        let account = settings.cloudinary.as_mut().expect("an account");
        account.secret = "not-the-secret-of-the-account".to_owned().into();
    })
    .await;
    let form = aviary_tests::people::registration("eve").finished();
    let url = server.guest().root("/api/v1/users/register");
    let request = reqwest::Client::new().post(url).header("content-type", Form::content_type()).body(form);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 500);
    let said = answer.text().await.expect("a text").to_lowercase();
    for word in [PROVIDER_WORDS, "signature", "string to sign", "secret", "timestamp", "cloudinary", "127.0.0.1"] {
        assert!(!said.contains(&word.to_lowercase()), "{word}: {said}");
    }
}

/// Who stops the server waits no longer than that is set, however long the account takes, and leaves no lease behind.
#[tokio::test]
async fn a_server_that_is_removing_a_file_stops_all_the_same() {
    let Some(scene) = Scene::set().await else { return };
    let video = scene.ready().await;
    scene.fake.always(&[Op::Destroy], Fault::Hang);
    scene.ada.delete(&path(&video)).await.ok(200);
    // The sweeper is woken by the delete; what hangs is not seen at the fake.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let Scene { server, fake, .. } = scene;
    let begun = Instant::now();
    let home = server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!((home.count("leases"), home.count("file_ledger")), (0, 1));
    // The next one goes on where this one was cut off.
    fake.calm();
    let again = TestServer::start_over(home, |settings| keep_at(&fake, settings)).await;
    again.settled().await;
    assert_eq!(fake.assets().len(), 1, "but for the avatar all is gone");
}
