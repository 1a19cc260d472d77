//! What is to be seen of a film that is on its way: nothing. A video, and with it a status, begins when its film is stored; before
//! that there is the request that sends it, or its ticket.

use aviary_tests::{Form, Person, TestServer, form, raw, samples};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Neither its owner nor anybody else sees a video, and none is counted.
async fn assert_nothing_seen(server: &TestServer, ada: &Person) {
    assert_eq!(ada.get("/dashboard/videos").await.ok(200), json!([]));
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalVideos"], 0);
    assert_eq!(ada.get("/users/current-user").await.ok(200)["storage"]["usedBytes"], 0);
    for caller in [ada, &server.guest()] {
        assert_eq!(caller.get(&format!("/videos?userId={}", ada.id)).await.ok(200)["docs"], json!([]));
    }
}

async fn assert_ready(ada: &Person, video: &Value) {
    let own = ada.get("/dashboard/videos").await.ok(200);
    assert_eq!(
        (own.as_array().map(Vec::len), &own[0]["_id"], &own[0]["status"]),
        (Some(1), &video["_id"], &json!("ready"))
    );
}

#[tokio::test]
async fn while_a_film_is_being_received_there_is_no_video() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let body = form().text("title", "A film").file("videoFile", film.name, film.content_type, &film.bytes).finished();
    let head = format!(
        "POST /api/v1/videos HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
        ada.access,
        Form::content_type(),
        body.len()
    );
    let (first, rest) = body.split_at(body.len() - 100);
    let mut upload = TcpStream::connect(server.address()).await.unwrap();
    upload.write_all(&[head.as_bytes(), first].concat()).await.unwrap();
    aviary_tests::eventually("the film is on its way", || !server.spooled_files().is_empty()).await;
    assert_nothing_seen(&server, &ada).await;
    upload.write_all(rest).await.unwrap();
    let mut answer = vec![];
    upload.read_to_end(&mut answer).await.unwrap();
    let video = raw::parse("the upload".to_owned(), &answer).checked().ok(201);
    assert_ready(&ada, &video).await;
    server.is_consistent().await;
}

#[tokio::test]
async fn between_a_ticket_and_its_confirmation_there_is_no_video() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let ticket = ada.post("/videos/direct-upload", &json!({ "contentType": "video/mp4" })).await.ok(201);
    assert_nothing_seen(&server, &ada).await;
    let fields = ticket["fields"].as_object().unwrap().iter();
    let sent = fields.fold(form(), |form, (name, value)| form.text(name, value.as_str().unwrap()));
    let sent = sent.file("file", film.name, film.content_type, &film.bytes);
    let receipt = server.guest().multipart(Method::POST, ticket["uploadUrl"].as_str().unwrap(), sent).await;
    assert_eq!(receipt.status, 200, "{receipt}");
    assert_nothing_seen(&server, &ada).await;
    let video = ada.post("/videos", &json!({ "title": "A film", "upload": receipt.json() })).await.ok(201);
    assert_ready(&ada, &video).await;
    server.is_consistent().await;
}
