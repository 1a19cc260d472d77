//! Films that pages send by themselves, with a ticket, and publish with the receipt. Here to the server's own folder; to
//! Cloudinary in `cloudinary`. How much anybody may send so is in `direct/bounds`.

mod bounds;

use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::FileKey;
use aviary_tests::check::assert_video;
use aviary_tests::samples::{FILM_SIZE, Film};
use aviary_tests::{Caller, Form, Person, Reply, TestServer, assert_fields, assert_time, code, form, samples};
use reqwest::Method;
use serde_json::{Value, json};

const TICKETS: &str = "/videos/direct-upload";
const VIDEOS: &str = "/videos";

/// A ticket for an MP4.
async fn ticket(person: &Person) -> Value {
    person.post(TICKETS, &json!({ "contentType": "video/mp4" })).await.ok(201)
}

/// The form that a page sends with a ticket.
fn filled(ticket: &Value, film: &[u8]) -> Form {
    let fields = ticket["fields"].as_object().expect("fields").iter();
    let form = fields.fold(form(), |form, (name, value)| form.text(name, value.as_str().expect("a text")));
    form.file("file", "C:\\film.mp4", "application/octet-stream", film)
}

/// As pages send it: without a token, to where the ticket says.
async fn send(page: &Caller, ticket: &Value, form: Form) -> Reply {
    page.multipart(Method::POST, ticket["uploadUrl"].as_str().expect("a URL"), form).await
}

/// Sends a film with a ticket and answers with what the server says of it.
async fn sent(server: &TestServer, ticket: &Value, film: &[u8]) -> Value {
    let reply = send(&server.guest(), ticket, filled(ticket, film)).await;
    assert_eq!(reply.status, 200, "{reply}");
    reply.json()
}

fn publication(receipt: &Value) -> Value {
    json!({
        "title": "A film", "public_id": receipt["public_id"], "version": receipt["version"],
        "signature": receipt["signature"],
    })
}

async fn stage() -> Option<(TestServer, Person, &'static Film)> {
    let film = samples::mp4()?;
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    Some((server, ada, film))
}

#[tokio::test]
async fn a_film_is_sent_by_itself_and_published_with_its_receipt() {
    let Some((server, ada, film)) = stage().await else { return };
    let ticket = ticket(&ada).await;
    assert_fields(&ticket, &["uploadUrl", "fields", "expiresAt", "maxBytes"]);
    assert_time(&ticket["expiresAt"]);
    assert_eq!(ticket["maxBytes"], 5_000_000_000_u64);
    let receipt = sent(&server, &ticket, &film.bytes).await;
    assert_eq!(receipt["public_id"], ticket["fields"]["public_id"]);
    assert_eq!(
        (&receipt["resource_type"], &receipt["type"], &receipt["format"]),
        (&json!("video"), &json!("upload"), &json!("mp4"))
    );
    assert_eq!((&receipt["bytes"], &receipt["width"]), (&json!(film.bytes.len()), &json!(FILM_SIZE.0)));
    // It is nobody's yet, so nobody may fetch it.
    let url = receipt["secure_url"].as_str().unwrap();
    server.guest().get(url).await.fails(404, code::FILE_NOT_FOUND);

    let video = ada.post(VIDEOS, &publication(&receipt)).await.ok(201);
    assert_video(&video);
    assert_eq!(
        (&video["title"], &video["description"], &video["status"]),
        (&json!("A film"), &json!(""), &json!("ready"))
    );
    assert_eq!((&video["width"], &video["bytes"]), (&json!(FILM_SIZE.0), &json!(film.bytes.len())));
    assert_eq!(video["videoFile"], url);
    assert!(server.guest().get(url).await.body == film.bytes);
    let still = server.guest().get(video["thumbnail"].as_str().unwrap()).await;
    assert_eq!((still.status, still.header("content-type")), (200, "image/jpeg"));
    server.is_consistent().await;
}

#[tokio::test]
async fn a_still_and_the_receipt_come_in_a_form_too_or_in_an_object() {
    let Some((server, ada, film)) = stage().await else { return };
    let receipt = sent(&server, &ticket(&ada).await, &film.bytes).await;
    let form = form()
        .file("thumbnail", "still.png", "image/png", samples::png())
        .text("title", "With a still")
        .text("description", "of its own")
        .text("public_id", receipt["public_id"].as_str().unwrap())
        .text("version", &receipt["version"].to_string())
        .text("signature", receipt["signature"].as_str().unwrap());
    let video = ada.multipart(Method::POST, VIDEOS, form).await.ok(201);
    assert_video(&video);
    assert_eq!(video["description"], "of its own");
    let still = server.guest().get(video["thumbnail"].as_str().unwrap()).await;
    assert_eq!((still.status, still.header("content-type")), (200, "image/png"));
    // As it was answered, with all that Cloudinary's answers have besides.
    let receipt = sent(&server, &ticket(&ada).await, &film.bytes).await;
    let video = ada.post(VIDEOS, &json!({ "title": "In an object", "upload": receipt })).await.ok(201);
    assert_video(&video);
    server.is_consistent().await;
}

