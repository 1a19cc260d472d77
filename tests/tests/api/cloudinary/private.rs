//! What not everybody may see cannot be fetched there either.

use std::time::Duration;

use aviary_tests::cloudinary::{Delivery, Fault, Op};
use aviary_tests::{form, samples};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Scene, path};

const FILES: [&str; 3] = ["videoFile", "thumbnail", "playbackUrl"];

#[tokio::test]
async fn the_old_addresses_of_an_unpublished_video_are_dead_and_its_owners_work() {
    let Some(scene) = Scene::set().await else { return };
    let public = scene.ready().await;
    // Caches all over the world have it by now.
    for file in FILES {
        assert_eq!(scene.status(&public[file]).await, 200, "{file}");
    }
    let hidden = scene.toggle(&public).await;
    assert_eq!((&hidden["isPublished"], &hidden["status"]), (&json!(false), &json!("ready")));
    assert_eq!(scene.film_there().delivery, Delivery::Authenticated);
    for file in FILES {
        assert!(scene.status(&public[file]).await >= 400, "{file} of {public}");
    }
    let own = hidden;
    for file in ["videoFile", "thumbnail"] {
        assert_eq!(scene.status(&own[file]).await, 200, "{file} of {own}");
        for guessed in guesses(&own[file]) {
            assert!(scene.status(&guessed).await >= 400, "{guessed}");
        }
    }
    let again = scene.toggle(&public).await;
    assert_eq!(scene.film_there().delivery, Delivery::Upload);
    for file in ["videoFile", "thumbnail"] {
        assert_eq!(scene.status(&again[file]).await, 200, "{file} of {again}");
        assert!(scene.status(&own[file]).await >= 400, "{file} of {own}");
    }
}

/// What somebody would try who knows how such addresses are made: another signature, none, and the type of public files.
pub(super) fn guesses(url: &Value) -> Vec<Value> {
    let url = url.as_str().unwrap();
    let (start, rest) = url.split_once("/s--").expect("a signed URL");
    let (signature, rest) = rest.split_once("--/").expect("a signature");
    let (first, others) = signature.split_at(1);
    let other = if first == "A" { "B" } else { "A" };
    let public = start.replace("/authenticated", "/upload");
    vec![
        json!(format!("{start}/s--{other}{others}--/{rest}")),
        json!(format!("{start}/{rest}")),
        json!(format!("{public}/{rest}")),
        json!(format!("{public}/s--{signature}--/{rest}")),
    ]
}

#[tokio::test]
async fn a_playlist_is_there_again_some_time_after_its_film_was_moved() {
    let Some(scene) = Scene::set().await else { return };
    let public = scene.ready().await;
    scene.ada.toggle_published(public["_id"].as_str().unwrap()).await;
    let own = scene.comes_to_play(&public).await;
    assert_eq!(scene.status(&own["playbackUrl"]).await, 200, "{own}");
}

#[tokio::test]
async fn a_still_of_its_own_is_hidden_with_its_video() {
    let Some(scene) = Scene::set().await else { return };
    let video = scene.ready().await;
    let still = form().file("thumbnail", "x.png", "image/png", samples::png());
    let public = scene.ada.multipart(Method::PATCH, &path(&video), still).await.ok(200);
    assert_eq!(scene.status(&public["thumbnail"]).await, 200);
    let hidden = scene.toggle(&video).await;
    assert!(scene.status(&public["thumbnail"]).await >= 400);
    assert_eq!(scene.status(&hidden["thumbnail"]).await, 200);
    // One that is given while it is hidden is hidden too.
    let still = form().file("thumbnail", "x.jpg", "image/jpeg", samples::jpeg());
    let changed = scene.ada.multipart(Method::PATCH, &path(&video), still).await.ok(200);
    let (given, mut own) = (changed["thumbnail"].clone(), changed);
    for _ in 0..600 {
        if own["thumbnail"].as_str().unwrap().contains("/authenticated/") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        own = scene.own(&video).await;
    }
    assert!(own["thumbnail"].as_str().unwrap().contains("/authenticated/"), "{own}");
    assert_eq!(scene.status(&own["thumbnail"]).await, 200);
    assert!(given == own["thumbnail"] || scene.status(&given).await >= 400, "{given}");
    scene.holds(3).await;
}

#[tokio::test]
async fn what_is_unpublished_while_it_is_processed_is_hidden_when_it_is_ready() {
    let Some(scene) = Scene::set().await else { return };
    scene.hold_work();
    let video = scene.upload().await;
    let id = video["_id"].as_str().unwrap();
    assert_eq!(scene.ada.toggle_published(id).await["isPublished"], false);
    scene.end_work_after(Duration::ZERO);
    scene.fake.finish_work();
    scene.reconcile_if_processing(&video).await;
    let ready = scene.comes_to(&video, "ready").await;
    assert_eq!(ready["isPublished"], false);
    assert_eq!(scene.film_there().delivery, Delivery::Authenticated);
    assert!(scene.status(&video["videoFile"]).await >= 400);
    assert_eq!(scene.status(&ready["videoFile"]).await, 200);
}

/// A server that leaves a film's move to its task soon.
async fn impatient() -> Option<Scene> {
    Scene::set_with(|settings| {
        let account = settings.cloudinary.as_mut().expect("an account");
        account.patience.deadline = Duration::from_millis(500);
        account.patience.pause = Duration::from_millis(100);
    })
    .await
}

#[tokio::test]
async fn what_was_closed_without_its_row_knowing_is_opened_when_it_is_published_again() {
    let Some(scene) = impatient().await else { return };
    let video = scene.ready().await;
    let id = video["_id"].as_str().unwrap();
    // It is moved, and everything after that fails.
    scene.fake.always(&[Op::Explicit], Fault::Status(503, None));
    assert_eq!(scene.ada.toggle_published(id).await["isPublished"], false);
    assert_eq!(scene.film_there().delivery, Delivery::Authenticated);
    let again = scene.ada.toggle_published(id).await;
    assert_eq!((&again["isPublished"], &again["videoFile"]), (&json!(true), &video["videoFile"]), "nobody noted it");
    scene.fake.calm();
    aviary_tests::eventually("its film is open", || scene.film_there().delivery == Delivery::Upload).await;
    let public = scene.comes_to_play(&video).await;
    for file in FILES {
        assert_eq!(scene.status(&public[file]).await, 200, "{file} of {public}");
    }
}

#[tokio::test]
async fn a_playlist_that_could_not_be_asked_for_is_asked_for_again() {
    let Some(scene) = impatient().await else { return };
    let video = scene.ready().await;
    for fault in [Fault::Status(401, None), Fault::WrongSignature] {
        // Its film is moved; the next call asks for its playlist.
        scene.fake.next(Op::Explicit, fault);
        scene.ada.toggle_published(video["_id"].as_str().unwrap()).await;
        let own = scene.comes_to_play(&video).await;
        assert_eq!(scene.status(&own["playbackUrl"]).await, 200, "{fault:?}: {own}");
    }
}
