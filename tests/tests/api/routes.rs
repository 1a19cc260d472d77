//! The contract's table of endpoints, and what holds for every row of it: who may ask, which ids are read, what is
//! absent. The tests of the single nouns say what the answers hold.

use aviary_tests::{Caller, Person, Reply, TestServer, code};
use reqwest::Method;
use serde_json::{Value, json};

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anybody,
    Optional,
    SignedIn,
}

/// A row of the table. Ids stand in the path in braces; a body, if one is needed, is in order.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    pub body: Option<Value>,
    /// The code of the 404 when the ids name nothing; `None` where there is nothing to be absent.
    pub absent: Option<&'static str>,
}

fn route(method: Method, path: &'static str, access: Access) -> Route {
    let absent = match path {
        "/users/history/{videoId}" => None,
        path if path.contains("{playlistId}") => Some(code::PLAYLIST_NOT_FOUND),
        path if path.contains("{commentId}") => Some(code::COMMENT_NOT_FOUND),
        path if path.contains("{tweetId}") => Some(code::TWEET_NOT_FOUND),
        path if path.contains("{videoId}") => Some(code::VIDEO_NOT_FOUND),
        path if path.contains("{channelId}") => Some(code::CHANNEL_NOT_FOUND),
        path if path.contains("{userId}") || path.contains("{subscriberId}") => Some(code::USER_NOT_FOUND),
        _ => None,
    };
    let body = match (&method, path) {
        (&Method::PATCH, "/videos/{videoId}") => Some(json!({ "title": "title" })),
        (&Method::PATCH, "/playlist/{playlistId}") => Some(json!({ "name": "name" })),
        (&Method::PATCH, "/tweets/{tweetId}" | "/comments/c/{commentId}") => Some(json!({ "content": "text" })),
        (&Method::POST, "/comments/{videoId}" | "/tweets") => Some(json!({ "content": "text" })),
        _ => None,
    };
    Route { method, path, access, body, absent }
}

/// Every endpoint of the contract.
pub fn table() -> Vec<Route> {
    use Access::{Anybody, Optional, SignedIn};
    let (get, post, put, patch, delete) = (Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE);
    let mut table = vec![
        route(post.clone(), "/users/register", Anybody),
        route(post.clone(), "/users/login", Anybody),
        route(post.clone(), "/users/logout", SignedIn),
        route(post.clone(), "/users/refresh-token", Anybody),
        route(post.clone(), "/users/change-password", SignedIn),
        route(get.clone(), "/users/current-user", SignedIn),
        route(patch.clone(), "/users/update-account", SignedIn),
        route(patch.clone(), "/users/avatar", SignedIn),
        route(patch.clone(), "/users/cover-image", SignedIn),
        route(get.clone(), "/users/c/{username}", Optional),
        route(get.clone(), "/users/history", SignedIn),
        route(delete.clone(), "/users/history", SignedIn),
        route(delete.clone(), "/users/history/{videoId}", SignedIn),
        route(get.clone(), "/videos", Optional),
        route(post.clone(), "/videos", SignedIn),
        route(get.clone(), "/videos/{videoId}", Optional),
        route(patch.clone(), "/videos/{videoId}", SignedIn),
        route(delete.clone(), "/videos/{videoId}", SignedIn),
        route(patch.clone(), "/videos/toggle/publish/{videoId}", SignedIn),
        route(post.clone(), "/videos/{videoId}/reprocess", SignedIn),
        route(post.clone(), "/videos/direct-upload", SignedIn),
        route(post.clone(), "/media/direct-upload", Anybody),
        route(post.clone(), "/media/cloudinary/webhook", Anybody),
        route(post.clone(), "/tweets", SignedIn),
        route(get.clone(), "/tweets", Optional),
        route(get.clone(), "/tweets/user/{userId}", Optional),
        route(patch.clone(), "/tweets/{tweetId}", SignedIn),
        route(delete.clone(), "/tweets/{tweetId}", SignedIn),
        route(post.clone(), "/subscriptions/c/{channelId}", SignedIn),
        route(get.clone(), "/subscriptions/c/{channelId}", Optional),
        route(put.clone(), "/subscriptions/c/{channelId}", SignedIn),
        route(delete.clone(), "/subscriptions/c/{channelId}", SignedIn),
        route(get.clone(), "/subscriptions/u/{subscriberId}", Optional),
        route(post.clone(), "/playlist", SignedIn),
        route(get.clone(), "/playlist/{playlistId}", Optional),
        route(patch.clone(), "/playlist/{playlistId}", SignedIn),
        route(delete.clone(), "/playlist/{playlistId}", SignedIn),
        route(patch.clone(), "/playlist/add/{videoId}/{playlistId}", SignedIn),
        route(patch, "/playlist/remove/{videoId}/{playlistId}", SignedIn),
        route(get.clone(), "/playlist/user/{userId}", Optional),
        route(get.clone(), "/likes/videos", SignedIn),
        route(get.clone(), "/comments/{videoId}", Optional),
        route(post.clone(), "/comments/{videoId}", SignedIn),
        route(Method::PATCH, "/comments/c/{commentId}", SignedIn),
        route(delete.clone(), "/comments/c/{commentId}", SignedIn),
        route(get.clone(), "/dashboard/stats", SignedIn),
        route(get.clone(), "/dashboard/videos", SignedIn),
        route(get, "/healthcheck", Anybody),
    ];
    for target in ["v/{videoId}", "c/{commentId}", "t/{tweetId}"] {
        let (toggle, path) = (format!("/likes/toggle/{target}").leak(), format!("/likes/{target}").leak());
        table.push(route(post.clone(), toggle, SignedIn));
        table.push(route(put.clone(), path, SignedIn));
        table.push(route(delete.clone(), path, SignedIn));
    }
    table
}