#[tokio::test]
async fn every_container_can_be_sent() {
    let films = [samples::mp4(), samples::mov(), samples::webm(), samples::mkv()];
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for film in films.into_iter().flatten() {
        let ticket = ada.post(TICKETS, &json!({ "fileName": film.name, "bytes": film.bytes.len() })).await.ok(201);
        let receipt = sent(&server, &ticket, &film.bytes).await;
        assert_video(&ada.post(VIDEOS, &publication(&receipt)).await.ok(201));
    }
}

#[tokio::test]
async fn a_ticket_is_asked_for_by_somebody_and_for_a_film() {
    let server = TestServer::start_with(|settings| settings.max_video_bytes = 1000).await;
    let ada = server.person("ada").await;
    server.guest().post(TICKETS, &json!({ "contentType": "video/mp4" })).await.fails(401, code::MISSING_TOKEN);
    ada.post(TICKETS, &json!({})).await.fails_on(&["contentType"]);
    ada.post(TICKETS, &json!({ "contentType": 7, "bytes": "many" })).await.fails_on(&["contentType", "bytes"]);
    for (field, value) in [("contentType", "image/png"), ("contentType", "text/html"), ("fileName", "film.exe")] {
        let refused = ada.post(TICKETS, &json!({ field: value })).await;
        refused.fails_with(415, code::UNSUPPORTED_FILE_TYPE, &[field]);
    }
    let sized = async |bytes: u64| ada.post(TICKETS, &json!({ "contentType": "video/mp4", "bytes": bytes })).await;
    sized(1001).await.fails_with(413, code::FILE_TOO_LARGE, &["bytes"]);
    sized(0).await.fails_on(&["bytes"]);
    assert_eq!(server.count("file_ledger"), 0);
    assert_eq!(ticket(&ada).await["maxBytes"], 1000);
    assert_eq!(sized(999).await.ok(201)["maxBytes"], 999);
}

#[tokio::test]
async fn nothing_but_what_was_signed_is_taken() {
    let Some((server, ada, film)) = stage().await else { return };
    let ticket = ticket(&ada).await;
    let other = self::ticket(&ada).await;
    let name = ticket["fields"]["public_id"].as_str().unwrap().to_owned();
    let next = name.replace(".mp4", ".webm");
    for (field, value) in [
        ("public_id", other["fields"]["public_id"].clone()),
        ("public_id", json!(next)),
        ("public_id", json!("../../aviary.sqlite3")),
        ("public_id", json!("")),
        ("timestamp", json!("9999999999")),
        ("timestamp", json!("x")),
        ("max_bytes", json!("99999999999")),
        ("signature", other["fields"]["signature"].clone()),
        ("signature", json!("")),
    ] {
        let mut forged = ticket.clone();
        forged["fields"][field] = value.clone();
        let reply = send(&server.guest(), &ticket, filled(&forged, &film.bytes)).await;
        reply.fails(401, code::INVALID_SIGNATURE);
        assert!(!reply.header("www-authenticate").is_empty(), "{field}: {value}");
    }
    for field in ["public_id", "timestamp", "max_bytes", "signature"] {
        let mut part = ticket.clone();
        part["fields"].as_object_mut().unwrap().remove(field);
        send(&server.guest(), &ticket, filled(&part, &film.bytes)).await.fails(401, code::INVALID_SIGNATURE);
    }
    // Without the film, with it before the fields, with more after it, and in another form.
    let page = server.guest();
    let fields = |form: Form| {
        ticket["fields"]
            .as_object()
            .unwrap()
            .iter()
            .fold(form, |form, (name, value)| form.text(name, value.as_str().unwrap()))
    };
    send(&page, &ticket, fields(form())).await.fails_on(&["file"]);
    let first = fields(form().file("file", "x.mp4", "video/mp4", &film.bytes));
    send(&page, &ticket, first).await.fails(401, code::INVALID_SIGNATURE);
    let twice = filled(&ticket, &film.bytes).file("file", "x.mp4", "video/mp4", &film.bytes);
    send(&page, &ticket, twice).await.fails_on(&["file"]);
    let many = (0..100).fold(form(), |form, n| form.text(&format!("x{n}"), "y"));
    send(&page, &ticket, many).await.fails(413, code::BODY_TOO_LARGE);
    page.post("/media/direct-upload", &json!({})).await.fails(415, code::UNSUPPORTED_MEDIA_TYPE);
    server.keeps_files(1).await;
    // None of that has used it up.
    sent(&server, &ticket, &film.bytes).await;
}

