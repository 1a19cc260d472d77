//! Uploading videos: every container, with and without a still, and what happens on the way.

use aviary_tests::check::{assert_video, assert_video_detail};
use aviary_tests::samples::{FILM_SECONDS, FILM_SIZE};
use aviary_tests::{Form, TestServer, code, form, raw, samples};
use reqwest::Method;
use serde_json::json;

const VIDEOS: &str = "/videos";

#[tokio::test]
async fn an_uploaded_film_is_published_and_plays() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let form = form()
        .text("title", "  A film ")
        .text("description", "two\nlines")
        .file("videoFile", "../../etc/passwd.mp4", "application/octet-stream", &film.bytes)
        .file("thumbnail", "still.jpg", "image/jpeg", samples::jpeg());
    let video = ada.multipart(Method::POST, VIDEOS, form).await.ok(201);
    assert_video(&video);
    assert_eq!((&video["title"], &video["description"]), (&json!("A film"), &json!("two\nlines")));
    assert_eq!((&video["isPublished"], &video["views"]), (&json!(true), &json!(0)));
    assert_eq!((&video["likesCount"], &video["commentsCount"]), (&json!(0), &json!(0)));
    assert_eq!((&video["width"], &video["height"]), (&json!(FILM_SIZE.0), &json!(FILM_SIZE.1)));
    assert_eq!(video["bytes"], film.bytes.len());
    assert_eq!((&video["status"], &video["playbackUrl"]), (&json!("ready"), &json!("")));
    assert_eq!(video["owner"]["_id"], ada.id);
    assert!((video["duration"].as_f64().unwrap() - FILM_SECONDS).abs() < 0.2, "{video}");

    let played = server.guest().get(video["videoFile"].as_str().unwrap()).await;
    assert_eq!((played.status, played.header("content-type")), (200, "video/mp4"));
    assert!(played.body == film.bytes, "the film is served as it was uploaded");
    let still = server.guest().get(video["thumbnail"].as_str().unwrap()).await;
    assert_eq!((still.status, still.header("content-type")), (200, "image/jpeg"));
    let detail = server.guest().get(&format!("/videos/{}", video["_id"].as_str().unwrap())).await.ok(200);
    assert_video_detail(&detail);
    server.is_consistent().await;
}

#[tokio::test]
async fn a_still_is_taken_from_the_film_when_none_is_sent() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let form = form().file("videoFile", film.name, film.content_type, &film.bytes).text("title", "A film");
    let video = ada.multipart(Method::POST, VIDEOS, form).await.ok(201);
    assert_video(&video);
    assert_eq!(video["description"], "");
    let still = server.guest().get(video["thumbnail"].as_str().unwrap()).await;
    assert_eq!(still.status, 200);
    let still = image_size(&still.body);
    assert_eq!((u64::from(still.0), u64::from(still.1)), FILM_SIZE);
    server.is_consistent().await;
}

fn image_size(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(bytes).expect("a picture");
    (picture.width(), picture.height())
}

#[tokio::test]
async fn every_container_is_taken_and_served_as_what_it_is() {
    let films = [samples::mp4(), samples::mov(), samples::webm(), samples::mkv()];
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let types = ["video/mp4", "video/quicktime", "video/webm", "video/matroska"];
    for (film, kind) in films.into_iter().flatten().zip(types) {
        // The name and the type that the client claims do not matter.
        let claimed = samples::Film { name: "film", content_type: "text/plain", bytes: film.bytes.clone() };
        let video = ada.upload(film.name, &claimed).await;
        assert!((video["duration"].as_f64().unwrap() - FILM_SECONDS).abs() < 0.3, "{video}");
        let played = ada.head(video["videoFile"].as_str().unwrap()).await;
        assert_eq!((played.status, played.header("content-type")), (200, kind));
    }
}

#[tokio::test]
async fn title_and_film_are_required_and_every_mistake_is_told() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    ada.multipart(Method::POST, VIDEOS, form().text("note", "x")).await.fails_on(&["title", "videoFile"]);
    let long = form().text("title", &"x".repeat(201)).text("description", &"x".repeat(5001));
    ada.multipart(Method::POST, VIDEOS, long).await.fails_on(&["title", "description", "videoFile"]);
    // A film that was sent by itself is published without files.
    ada.post(VIDEOS, &json!({ "title": "x" })).await.fails_on(&["videoFile"]);
    ada.post(VIDEOS, &json!({ "title": 7, "version": "x", "upload": 7 }))
        .await
        .fails_on(&["title", "version", "upload"]);
    let text = ada.request(Method::POST, VIDEOS).header("content-type", "text/plain").body("x");
    ada.send(text).await.fails(415, code::UNSUPPORTED_MEDIA_TYPE);
    server.keeps_files(1).await;
}

