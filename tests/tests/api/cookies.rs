//! Browsers whose cookies are over: they are told to drop them, and can sign out and go on.

use aviary_tests::people::PASSWORD;
use aviary_tests::{Caller, Reply, TestServer, code};
use reqwest::Method;
use serde_json::{Value, json};

/// Sends a request with these cookies alone.
async fn browse(guest: &Caller, method: Method, path: &str, cookies: &str, body: Option<Value>) -> Reply {
    let request = guest.request(method, path).header("cookie", cookies);
    guest.send(body.iter().fold(request, |request, body| request.json(body))).await
}

/// The names of the cookies that an answer makes the browser drop.
fn dropped(reply: &Reply) -> Vec<&str> {
    let cookies =
        reply.headers("set-cookie").into_iter().filter(|cookie| cookie.contains("=; ") && cookie.contains("Max-Age=0"));
    cookies.filter_map(|cookie| cookie.split('=').next()).collect()
}

async fn sign_in(guest: &Caller) -> (String, String) {
    let data = guest.post("/users/login", &json!({ "username": "ada", "password": PASSWORD })).await.ok(200);
    let token = |name: &str| data[name].as_str().expect("a token").to_owned();
    (token("accessToken"), token("refreshToken"))
}

#[tokio::test]
async fn a_cookie_of_an_ended_session_is_dropped_and_the_public_part_is_there_again() {
    let server = TestServer::start().await;
    server.person("ada").await;
    let guest = server.guest();
    let (access, _) = sign_in(&guest).await;
    guest.with_token(&access).push("/users/logout").await.ok(200);
    let reply = browse(&guest, Method::GET, "/videos", &format!("accessToken={access}"), None).await;
    reply.fails(401, code::SESSION_ENDED);
    assert_eq!(dropped(&reply), ["accessToken"]);
    browse(&guest, Method::GET, "/videos", "accessToken=", None).await.ok(200);
    let by_header = guest.with_token(&access).get("/videos").await;
    by_header.fails(401, code::SESSION_ENDED);
    assert!(by_header.headers("set-cookie").is_empty(), "nobody asked with a cookie");
}

#[tokio::test]
async fn a_refresh_cookie_that_is_over_is_dropped_and_hides_no_good_token() {
    let server = TestServer::start().await;
    server.person("ada").await;
    let guest = server.guest();
    let (access, stale) = sign_in(&guest).await;
    guest.with_token(&access).push("/users/logout").await.ok(200);
    let stale = format!("refreshToken={stale}");
    let reply = browse(&guest, Method::POST, "/users/refresh-token", &stale, None).await;
    reply.fails(401, code::SESSION_ENDED);
    assert_eq!(dropped(&reply), ["refreshToken"]);
    let (_, good) = sign_in(&guest).await;
    let body = json!({ "refreshToken": good });
    browse(&guest, Method::POST, "/users/refresh-token", &stale, Some(body)).await.ok(200);
}

#[tokio::test]
async fn a_browser_whose_access_cookie_is_gone_can_sign_out() {
    let server = TestServer::start().await;
    server.person("ada").await;
    let guest = server.guest();
    let (access, refresh) = sign_in(&guest).await;
    let reply = browse(&guest, Method::POST, "/users/logout", &format!("refreshToken={refresh}"), None).await;
    reply.ok(200);
    assert_eq!(dropped(&reply), ["accessToken", "refreshToken"]);
    guest.with_token(&access).get("/users/current-user").await.fails(401, code::SESSION_ENDED);
    let reply = browse(&guest, Method::POST, "/users/logout", "refreshToken=nonsense", None).await;
    reply.fails(401, code::INVALID_TOKEN);
    assert_eq!(dropped(&reply), ["refreshToken"]);
}

#[tokio::test]
async fn a_form_with_one_box_signs_in_whatever_was_typed() {
    let server = TestServer::start().await;
    server.person("ada").await;
    for typed in ["ada", " Ada@Example.org "] {
        for body in
            [json!({ "email": typed }), json!({ "username": typed }), json!({ "email": typed, "username": typed })]
        {
            let mut body = body;
            body["password"] = json!(PASSWORD);
            server.guest().post("/users/login", &body).await.ok(200);
        }
    }
}

#[tokio::test]
async fn guesses_count_for_the_account_by_whichever_name_and_for_the_old_password_too() {
    let server = TestServer::start_with(|settings| settings.rate_limits = true).await;
    let ada = server.person("ada").await;
    for turn in 0..10 {
        let wrong = json!({ "oldPassword": "not this one", "newPassword": "a new password" });
        match turn % 3 {
            0 => drop(ada.post("/users/change-password", &wrong).await.fails(400, code::INVALID)),
            1 => drop(
                server
                    .guest()
                    .post("/users/login", &json!({ "username": "ada", "password": "wrong" }))
                    .await
                    .fails(401, code::WRONG_CREDENTIALS),
            ),
            _ => drop(
                server
                    .guest()
                    .post("/users/login", &json!({ "email": "ada@example.org", "password": "wrong" }))
                    .await
                    .fails(401, code::WRONG_CREDENTIALS),
            ),
        }
    }
    let wrong = json!({ "oldPassword": PASSWORD, "newPassword": "a new password" });
    ada.post("/users/change-password", &wrong).await.fails(429, code::TOO_MANY_ATTEMPTS);
    server
        .guest()
        .post("/users/login", &json!({ "username": "ada", "password": PASSWORD }))
        .await
        .fails(429, code::TOO_MANY_ATTEMPTS);
}
