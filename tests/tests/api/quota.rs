//! What the files of one user's videos may have together: shown, kept to the byte, and given back.

use aviary_tests::people::id;
use aviary_tests::samples::Film;
use aviary_tests::{Form, Person, Reply, TestServer, code, form, raw, samples};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const VIDEOS: &str = "/videos";

/// A server where users may have this many bytes; `None` where no film can be made.
async fn limited(quota: impl FnOnce(u64) -> u64) -> Option<(TestServer, Person, &'static Film)> {
    let film = samples::mp4()?;
    let quota = quota(film.bytes.len().try_into().unwrap());
    let server = TestServer::start_with(|settings| settings.storage_quota = Some(quota)).await;
    let ada = server.person("ada").await;
    Some((server, ada, film))
}

async fn storage(person: &Person) -> Value {
    person.get("/users/current-user").await.ok(200)["storage"].take()
}

async fn used(person: &Person) -> u64 {
    storage(person).await["usedBytes"].as_u64().unwrap()
}

fn film_form(film: &Film) -> Form {
    form().text("title", "film").file("videoFile", film.name, film.content_type, &film.bytes).file(
        "thumbnail",
        "still.png",
        "image/png",
        samples::png(),
    )
}

/// How large a file is as it is stored.
async fn stored(person: &Person, url: &Value) -> u64 {
    person.head(url.as_str().unwrap()).await.header("content-length").parse().unwrap()
}

#[tokio::test]
async fn what_films_and_stills_take_is_shown_and_given_back() {
    let Some((server, ada, film)) = limited(|film| film * 10).await else { return };
    let quota = u64::try_from(film.bytes.len()).unwrap() * 10;
    assert_eq!(storage(&ada).await, json!({ "usedBytes": 0, "reservedBytes": 0, "quotaBytes": quota }));
    let video = ada.upload("film", film).await;
    let both = stored(&ada, &video["videoFile"]).await + stored(&ada, &video["thumbnail"]).await;
    assert_eq!(used(&ada).await, both);
    // A larger still, then the smaller one again.
    let path = format!("/videos/{}", id(&video));
    let large = samples::picture(image::ImageFormat::Png, 200, 100, 7);
    for picture in [large.as_slice(), samples::png()] {
        let still = form().file("thumbnail", "still.png", "image/png", picture);
        let changed = ada.multipart(Method::PATCH, &path, still).await.ok(200);
        let bytes = stored(&ada, &changed["videoFile"]).await + stored(&ada, &changed["thumbnail"]).await;
        assert_eq!(used(&ada).await, bytes);
    }
    assert_eq!(used(&ada).await, both);
    // Hiding it changes nothing; pictures of the account are not counted.
    ada.toggle_published(&id(&video)).await;
    let face = form().file("avatar", "me.png", "image/png", &large);
    ada.multipart(Method::PATCH, "/users/avatar", face).await.ok(200);
    assert_eq!(used(&ada).await, both);
    ada.delete(&path).await.ok(200);
    assert_eq!(used(&ada).await, 0);
    server.is_consistent().await;
}

#[tokio::test]
async fn what_does_not_fit_is_413_and_leaves_nothing() {
    let Some((server, ada, film)) = limited(|film| film * 2).await else { return };
    ada.upload("first", film).await;
    let before = used(&ada).await;
    ada.multipart(Method::POST, VIDEOS, film_form(film)).await.fails(413, code::QUOTA_EXCEEDED);
    assert_eq!((used(&ada).await, server.count("videos")), (before, 1));
    // Others have a quota of their own.
    let bob = server.person("bob").await;
    let video = bob.upload("his", film).await;
    // The film fits, its still does not.
    let quota = storage(&bob).await["quotaBytes"].as_u64().unwrap();
    let noise: Vec<u8> = film.bytes.iter().chain(&film.bytes).copied().cycle().take(3 * 300 * 300).collect();
    let noise = image::RgbImage::from_raw(300, 300, noise).unwrap();
    let mut large = std::io::Cursor::new(vec![]);
    noise.write_to(&mut large, image::ImageFormat::Png).unwrap();
    assert!(u64::try_from(large.get_ref().len()).unwrap() > quota);
    let still = form().file("thumbnail", "still.png", "image/png", large.get_ref());
    let path = format!("/videos/{}", id(&video));
    bob.multipart(Method::PATCH, &path, still).await.fails(413, code::QUOTA_EXCEEDED);
    assert_eq!(bob.get(&path).await.ok(200)["thumbnail"], video["thumbnail"]);
    server.keeps_files(6).await;
    server.is_consistent().await;
}

