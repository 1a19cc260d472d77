//! Stored files as browsers fetch them: ranges, conditions, caching, and that nothing in them is ever run.

use aviary_tests::{Caller, Reply, TestServer, code, samples};
use reqwest::Method;

struct Film {
    server: TestServer,
    url: String,
    bytes: Vec<u8>,
}

/// A stored file. A picture will do: files are served alike whatever they hold.
async fn film() -> Film {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let url = ada.get("/users/current-user").await.ok(200)["avatar"].as_str().unwrap().to_owned();
    let bytes = server.guest().get(&url).await.body.to_vec();
    assert!(bytes.len() > 100);
    Film { server, url, bytes }
}

async fn fetch(caller: &Caller, url: &str, headers: &[(&str, &str)]) -> Reply {
    let request =
        headers.iter().fold(caller.request(Method::GET, url), |request, (name, value)| request.header(*name, *value));
    caller.send(request).await
}

#[tokio::test]
async fn a_file_is_served_inert_and_cacheable() {
    let Film { server, url, bytes } = film().await;
    let reply = server.guest().get(&url).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "image/png");
    assert_eq!(reply.header("content-length"), bytes.len().to_string());
    assert_eq!(reply.header("accept-ranges"), "bytes");
    // Not for long: who may fetch it may change.
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    assert!(reply.header("content-security-policy").contains("default-src 'none'"));
    assert!(reply.header("content-security-policy").contains("sandbox"));
    assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
    let tag = reply.header("etag");
    assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong tag: {tag}");
    let head = server.guest().head(&url).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-type", "content-length", "accept-ranges", "etag", "cache-control"] {
        assert_eq!(head.header(name), reply.header(name), "{name}");
    }
}

#[tokio::test]
async fn parts_are_served_as_asked() {
    let Film { server, url, bytes } = film().await;
    let length = bytes.len();
    let last = length - 1;
    for (range, first, end) in [
        ("bytes=0-9".to_owned(), 0, 9),
        ("bytes=5-5".to_owned(), 5, 5),
        ("bytes=10-".to_owned(), 10, last),
        (format!("bytes=10-{}", length + 500), 10, last),
        ("bytes=-7".to_owned(), length - 7, last),
        (format!("bytes=-{}", length + 500), 0, last),
        (format!("bytes={last}-"), last, last),
        ("bytes=0-".to_owned(), 0, last),
        ("Bytes= 0-0".to_owned(), 0, 0),
    ] {
        let reply = fetch(&server.guest(), &url, &[("range", &range)]).await;
        assert_eq!(reply.status, 206, "{range}: {reply}");
        assert_eq!(reply.header("content-range"), format!("bytes {first}-{end}/{length}"), "{range}");
        assert_eq!(reply.header("content-length"), (end - first + 1).to_string(), "{range}");
        assert!(reply.body == bytes[first..=end], "{range}");
    }
}

#[tokio::test]
async fn parts_outside_the_file_are_416() {
    let Film { server, url, bytes } = film().await;
    for range in [format!("bytes={}-", bytes.len()), "bytes=999999999-".to_owned(), "bytes=-0".to_owned()] {
        let reply = fetch(&server.guest(), &url, &[("range", &range)]).await;
        reply.fails(416, code::RANGE_NOT_SATISFIABLE);
        assert_eq!(reply.header("content-range"), format!("bytes */{}", bytes.len()), "{range}");
    }
}

#[tokio::test]
async fn ranges_that_are_none_are_ignored_and_several_get_the_whole() {
    let Film { server, url, bytes } = film().await;
    for range in
        ["bytes=9-5", "bytes=a-b", "bytes", "lines=1-2", "bytes=0-1,5-6", "bytes=--1", "bytes=99999999999999999999999-"]
    {
        let reply = fetch(&server.guest(), &url, &[("range", range)]).await;
        let outside = reply.status == 416 && range.contains("999");
        assert!(outside || (reply.status == 200 && reply.body == bytes), "{range}: {}", reply.status);
    }
}

#[tokio::test]
async fn conditions_are_judged_by_the_tag() {
    let Film { server, url, bytes } = film().await;
    let guest = server.guest();
    let tag = guest.get(&url).await.header("etag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let reply = fetch(&guest, &url, &[("if-none-match", &known)]).await;
        assert_eq!((reply.status, reply.body.len()), (304, 0), "{known}");
        assert_eq!(reply.header("etag"), tag);
        assert_eq!(reply.header("cache-control"), "public, max-age=300");
    }
    assert_eq!(fetch(&guest, &url, &[("if-none-match", "\"x\"")]).await.status, 200);
    let part = [("range", "bytes=0-3"), ("if-range", tag.as_str())];
    assert_eq!(fetch(&guest, &url, &part).await.status, 206);
    for other in ["\"x\"", "Sun, 22 Nov 2026 17:34:43 GMT"] {
        let reply = fetch(&guest, &url, &[("range", "bytes=0-3"), ("if-range", other)]).await;
        assert_eq!((reply.status, reply.body.len()), (200, bytes.len()), "{other}");
    }
    fetch(&guest, &url, &[("if-match", "\"x\"")]).await.fails(412, code::PRECONDITION_FAILED);
}

#[tokio::test]
async fn what_is_not_there_is_404_and_nothing_else_of_the_disk_is_reached() {
    let Film { server, url, .. } = film().await;
    let guest = server.guest();
    let (folder, name) = url.rsplit_once('/').unwrap();
    for url in [
        format!("{folder}/{}.png", "0".repeat(32)),
        format!("{folder}/{}", name.to_uppercase()),
        format!("{folder}/{name}.bak"),
        format!("{folder}/{}", name.replace(".png", ".mp4")),
        format!("{folder}/"),
        guest.root("/media/"),
        guest.root("/media/tmp/x"),
        guest.root("/media/images/..%2f..%2faviary.sqlite3"),
        guest.root("/media/..%2faviary.sqlite3"),
        guest.root("/media/%2e%2e/aviary.sqlite3"),
        guest.root("/media/images/%00"),
    ] {
        let reply = guest.get(&url).await;
        reply.is_refused();
        assert_eq!(reply.status, 404, "{reply}");
    }
    let reply = guest.call(Method::POST, &url).await;
    reply.fails(405, code::METHOD_NOT_ALLOWED);
    assert_eq!(reply.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn no_path_written_by_hand_leaves_the_folder() {
    let server = TestServer::start().await;
    for path in [
        "/media/../aviary.sqlite3",
        "/media/images/../../access-token.secret",
        "/../aviary.sqlite3",
        "/media//etc/passwd",
    ] {
        let reply = aviary_tests::raw::ask(server.address(), &format!("GET {path} HTTP/1.1"), b"").await;
        assert_eq!(reply.status, 404, "{reply}");
    }
}

#[tokio::test]
async fn a_film_can_be_sought() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let url = ada.upload("film", film).await["videoFile"].as_str().unwrap().to_owned();
    let middle = film.bytes.len() / 2;
    let reply = fetch(&server.guest(), &url, &[("range", &format!("bytes={middle}-"))]).await;
    assert_eq!((reply.status, reply.header("content-type")), (206, "video/mp4"));
    assert!(reply.body == film.bytes[middle..]);
}

#[tokio::test]
async fn urls_begin_with_the_public_url() {
    let server =
        TestServer::start_with(|settings| settings.public_url = Some("http://tube.example/sub".to_owned())).await;
    let ada = server.person("ada").await;
    let avatar = ada.get("/users/current-user").await.ok(200)["avatar"].clone();
    assert!(avatar.as_str().unwrap().starts_with("http://tube.example/sub/media/images/"), "{avatar}");
}