/// The path with every id replaced.
pub fn fill(path: &str, id: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { id } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

const ABSENT: &str = "0123456789abcdef01234567";

async fn ask(caller: &Caller, route: &Route, id: &str) -> Reply {
    let mut request = caller.request(route.method.clone(), &fill(route.path, id));
    if let Some(body) = &route.body {
        request = request.json(body);
    }
    caller.send(request).await
}

async fn stage() -> (TestServer, Person) {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    (server, ada)
}

#[tokio::test]
async fn who_must_sign_in_is_told_so_before_anything_else() {
    let (server, _) = stage().await;
    for route in table().iter().filter(|route| route.access == Access::SignedIn) {
        // Nobody learns what is absent, malformed or missing without a token.
        for id in [ABSENT, "nonsense"] {
            let reply = ask(&server.guest(), route, id).await;
            reply.fails(401, code::MISSING_TOKEN);
            assert!(reply.header("www-authenticate").starts_with("Bearer"), "{reply}");
        }
    }
}

#[tokio::test]
async fn a_bad_token_is_401_wherever_a_token_is_looked_at() {
    let (server, ada) = stage().await;
    let bad = server.guest().with_token("nonsense");
    for route in table().iter().filter(|route| route.access != Access::Anybody) {
        ask(&bad, route, ABSENT).await.fails(401, code::INVALID_TOKEN);
        // The cookie goes first, bad or not.
        let request =
            ada.request(route.method.clone(), &fill(route.path, ABSENT)).header("cookie", "accessToken=nonsense");
        ada.send(request).await.fails(401, code::INVALID_TOKEN);
    }
}

#[tokio::test]
async fn guests_reach_what_is_public() {
    let (server, _) = stage().await;
    for route in table().iter().filter(|route| route.access == Access::Optional) {
        let reply = ask(&server.guest(), route, ABSENT).await;
        assert!(matches!(reply.status, 200 | 404), "{reply}");
    }
}

#[tokio::test]
async fn what_is_absent_is_404_with_the_noun_that_is_missing() {
    let (server, ada) = stage().await;
    let before = server.rows();
    for route in table() {
        let Some(code) = route.absent else { continue };
        for id in [ABSENT, "ABCDEFABCDEFABCDEFABCDEF"] {
            ask(&ada, &route, id).await.fails(404, code);
        }
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn malformed_ids_are_400_of_every_wrong_shape() {
    let (server, ada) = stage().await;
    let before = server.rows();
    let shapes = [
        "1",
        "0123456789abcdef0123456",
        "0123456789abcdef012345678",
        "0123456789abcdef0123456z",
        "0123456789abcdef%200123456",
        "%000123456789abcdef0123456",
        "undefined",
        "null",
        "[object%20Object]",
        "-1",
        "%F0%9F%8E%89%F0%9F%8E%89%F0%9F%8E%89%F0%9F%8E%89%F0%9F%8E%89%F0%9F%8E%89",
        "0123456789abcdef01234567%00",
        "'%20OR%201=1%20--",
        "{$ne:null}",
        &"a".repeat(3000),
    ];
    for route in table().iter().filter(|route| route.path.contains("Id}")) {
        for shape in shapes {
            let reply = ask(&ada, route, shape).await;
            let failure = reply.fails(400, code::INVALID_ID);
            let field = failure["errors"][0]["field"].as_str().expect("a field");
            assert!(route.path.contains(&format!("{{{field}}}")), "{reply}");
        }
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn ids_are_read_in_either_case() {
    let (server, ada) = stage().await;
    let video = server.video(&ada, "film").await;
    let shown = ada.get(&format!("/videos/{}", video.to_uppercase())).await.ok(200);
    assert_eq!(shown["_id"], video);
}

#[tokio::test]
async fn answers_with_personal_data_are_not_stored_by_caches() {
    let (_server, ada) = stage().await;
    for route in table().iter().filter(|route| route.access != Access::Anybody && route.path != "/users/logout") {
        let reply = ask(&ada, route, &ada.id).await;
        assert_eq!(reply.header("cache-control"), "no-store", "{reply}");
    }
}