#[tokio::test]
async fn a_film_that_cannot_fit_is_refused_while_it_arrives() {
    let Some((server, ada, film)) = limited(|film| film * 2).await else { return };
    ada.upload("first", film).await;
    let head = |length: &str| {
        let (kind, token) = (Form::content_type(), &ada.access);
        format!("POST /api/v1/videos HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n{length}")
    };
    // Announced, before a byte of it is sent …
    let announced = raw::ask(server.address(), &head("Content-Length: 1073741824"), b"------").await;
    announced.fails(413, code::QUOTA_EXCEEDED);
    // … and not announced, as soon as there is too much of it.
    let begun = form().text("title", "x").file("videoFile", "x.mp4", "video/mp4", &vec![7; film.bytes.len() * 2]);
    let begun = begun.unfinished();
    let chunk = [format!("{:x}\r\n", begun.len()).as_bytes(), &begun, b"\r\n"].concat();
    let head = format!("{}\r\nHost: x\r\nConnection: close\r\n\r\n", head("Transfer-Encoding: chunked"));
    let answer = raw::exchange(server.address(), &[head.as_bytes(), &chunk].concat()).await;
    raw::parse("a chunked film".to_owned(), &answer).checked().fails(413, code::QUOTA_EXCEEDED);
    server.keeps_files(3).await;
    // When nothing fits any more nothing is read at all.
    let Some((server, ada, film)) = limited(|_| 1).await else { return };
    ada.multipart(Method::POST, VIDEOS, film_form(film)).await.fails(413, code::QUOTA_EXCEEDED);
    server.keeps_files(1).await;
}

#[tokio::test]
async fn of_many_films_at_once_only_so_many_are_taken_as_fit() {
    let Some((server, ada, film)) = limited(|film| film * 3 + film / 2).await else { return };
    let send = async || ada.multipart(Method::POST, VIDEOS, film_form(film)).await;
    let replies: Vec<Reply> = join_all((0..8).map(|_| send())).await;
    let (taken, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((taken.len(), refused.len()), (3, 5));
    for reply in refused {
        reply.fails(413, code::QUOTA_EXCEEDED);
    }
    let storage = storage(&ada).await;
    assert!(storage["usedBytes"].as_u64() <= storage["quotaBytes"].as_u64(), "{storage}");
    server.keeps_files(7).await;
    server.is_consistent().await;
}

#[tokio::test]
async fn a_request_that_filled_the_quota_is_answered_again_with_its_key() {
    let Some((server, ada, film)) = limited(|film| film + film / 2).await else { return };
    let send = async |key: &'static str| {
        let request = ada.request(Method::POST, VIDEOS).header("idempotency-key", key);
        ada.send(request.header("content-type", Form::content_type()).body(film_form(film).finished())).await
    };
    let first = send("one").await;
    first.ok(201);
    let again = send("one").await;
    assert_eq!((again.status, again.header("idempotent-replayed"), &again.body), (201, "true", &first.body));
    send("two").await.fails(413, code::QUOTA_EXCEEDED);
    assert_eq!(server.count("videos"), 1);
}

#[tokio::test]
async fn a_quota_can_be_off_and_can_become_smaller() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start_with(|settings| settings.storage_quota = None).await;
    let ada = server.person("ada").await;
    let video = ada.upload("film", film).await;
    let storage_off = storage(&ada).await;
    assert_eq!(storage_off["quotaBytes"], Value::Null);
    let used_before = used(&ada).await;
    assert!(used_before > u64::try_from(film.bytes.len()).unwrap());
    let server = TestServer::start_over(server.stop().await, |settings| settings.storage_quota = Some(1000)).await;
    let ada = server.sign_in("ada").await;
    assert_eq!(storage(&ada).await, json!({ "usedBytes": used_before, "reservedBytes": 0, "quotaBytes": 1000 }));
    ada.multipart(Method::POST, VIDEOS, film_form(film)).await.fails(413, code::QUOTA_EXCEEDED);
    // What is there stays, and can be changed where that takes no more.
    let path = format!("/videos/{}", id(&video));
    ada.patch(&path, &json!({ "title": "still here" })).await.ok(200);
    ada.delete(&path).await.ok(200);
    assert_eq!(used(&ada).await, 0);
}
