//! Films that pages send to Cloudinary by themselves.

use std::time::Duration;

use aviary_tests::check::assert_video;
use aviary_tests::{Form, assert_fields, code, form};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Scene, path};

async fn ticket(scene: &Scene) -> Value {
    let wanted = json!({ "contentType": "video/mp4", "bytes": scene.film.bytes.len() });
    scene.ada.post("/videos/direct-upload", &wanted).await.ok(201)
}

/// Sends a film as a page does, and answers with what Cloudinary says.
async fn send(scene: &Scene, ticket: &Value) -> (u16, Value) {
    let fields = ticket["fields"].as_object().expect("fields").iter();
    let form = fields.fold(form(), |form, (name, value)| form.text(name, value.as_str().expect("a text")));
    let form = form.file("file", scene.film.name, scene.film.content_type, &scene.film.bytes);
    let request = scene.http.post(ticket["uploadUrl"].as_str().expect("a URL"));
    let sent =
        request.header("content-type", Form::content_type()).body(form.finished()).send().await.expect("an answer");
    (sent.status().as_u16(), sent.json().await.expect("JSON"))
}

fn publication(receipt: &Value) -> Value {
    json!({
        "title": "sent by itself", "public_id": receipt["public_id"], "version": receipt["version"],
        "signature": receipt["signature"],
    })
}

#[tokio::test]
async fn a_film_goes_to_cloudinary_and_becomes_a_video() {
    let Some(scene) = Scene::set().await else { return };
    scene.hold_work();
    let ticket = ticket(&scene).await;
    assert_fields(&ticket, &["uploadUrl", "fields", "expiresAt", "maxBytes"]);
    assert!(ticket["uploadUrl"].as_str().unwrap().starts_with(scene.fake.origin()), "{ticket}");
    let secret = &scene.fake.account().secret;
    assert!(!ticket.to_string().contains(secret.as_str()));
    let (status, receipt) = send(&scene, &ticket).await;
    assert_eq!(status, 200, "{receipt}");
    let video = scene.ada.post("/videos", &publication(&receipt)).await.ok(201);
    assert_video(&video);
    assert_eq!((&video["status"], &video["bytes"]), (&json!("processing"), &json!(scene.film.bytes.len())));
    scene.server.guest().get(&path(&video)).await.fails(404, code::VIDEO_NOT_FOUND);
    scene.end_work_after(Duration::ZERO);
    scene.fake.finish_work();
    scene.reconcile_if_processing(&video).await;
    let ready = scene.comes_to(&video, "ready").await;
    assert_eq!((scene.status(&ready["videoFile"]).await, scene.status(&ready["thumbnail"]).await), (200, 200));
    // With the whole answer, as pages hand it on, and a key: once.
    let (_, receipt) = send(&scene, &self::ticket(&scene).await).await;
    let whole = json!({ "title": "again", "upload": receipt });
    let publish = async || {
        let request = scene.ada.request(Method::POST, "/videos").header("idempotency-key", "k");
        scene.ada.send(request.json(&whole)).await
    };
    let first = publish().await;
    first.ok(201);
    assert_eq!(publish().await.header("idempotent-replayed"), "true");
    scene.ada.post("/videos", &whole).await.fails(404, code::UPLOAD_NOT_FOUND);
    assert_eq!(scene.server.count("videos"), 2);
    scene.holds(3).await;
}

#[tokio::test]
async fn cloudinary_takes_only_what_was_signed() {
    let Some(scene) = Scene::set().await else { return };
    let ticket = ticket(&scene).await;
    for (field, value) in
        [("public_id", "aviary/videos/mine"), ("timestamp", "1"), ("signature", "00"), ("overwrite", "true")]
    {
        let mut forged = ticket.clone();
        forged["fields"][field] = json!(value);
        let (status, answer) = send(&scene, &forged).await;
        assert!(status >= 400, "{field}: {answer}");
    }
    scene.holds(1).await;
    let (status, answer) = send(&scene, &ticket).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_receipt_is_believed_under_cloudinarys_signature_alone() {
    let Some(scene) = Scene::set().await else { return };
    let (_, receipt) = send(&scene, &ticket(&scene).await).await;
    let version = receipt["version"].as_u64().unwrap();
    for (field, value) in
        [("signature", json!("00")), ("version", json!(version + 1)), ("public_id", json!("aviary/videos/other"))]
    {
        let mut forged = publication(&receipt);
        forged[field] = value;
        scene.ada.post("/videos", &forged).await.fails_on(&["signature"]);
    }
    // Genuine, but about something that is not a film of ours.
    let public_id = "somebody/elses";
    let signature = scene.fake.sign_answer(public_id, 7);
    let other = json!({ "title": "x", "public_id": public_id, "version": 7, "signature": signature });
    scene.ada.post("/videos", &other).await.is_refused();
    // Gone before it was published.
    scene.fake.lose(receipt["public_id"].as_str().unwrap());
    scene.ada.post("/videos", &publication(&receipt)).await.fails(404, code::UPLOAD_NOT_FOUND);
    assert_eq!(scene.server.count("videos"), 0);
    // Nothing is sent to us here.
    let here = form().text("public_id", "x").file("file", "x.mp4", "video/mp4", &scene.film.bytes);
    let here = scene.server.guest().multipart(Method::POST, "/media/direct-upload", here).await;
    here.fails(401, code::INVALID_SIGNATURE);
}

#[tokio::test]
async fn what_would_not_fit_into_the_quota_gets_no_ticket() {
    let film = aviary_tests::samples::mp4().map_or(0, |film| film.bytes.len() as u64);
    let Some(scene) = Scene::set_with(|settings| settings.storage_quota = Some(film + 10)).await else { return };
    let wanted = json!({ "contentType": "video/mp4", "bytes": film });
    let refused = async || scene.ada.post("/videos/direct-upload", &wanted).await.fails(413, code::QUOTA_EXCEEDED);
    let open = ticket(&scene).await;
    refused().await;
    let (_, receipt) = send(&scene, &open).await;
    refused().await;
    scene.ada.post("/videos", &publication(&receipt)).await.ok(201);
    refused().await;
    let user = scene.ada.get("/users/current-user").await.ok(200);
    assert_eq!(user["storage"], json!({ "usedBytes": film, "reservedBytes": 0, "quotaBytes": film + 10 }));
    scene.holds(2).await;
}

/// Cloudinary cannot be told how large a film may be.
#[tokio::test]
async fn a_film_that_is_larger_than_was_told_is_not_published_and_does_not_stay_there() {
    let Some(scene) = Scene::set().await else { return };
    let told = scene.film.bytes.len() - 1;
    let wanted = json!({ "contentType": "video/mp4", "bytes": told });
    let ticket = scene.ada.post("/videos/direct-upload", &wanted).await.ok(201);
    assert_eq!(ticket["maxBytes"], told);
    let (status, receipt) = send(&scene, &ticket).await;
    assert_eq!(status, 200, "{receipt}");
    scene.holds(2).await;
    scene.ada.post("/videos", &publication(&receipt)).await.fails_with(413, code::FILE_TOO_LARGE, &["videoFile"]);
    scene.holds(1).await;
    scene.ada.post("/videos", &publication(&receipt)).await.fails(404, code::UPLOAD_NOT_FOUND);
    // Until the ticket's end another film could be sent with it, so that its room is kept.
    let user = scene.ada.get("/users/current-user").await.ok(200);
    assert_eq!((&user["storage"]["usedBytes"], &user["storage"]["reservedBytes"]), (&json!(0), &json!(told)));
}
