//! What anybody may have on its way with tickets: so many at a time, as much as fits, each no larger than was told.

use aviary_domain::file::FileKey;
use aviary_domain::ticket::MOST_OPEN_TICKETS;
use aviary_tests::samples::{self, Film};
use aviary_tests::{Form, Person, Reply, TestServer, code, form, raw};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{TICKETS, VIDEOS, filled, publication, send, sent, ticket};

/// Asks for a ticket for a film of so many bytes.
async fn sized(person: &Person, bytes: u64) -> Reply {
    person.post(TICKETS, &json!({ "contentType": "video/mp4", "bytes": bytes })).await
}

async fn storage(person: &Person) -> (u64, u64) {
    let storage = person.get("/users/current-user").await.ok(200)["storage"].take();
    let number = |field: &str| storage[field].as_u64().unwrap_or_else(|| panic!("{storage}"));
    (number("usedBytes"), number("reservedBytes"))
}

/// The form of a film that was sent.
fn with_receipt(receipt: &Value) -> Form {
    form()
        .text("title", "sent by itself")
        .text("public_id", receipt["public_id"].as_str().unwrap())
        .text("version", &receipt["version"].to_string())
        .text("signature", receipt["signature"].as_str().unwrap())
}

fn size(film: &Film) -> u64 {
    film.bytes.len().try_into().unwrap()
}

/// A server where users may have this many bytes, as told by the size of the film.
async fn limited(quota: impl FnOnce(u64) -> u64) -> Option<(TestServer, Person, &'static Film)> {
    let film = samples::mp4()?;
    let quota = quota(size(film));
    let server = TestServer::start_with(|settings| settings.storage_quota = Some(quota)).await;
    let ada = server.person("ada").await;
    Some((server, ada, film))
}

#[tokio::test]
async fn a_ticket_allows_what_is_left_of_the_quota() {
    let server = TestServer::start_with(|settings| settings.storage_quota = Some(2000)).await;
    let ada = server.person("ada").await;
    sized(&ada, 2001).await.fails(413, code::QUOTA_EXCEEDED);
    sized(&ada, 1500).await.ok(201);
    let rest = ticket(&ada).await;
    assert_eq!(rest["maxBytes"], 500);
    assert_eq!(storage(&ada).await, (0, 2000));
    let refused = ada.post(TICKETS, &json!({ "contentType": "video/mp4" })).await;
    refused.fails(413, code::QUOTA_EXCEEDED);
    send(&server.guest(), &rest, filled(&rest, &[0; 501])).await.fails_with(413, code::FILE_TOO_LARGE, &["file"]);
    // Others have a quota of their own.
    let bob = server.person("bob").await;
    assert_eq!(ticket(&bob).await["maxBytes"], 2000);
    server.keeps_files(2).await;
}

#[tokio::test]
async fn an_open_ticket_takes_room_until_its_film_is_published() {
    let Some((server, ada, film)) = limited(|film| film * 6).await else { return };
    let open = sized(&ada, size(film)).await.ok(201);
    assert_eq!(storage(&ada).await, (0, size(film)));
    ada.upload("in a form", film).await;
    let (used, _) = storage(&ada).await;
    assert!(used > size(film) && used < size(film) * 2, "{used}");
    // All the rest.
    let rest = ticket(&ada).await;
    assert_eq!(rest["maxBytes"], size(film) * 5 - used);
    assert_eq!(storage(&ada).await, (used, size(film) * 6 - used));
    let second = form().text("title", "x").file("videoFile", film.name, film.content_type, &film.bytes);
    ada.multipart(Method::POST, VIDEOS, second).await.fails(413, code::QUOTA_EXCEEDED);
    sized(&ada, 1).await.fails(413, code::QUOTA_EXCEEDED);
    // The room that was kept free is there, also for a still where the film is smaller than it might have been.
    let receipt = sent(&server, &rest, &film.bytes).await;
    ada.post(VIDEOS, &publication(&receipt)).await.ok(201);
    let (used_then, reserved) = storage(&ada).await;
    assert!(used_then > used + size(film), "{used_then}");
    assert_eq!(reserved, size(film));
    let receipt = sent(&server, &open, &film.bytes).await;
    let form = with_receipt(&receipt).file("thumbnail", "still.png", "image/png", samples::png());
    ada.multipart(Method::POST, VIDEOS, form).await.ok(201);
    assert_eq!(storage(&ada).await, (used_then + used, 0));
    server.is_consistent().await;
}

