//! The data folder: one process owns it, others cannot read it, and a server that stops finishes what it began.

use std::time::Duration;

use aviary_tests::{Form, TestServer, form, raw, samples};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_second_server_over_the_same_folder_is_refused() {
    let server = TestServer::start().await;
    let refusal = server.refusal().await;
    assert!(refusal.contains(server.folder().to_str().unwrap()), "it names the folder: {refusal}");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
    // The first one goes on, and the folder is free again after it.
    server.person("ada").await;
    let server = TestServer::start_over(server.stop().await, |_| {}).await;
    server.sign_in("ada").await;
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start().await;
    server.person("ada").await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&server.folder()), 0o700);
    for entry in std::fs::read_dir(server.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
    let made = server.folder().join("access-token.secret").is_file();
    assert_eq!(made, server.home().is_embedded(), "nodes that share a store share their secrets");
}

#[tokio::test]
async fn a_server_that_stops_finishes_the_upload_that_is_running() {
    let server = TestServer::start_with(|settings| settings.shutdown_timeout = Duration::from_secs(20)).await;
    let ada = server.person("ada").await;
    let address = server.address();
    let body = form().file("avatar", "me.png", "image/png", samples::png()).finished();
    let (first, rest) = body.split_at(body.len() - 20);
    let (kind, token) = (Form::content_type(), &ada.access);
    let head = format!(
        "PATCH /api/v1/users/avatar HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut upload = TcpStream::connect(address).await.unwrap();
    upload.write_all(head.as_bytes()).await.unwrap();
    upload.write_all(first).await.unwrap();
    aviary_tests::eventually("the upload is on its way", || !server.spooled_files().is_empty()).await;
    drop(ada);
    let stopping = tokio::spawn(server.stop());
    aviary_tests::eventually("nobody else gets in", || std::net::TcpStream::connect(address).is_err()).await;
    upload.write_all(rest).await.unwrap();
    let mut answer = vec![];
    upload.read_to_end(&mut answer).await.unwrap();
    raw::parse("the upload".to_owned(), &answer).checked().ok(200);
    let server = TestServer::start_over(stopping.await.unwrap(), |_| {}).await;
    assert_eq!(server.stored_files().len(), 1);
    server.is_consistent().await;
}

#[tokio::test]
async fn bodies_that_stop_arriving_are_given_up() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let silent = async |method: &str, path: &str, kind: &str, begun: Vec<u8>| {
        let token = &ada.access;
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
             Content-Length: 100000\r\n\r\n"
        );
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(&[head.as_bytes(), &begun].concat()).await.unwrap();
        let mut answer = vec![];
        let read = tokio::time::timeout(Duration::from_secs(40), stream.read_to_end(&mut answer)).await;
        read.expect("the server hangs up").unwrap();
        raw::parse(path.to_owned(), &answer).checked().fails(408, aviary_tests::code::REQUEST_TIMEOUT);
    };
    let film = form().text("title", "x").file("videoFile", "x.mp4", "video/mp4", &[7; 9000]).unfinished();
    let kind = Form::content_type();
    tokio::join!(
        silent("POST", "/tweets", "application/json", b"{\"content\":".to_vec()),
        silent("POST", "/videos", &kind, film),
    );
    server.keeps_files(1).await;
}