#[tokio::test]
async fn a_film_is_judged_by_its_content_and_taken_once() {
    let Some((server, ada, film)) = stage().await else { return };
    let ticket = ticket(&ada).await;
    let page = server.guest();
    let refused = |bytes: &[u8]| send(&page, &ticket, filled(&ticket, bytes));
    refused(b"just some text").await.fails_with(415, code::UNSUPPORTED_FILE_TYPE, &["file"]);
    refused(&film.bytes[..film.bytes.len() / 2]).await.fails_with(422, code::UNREADABLE_FILE, &["file"]);
    if let Some(webm) = samples::webm() {
        refused(&webm.bytes).await.fails_with(415, code::UNSUPPORTED_FILE_TYPE, &["file"]);
    }
    server.keeps_files(1).await;
    let receipt = sent(&server, &ticket, &film.bytes).await;
    refused(&film.bytes).await.fails_with(422, code::UNREADABLE_FILE, &["file"]);
    ada.post(VIDEOS, &publication(&receipt)).await.ok(201);
    // What a video owns is not replaced either, though the signature is still good.
    refused(&film.bytes).await.fails(404, code::UPLOAD_NOT_FOUND);
    server.keeps_files(3).await;
    server.is_consistent().await;
}

#[tokio::test]
async fn a_receipt_is_believed_when_it_is_ours_and_used_once() {
    let Some((server, ada, film)) = stage().await else { return };
    let ticket = ticket(&ada).await;
    let receipt = sent(&server, &ticket, &film.bytes).await;
    let signed = |field: &str, value: Value| {
        let mut forged = publication(&receipt);
        forged[field] = value;
        forged
    };
    let signature = receipt["signature"].as_str().unwrap();
    let flipped = format!("{}{}", if signature.starts_with('0') { '1' } else { '0' }, &signature[1..]);
    for forged in [
        signed("signature", json!(flipped)),
        signed("signature", ticket["fields"]["signature"].clone()),
        signed("version", json!(receipt["version"].as_u64().unwrap() + 1)),
        signed("public_id", json!("videos/0123456789abcdef0123456789abcdef.mp4")),
    ] {
        ada.post(VIDEOS, &forged).await.fails_on(&["signature"]);
    }
    for field in ["public_id", "version", "signature"] {
        ada.post(VIDEOS, &signed(field, Value::Null)).await.fails_on(&[field]);
    }
    let both =
        form().text("title", "x").text("signature", signature).file("videoFile", "x.mp4", "video/mp4", &film.bytes);
    let both = ada.multipart(Method::POST, VIDEOS, both).await;
    both.fails(400, code::INVALID);
    assert!(both.json()["errors"].as_array().unwrap().iter().any(|error| error["field"] == "videoFile"), "{both}");
    server.guest().post(VIDEOS, &publication(&receipt)).await.fails(401, code::MISSING_TOKEN);
    assert_eq!(server.count("videos"), 0);

    ada.post(VIDEOS, &publication(&receipt)).await.ok(201);
    let again = ada.post(VIDEOS, &publication(&receipt)).await;
    assert!([404, 409].contains(&again.status), "{again}");
    assert_eq!(server.count("videos"), 1);
    server.keeps_files(3).await;
    server.is_consistent().await;
}

#[tokio::test]
async fn a_receipt_that_comes_again_with_its_key_makes_one_video() {
    let Some((server, ada, film)) = stage().await else { return };
    let (one, other) = (ticket(&ada).await, ticket(&ada).await);
    let (one, other) = (sent(&server, &one, &film.bytes).await, sent(&server, &other, &film.bytes).await);
    let publish = async |receipt: &Value| {
        let request = ada.request(Method::POST, VIDEOS).header("idempotency-key", "k");
        ada.send(request.json(&publication(receipt))).await
    };
    let first = publish(&one).await;
    first.ok(201);
    let again = publish(&one).await;
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.body), (201, "true", &first.body));
    publish(&other).await.fails(422, code::IDEMPOTENCY_KEY_REUSED);
    assert_eq!(server.count("videos"), 1);
}

/// What the sweeper does when nobody has published the film for hours.
#[tokio::test]
async fn a_film_that_nobody_publishes_goes() {
    let Some((server, ada, film)) = stage().await else { return };
    let ticket = ticket(&ada).await;
    let receipt = sent(&server, &ticket, &film.bytes).await;
    server.keeps_files(2).await;
    let name = FileKey::parse(receipt["public_id"].as_str().unwrap()).unwrap();
    let long_ago = Timestamp::from_millis(1_000_000_000_000);
    server.on_store(async move |store| store.files.release(&[name], long_ago).await).await.unwrap();
    server.keeps_files(1).await;
    ada.post(VIDEOS, &publication(&receipt)).await.fails(404, code::UPLOAD_NOT_FOUND);
    // Nor does it come back with the ticket, which is still good.
    send(&server.guest(), &ticket, filled(&ticket, &film.bytes)).await.fails(404, code::UPLOAD_NOT_FOUND);
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.keeps_files(1).await;
    assert_eq!(server.count("videos"), 0);
}