#[tokio::test]
async fn only_so_many_uploads_are_open_at_a_time() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let replies = join_all((0..MOST_OPEN_TICKETS + 5).map(|_| sized(&ada, 1000))).await;
    let (given, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((given.len(), refused.len()), (MOST_OPEN_TICKETS, 5));
    for reply in refused {
        reply.fails(429, code::TOO_MANY_UPLOADS);
        let seconds: u64 = reply.header("retry-after").parse().unwrap();
        assert!((10_000..=10_800).contains(&seconds), "three hours, as long as names are reserved: {seconds}");
    }
    assert_eq!(storage(&ada).await, (0, 10_000));
    sized(&bob, 1000).await.ok(201);
    // Of a name that left the ledger, which is what becomes of one that nobody used, nothing is kept.
    let name = given[0].ok(201)["fields"]["public_id"].take();
    let name = FileKey::parse(name.as_str().unwrap()).unwrap();
    server.on_store(async move |store| store.files.forget(&name).await).await.unwrap();
    assert_eq!(storage(&ada).await, (0, 9000));
    sized(&ada, 1000).await.ok(201);
    sized(&ada, 1000).await.fails(429, code::TOO_MANY_UPLOADS);
    // Other ways to send films are open.
    if let Some(film) = samples::mp4() {
        ada.upload("in a form", film).await;
    }
}

#[tokio::test]
async fn a_published_film_makes_way_for_the_next_ticket() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let open: Vec<Value> = join_all((0..MOST_OPEN_TICKETS).map(|_| sized(&ada, size(film))))
        .await
        .iter()
        .map(|reply| reply.ok(201))
        .collect();
    sized(&ada, size(film)).await.fails(429, code::TOO_MANY_UPLOADS);
    let receipt = sent(&server, &open[3], &film.bytes).await;
    sized(&ada, size(film)).await.fails(429, code::TOO_MANY_UPLOADS);
    ada.post(VIDEOS, &publication(&receipt)).await.ok(201);
    sized(&ada, size(film)).await.ok(201);
}

#[tokio::test]
async fn a_film_has_no_more_bytes_than_was_told() {
    let Some((server, ada, film)) = limited(|film| film * 10).await else { return };
    let small = sized(&ada, size(film) - 1).await.ok(201);
    let refused = send(&server.guest(), &small, filled(&small, &film.bytes)).await;
    refused.fails_with(413, code::FILE_TOO_LARGE, &["file"]);
    let exact = sized(&ada, size(film)).await.ok(201);
    let receipt = sent(&server, &exact, &film.bytes).await;
    ada.post(VIDEOS, &publication(&receipt)).await.ok(201);
    server.keeps_files(3).await;
}

#[tokio::test]
async fn a_film_is_published_by_who_was_given_the_ticket() {
    let Some((server, ada, film)) = limited(|film| film * 10).await else { return };
    let bob = server.person("bob").await;
    let receipt = sent(&server, &ticket(&ada).await, &film.bytes).await;
    bob.post(VIDEOS, &publication(&receipt)).await.fails(404, code::UPLOAD_NOT_FOUND);
    ada.post(VIDEOS, &publication(&receipt)).await.ok(201);
    assert_eq!(storage(&bob).await, (0, 0));
    server.is_consistent().await;
}

/// A film of gigabytes is not to be sent again because its still was too large.
#[tokio::test]
async fn a_film_waits_for_a_form_that_fits() {
    let Some((server, ada, film)) = limited(|film| film + 1000).await else { return };
    let receipt = sent(&server, &sized(&ada, size(film)).await.ok(201), &film.bytes).await;
    let noise: Vec<u8> = film.bytes.iter().copied().cycle().take(3 * 300 * 300).collect();
    let noise = image::RgbImage::from_raw(300, 300, noise).unwrap();
    let mut large = std::io::Cursor::new(vec![]);
    noise.write_to(&mut large, image::ImageFormat::Png).unwrap();
    let whole = with_receipt(&receipt).file("thumbnail", "still.png", "image/png", large.get_ref());
    ada.multipart(Method::POST, VIDEOS, whole).await.fails(413, code::QUOTA_EXCEEDED);
    assert_eq!(storage(&ada).await, (0, size(film)), "it is counted while it waits");
    server.keeps_files(2).await;
    let whole = with_receipt(&receipt).file("thumbnail", "still.png", "image/png", samples::png());
    ada.multipart(Method::POST, VIDEOS, whole).await.ok(201);
    server.keeps_files(3).await;
    server.is_consistent().await;
}

/// Of gigabytes that are announced the first ones are enough to say no.
#[tokio::test]
async fn a_ticket_that_is_used_up_is_refused_before_the_film_arrives() {
    let Some((server, ada, film)) = limited(|film| film * 10).await else { return };
    let ticket = sized(&ada, size(film)).await.ok(201);
    let receipt = sent(&server, &ticket, &film.bytes).await;
    ada.post(VIDEOS, &publication(&receipt)).await.ok(201);
    let begun = filled(&ticket, &film.bytes[..1000]).unfinished();
    let (length, kind) = (film.bytes.len() + 500, Form::content_type());
    let head = format!("POST /api/v1/media/direct-upload HTTP/1.1\r\nContent-Length: {length}\r\nContent-Type: {kind}");
    raw::ask(server.address(), &head, &begun).await.fails(404, code::UPLOAD_NOT_FOUND);
}
