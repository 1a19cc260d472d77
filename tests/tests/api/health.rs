//! Health, the page at `/`, and the documentation pages.

use aviary_tests::{TestServer, code};

#[tokio::test]
async fn the_health_check_tells_status_version_and_uptime() {
    let server = TestServer::start().await;
    let health = server.guest().get("/healthcheck").await.ok(200);
    assert_eq!(health["status"], "ok");
    assert!(health["version"].as_str().is_some_and(|version| version.split('.').count() == 3), "{health}");
    assert!(health["uptime"].is_number(), "{health}");
}

#[tokio::test]
async fn the_front_page_says_what_runs_here_and_leads_on() {
    let server = TestServer::start().await;
    let guest = server.guest();
    let page = guest.get(&guest.root("/")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(text.contains("Aviary"));
    for link in text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let reply = guest.get(&guest.root(&format!("/{}", link.trim_start_matches('/')))).await;
        assert_eq!(reply.status, 200, "{reply}");
    }
}

#[tokio::test]
async fn the_documentation_loads_nothing_from_elsewhere() {
    let server = TestServer::start().await;
    let guest = server.guest();
    let index = guest.get(&guest.root("/docs/index.html")).await;
    assert_eq!(index.status, 200);
    let text = String::from_utf8(index.body.to_vec()).unwrap();
    let policy = index.header("content-security-policy");
    assert!(policy.contains("script-src 'self'") && !policy.contains("http"), "{policy}");
    for file in text.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css")) {
        assert!(!file.contains("//"), "{file} is loaded from elsewhere");
        let reply = guest.get(&guest.root(&format!("/docs/{}", file.trim_start_matches("./")))).await;
        assert_eq!(reply.status, 200, "{file}");
    }
    guest.get(&guest.root("/docs/nothing.js")).await.fails(404, code::ROUTE_NOT_FOUND);
}