#[tokio::test]
async fn a_film_over_the_limit_is_413_and_leaves_nothing() {
    let server = TestServer::start_with(|settings| {
        settings.max_video_bytes = 20_000;
        settings.max_image_bytes = 10_000;
    })
    .await;
    let ada = server.person("ada").await;
    let film = form().text("title", "x").file("videoFile", "x.mp4", "video/mp4", &[0; 20_001]);
    ada.multipart(Method::POST, VIDEOS, film).await.fails_with(413, code::FILE_TOO_LARGE, &["videoFile"]);
    let still = form().text("title", "x").file("thumbnail", "x.png", "image/png", &[0; 10_001]);
    ada.multipart(Method::POST, VIDEOS, still).await.fails_with(413, code::FILE_TOO_LARGE, &["thumbnail"]);
    let face = form().file("avatar", "x.png", "image/png", &[0; 10_001]);
    ada.multipart(Method::PATCH, "/users/avatar", face).await.fails_with(413, code::FILE_TOO_LARGE, &["avatar"]);
    server.keeps_files(1).await;
    assert_eq!(server.count("videos"), 0);
}

#[tokio::test]
async fn nobody_uploads_without_a_token_and_the_body_is_not_waited_for() {
    let server = TestServer::start().await;
    let small = form().text("title", "x");
    server.guest().multipart(Method::POST, VIDEOS, small).await.fails(401, code::MISSING_TOKEN);
    // The server answers though the promised gigabyte never comes.
    let kind = Form::content_type();
    let head = format!("POST /api/v1/videos HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: 1073741824");
    raw::ask(server.address(), &head, b"------").await.fails(401, code::MISSING_TOKEN);
    assert!(server.spooled_files().is_empty());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let head = |length: usize| {
        let (token, kind) = (&ada.access, Form::content_type());
        format!(
            "POST /api/v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    let half = form().text("title", "x").file("videoFile", "x.mp4", "video/mp4", &[7; 200_000]).unfinished();
    {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(head(half.len() + 1000).as_bytes()).await.unwrap();
        stream.write_all(&half).await.unwrap();
        aviary_tests::eventually("the upload is on its way", || !server.spooled_files().is_empty()).await;
    }
    server.keeps_files(1).await;
    assert_eq!(server.count("file_ledger"), 0);
    // The length is right but the last boundary is missing.
    let mut request = head(half.len()).into_bytes();
    request.extend_from_slice(&half);
    raw::parse("unfinished upload".to_owned(), &raw::exchange(server.address(), &request).await).checked().is_refused();
    server.keeps_files(1).await;
    assert_eq!(server.count("videos"), 0);
}

#[tokio::test]
async fn text_may_come_after_the_files() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let form = form()
        .file("thumbnail", "still.png", "image/png", samples::png())
        .file("videoFile", film.name, film.content_type, &film.bytes)
        .text("description", "after")
        .text("title", "Last");
    let video = ada.multipart(Method::POST, VIDEOS, form).await.ok(201);
    assert_eq!((&video["title"], &video["description"]), (&json!("Last"), &json!("after")));
}

#[tokio::test]
async fn fields_that_are_not_for_files_and_two_files_for_one_field_are_refused() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let unknown = form().text("title", "x").file("malware", "x.mp4", "video/mp4", &[1; 10]);
    ada.multipart(Method::POST, VIDEOS, unknown).await.fails_on(&["malware"]);
    let twice = form().file("avatar", "a.png", "image/png", samples::png());
    let twice = twice.file("avatar", "b.png", "image/png", samples::png());
    ada.multipart(Method::PATCH, "/users/avatar", twice).await.fails_on(&["avatar"]);
    server.keeps_files(1).await;
}

#[tokio::test]
async fn an_uploaded_film_outlives_a_restart() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = ada.upload("kept", film).await;
    let path = video["videoFile"].as_str().unwrap().split_once("/media/").unwrap().1.to_owned();
    let server = TestServer::start_over(server.stop().await, |_| {}).await;
    let guest = server.guest();
    assert!(guest.get(&guest.root(&format!("/media/{path}"))).await.body == film.bytes);
    server.is_consistent().await;
}
