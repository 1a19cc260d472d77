//! What holds for every answer, whatever was asked: forms, methods, slashes, HEAD, other origins.

use aviary_api::config::{CorsOrigins, SameSite};
use aviary_tests::{Reply, TestServer, code, raw};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn unknown_paths_are_404_in_the_failure_form() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for caller in [&server.guest(), &*ada] {
        for path in
            ["/nothing", "/users", "/videos/a/b/c", "/likes/toggle/x/0123456789abcdef01234567", "/../../etc/passwd"]
        {
            caller.get(path).await.fails(404, code::ROUTE_NOT_FOUND);
        }
        for path in ["/api", "/api/v2/videos", "/index.php", "/.env", "/media", "/%FF"] {
            caller.get(&caller.root(path)).await.fails(404, code::ROUTE_NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn wrong_methods_are_405_and_say_which_are_right() {
    let server = TestServer::start().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/users/login", "POST"),
        (Method::GET, "/users/register", "POST"),
        (Method::POST, "/healthcheck", "GET, HEAD"),
        (Method::PUT, "/videos", "GET, HEAD, POST"),
        (Method::POST, "/videos/0123456789abcdef01234567", "DELETE, GET, HEAD, PATCH"),
        (Method::GET, "/likes/toggle/v/0123456789abcdef01234567", "POST"),
        (Method::GET, "/users/update-avatar", "PATCH"),
    ] {
        let reply = server.guest().call(method, path).await;
        reply.fails(405, code::METHOD_NOT_ALLOWED);
        let mut names: Vec<_> = reply.header("allow").split(", ").collect();
        names.sort_unstable();
        assert_eq!(names.join(", "), allowed, "{reply}");
    }
    let guest = server.guest();
    guest.call(Method::POST, &guest.root("/")).await.fails(405, code::METHOD_NOT_ALLOWED);
    guest.call(Method::from_bytes(b"BREW").unwrap(), "/videos").await.fails(405, code::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn slashes_too_many_do_not_matter() {
    let server = TestServer::start().await;
    for path in ["/videos/", "//videos", "/videos//"] {
        assert_eq!(server.guest().get(path).await.ok(200)["totalDocs"], 0, "{path}");
    }
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for path in ["/videos", "/users/c/ada", "/users/current-user", "/healthcheck", "/users/watch-history", "/nothing"] {
        let (get, head) = (ada.get(path).await, ada.head(path).await);
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        if path != "/healthcheck" {
            assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        }
    }
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own() {
    let server = TestServer::start().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let reply = server.guest().get("/nothing").await;
        assert!(seen.insert(reply.header("x-request-id").to_owned()));
    }
}

/// Asks as a page of this origin would.
async fn from_page(server: &TestServer, method: Method, path: &str, origin: &str) -> Reply {
    let guest = server.guest();
    let mut request = guest.request(method.clone(), path).header("origin", origin);
    if method == Method::OPTIONS {
        request = request.header("access-control-request-method", "PATCH");
        request = request.header("access-control-request-headers", "authorization,content-type");
    }
    guest.send(request).await
}

#[tokio::test]
async fn listed_origins_may_call_with_cookies_and_others_may_not() {
    let friend = "http://localhost:3000";
    let server = TestServer::start_with(|settings| settings.cors = CorsOrigins::These(vec![friend.to_owned()])).await;
    for path in ["/videos", "/nothing"] {
        let reply = from_page(&server, Method::GET, path, friend).await;
        assert_eq!(reply.header("access-control-allow-origin"), friend, "{reply}");
        assert_eq!(reply.header("access-control-allow-credentials"), "true");
        assert!(reply.header("access-control-expose-headers").to_lowercase().contains("x-next-cursor"));
    }
    let preflight = from_page(&server, Method::OPTIONS, "/users/update-account", friend).await;
    assert!((200..300).contains(&preflight.status), "{preflight}");
    assert!(preflight.header("access-control-allow-methods").contains("PATCH"), "{preflight}");
    assert!(preflight.header("access-control-allow-headers").contains("authorization"), "{preflight}");
    for (method, path) in [(Method::GET, "/videos"), (Method::OPTIONS, "/users/update-account")] {
        let reply = from_page(&server, method, path, "https://evil.example").await;
        // Without this header browsers give the page nothing, whatever else is said.
        assert_eq!(reply.header("access-control-allow-origin"), "", "{reply}");
    }
}

#[tokio::test]
async fn any_origin_means_without_cookies() {
    let server = TestServer::start_with(|settings| settings.cors = CorsOrigins::Anyone).await;
    let reply = from_page(&server, Method::GET, "/videos", "https://anybody.example").await;
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn nonsense_instead_of_http_is_no_trouble() {
    let server = TestServer::start().await;
    for nonsense in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", &[0xff; 300]] {
        let answer = raw::exchange(server.address(), nonsense).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{:?}", String::from_utf8_lossy(&answer));
    }
    // Two lengths, or a length and chunks: how requests are smuggled past proxies.
    for twice in ["Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked"] {
        let request = format!("POST /api/v1/users/login HTTP/1.1\r\nHost: x\r\n{twice}\r\n\r\n{{}}   ");
        let answer = raw::exchange(server.address(), request.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 400") || answer.is_empty(), "{:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(server.guest().get("/healthcheck").await.status, 200);
}

#[tokio::test]
async fn json_and_forms_are_told_apart_by_their_content_type_alone() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let send = async |kind: &str, body: &'static [u8]| {
        let request = ada.request(Method::POST, "/tweets").header("content-type", kind).body(body);
        ada.send(request).await
    };
    send("application/json; charset=utf-8", b"{\"content\":\"x\"}").await.ok(201);
    send("APPLICATION/JSON", b"{\"content\":\"x\"}").await.ok(201);
    send("application/x-www-form-urlencoded; charset=UTF-8", b"content=x").await.ok(201);
    for kind in ["text/plain", "application/xml", "multipart/form-data", "nonsense", "application/jsonx"] {
        send(kind, b"{\"content\":\"x\"}").await.fails(415, code::UNSUPPORTED_MEDIA_TYPE);
    }
    send("application/json", b"content=x").await.fails(400, code::MALFORMED_BODY);
    let packed = ada.request(Method::POST, "/tweets").header("content-encoding", "gzip");
    ada.send(packed.json(&json!({ "content": "x" }))).await.fails(415, code::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(server.count("tweets"), 3);
}

#[tokio::test]
async fn where_other_sites_may_send_cookies_their_pages_must_be_listed() {
    let friend = "http://localhost:3000";
    let server = TestServer::start_with(|settings| {
        settings.cookies.same_site = SameSite::None;
        settings.cookies.secure = true;
        settings.cors = CorsOrigins::These(vec![friend.to_owned()]);
    })
    .await;
    let ada = server.person("ada").await;
    let tweet = async |origin: &str, cookie: bool| {
        let request = if cookie {
            let request = server.guest().request(Method::POST, "/tweets");
            request.header("cookie", format!("accessToken={}", ada.access))
        } else {
            ada.request(Method::POST, "/tweets")
        };
        ada.send(request.header("origin", origin).form(&[("content", "x")])).await
    };
    tweet("https://evil.example", true).await.fails(403, code::ORIGIN_NOT_ALLOWED);
    assert_eq!(server.count("tweets"), 0);
    tweet(friend, true).await.ok(201);
    // A bearer token is never sent by itself: who has it may use it from anywhere.
    tweet("https://evil.example", false).await.ok(201);
}

#[tokio::test]
async fn behind_tls_browsers_are_told_to_stay_there() {
    let server = TestServer::start_with(|settings| settings.public_url = Some("https://tube.example".to_owned())).await;
    for path in ["/videos", "/nothing"] {
        assert!(server.guest().get(path).await.header("strict-transport-security").contains("max-age="));
    }
}

#[tokio::test]
async fn a_stale_token_does_not_keep_anybody_from_signing_in() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let stale = server.guest().with_token("stale");
    let login = json!({ "username": "ada", "password": aviary_tests::people::PASSWORD });
    let request = stale.request(Method::POST, "/users/login").header("cookie", "accessToken=stale; refreshToken=stale");
    stale.send(request.json(&login)).await.ok(200);
    stale.post("/users/refresh-token", &json!({ "refreshToken": ada.refresh })).await.ok(200);
    stale.multipart(Method::POST, "/users/register", aviary_tests::people::registration("bob")).await.ok(201);
    stale.get("/healthcheck").await.ok(200);
}
