//! The calls by which Cloudinary tells that a film is ready: believed when they are genuine and young, and never taken for
//! more than a hint.

use std::time::Duration;

use aviary_tests::{Caller, Reply, code};
use reqwest::Method;
use serde_json::json;

use super::{Scene, path};

const WEBHOOK: &str = "/media/cloudinary/webhook";

async fn call(caller: &Caller, body: &[u8], (timestamp, signature): (&str, &str)) -> Reply {
    let request = caller
        .request(Method::POST, WEBHOOK)
        .header("content-type", "application/json")
        .header("x-cld-timestamp", timestamp)
        .header("x-cld-signature", signature);
    caller.send(request.body(body.to_vec())).await
}

#[tokio::test]
async fn a_call_that_comes_again_changes_nothing() {
    let Some(scene) = Scene::set().await else { return };
    let video = scene.ready().await;
    let notices = scene.fake.notices();
    let told = notices.iter().find(|notice| notice.body.contains("eager")).expect("a call").clone();
    assert!(told.url.ends_with(&format!("/api/v1{WEBHOOK}")), "{}", told.url);
    aviary_tests::eventually("it was answered", || {
        scene.fake.notices().iter().filter(|n| n.body.contains("eager")).all(|n| n.status == Some(200))
    })
    .await;
    let before = scene.own(&video).await;
    for _ in 0..3 {
        let reply = call(&scene.server.guest(), told.body.as_bytes(), (&told.timestamp, &told.signature)).await;
        assert_eq!(reply.ok(200), json!({}));
    }
    let mut after = scene.own(&video).await;
    after["views"] = before["views"].clone();
    assert_eq!(after, before);
    scene.ada.delete(&path(&video)).await.ok(200);
    call(&scene.server.guest(), told.body.as_bytes(), (&told.timestamp, &told.signature)).await.ok(200);
}

#[tokio::test]
async fn calls_that_are_forged_old_or_broken_are_refused() {
    let Some(scene) = Scene::set().await else { return };
    let guest = scene.server.guest();
    let body = br#"{"notification_type":"eager","public_id":"x"}"#;
    let (timestamp, signature) = scene.fake.sign_notice(body, Duration::ZERO);
    let sent = (timestamp.as_str(), signature.as_str());
    call(&guest, body, sent).await.ok(200);
    let next = (timestamp.parse::<u64>().unwrap() + 1).to_string();
    let flipped = format!("{}{}", if signature.starts_with('0') { '1' } else { '0' }, &signature[1..]);
    for (body, sent) in [
        (&body[..], (timestamp.as_str(), flipped.as_str())),
        (&body[..], (next.as_str(), signature.as_str())),
        (&body[..], (timestamp.as_str(), "")),
        (&body[..], ("", signature.as_str())),
        (&body[..], (timestamp.as_str(), "é")),
        (&br#"{"notification_type":"eager","public_id":"y"}"#[..], sent),
        (&b""[..], sent),
    ] {
        let reply = call(&guest, body, sent).await;
        reply.fails(401, code::INVALID_SIGNATURE);
        assert!(!reply.header("www-authenticate").is_empty());
    }
    guest.post(WEBHOOK, &json!({})).await.fails(401, code::INVALID_SIGNATURE);
    let (timestamp, signature) = scene.fake.sign_notice(body, Duration::from_secs(7300));
    call(&guest, body, (&timestamp, &signature)).await.fails(401, code::INVALID_SIGNATURE);
    let (timestamp, signature) = scene.fake.sign_notice(b"no JSON", Duration::ZERO);
    call(&guest, b"no JSON", (&timestamp, &signature)).await.fails(400, code::MALFORMED_BODY);
    let large = vec![b' '; 1024 * 1024 + 1];
    call(&guest, &large, sent).await.fails(413, code::BODY_TOO_LARGE);
}

#[tokio::test]
async fn what_is_genuine_and_not_of_interest_is_taken() {
    let Some(scene) = Scene::set().await else { return };
    for body in [
        json!({ "notification_type": "upload", "public_id": "aviary/images/0123456789abcdef0123456789abcdef" }),
        json!({ "notification_type": "eager", "public_id": "somebody/elses/film", "eager": [{ "status": "complete" }] }),
        json!({ "notification_type": "something new" }),
        json!({ "notification_type": "eager", "public_id": "aviary/videos/0123456789abcdef0123456789abcdef" }),
    ] {
        let body = body.to_string().into_bytes();
        let (timestamp, signature) = scene.fake.sign_notice(&body, Duration::from_secs(100));
        call(&scene.server.guest(), &body, (&timestamp, &signature)).await.ok(200);
    }
}

/// A genuine call may be older than what it tells of. It is only a reason to ask.
#[tokio::test]
async fn a_call_that_says_ready_too_early_does_not_make_it_so() {
    let Some(scene) = Scene::set().await else { return };
    let earlier = scene.ready().await;
    let told = scene.fake.notices().into_iter().find(|notice| notice.body.contains("eager")).expect("a call");
    scene.ada.delete(&path(&earlier)).await.ok(200);
    scene.holds(1).await;
    scene.hold_work();
    let video = scene.upload().await;
    let stem = |text: &str| text.split("aviary/videos/").nth(1).unwrap()[..32].to_owned();
    let body = told.body.replace(&stem(&told.body), &stem(&scene.film_there().public_id)).into_bytes();
    let (timestamp, signature) = scene.fake.sign_notice(&body, Duration::ZERO);
    call(&scene.server.guest(), &body, (&timestamp, &signature)).await.ok(200);
    assert_eq!(scene.own(&video).await["status"], "processing");
    scene.fake.finish_work();
    scene.comes_to(&video, "ready").await;
}
