//! Signing in and out, staying signed in, changing the password.

use aviary_tests::check::assert_user;
use aviary_tests::people::PASSWORD;
use aviary_tests::{Caller, Person, Reply, TestServer, assert_fields, code};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

const LOGIN: &str = "/users/login";
const REFRESH: &str = "/users/refresh-token";

fn claims(token: &Value) -> Value {
    let token = token.as_str().expect("a token");
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("claims")
}

/// The cookies that an answer sets: name to (value, attributes).
fn cookie<'a>(reply: &'a Reply, name: &str) -> (&'a str, Vec<&'a str>) {
    let cookies = reply.headers("set-cookie");
    let cookie = cookies.into_iter().find(|cookie| cookie.starts_with(&format!("{name}=")));
    let mut parts = cookie.unwrap_or_else(|| panic!("no cookie {name}")).split("; ");
    let value = parts.next().and_then(|pair| pair.split_once('=')).expect("a value").1;
    (value, parts.collect())
}

async fn refresh(caller: &Caller, token: &str) -> Reply {
    caller.post(REFRESH, &json!({ "refreshToken": token })).await
}

async fn works(caller: &Caller) -> bool {
    let reply = caller.get("/users/current-user").await;
    if reply.status == 200 {
        return true;
    }
    reply.fails(401, code::SESSION_ENDED);
    false
}

#[tokio::test]
async fn signing_in_answers_with_user_and_tokens_and_sets_both_cookies() {
    let server = TestServer::start().await;
    server.person("ada").await;
    let reply = server.guest().post(LOGIN, &json!({ "email": " ADA@example.org", "password": PASSWORD })).await;
    let data = reply.ok(200);
    assert_fields(&data, &["user", "accessToken", "refreshToken"]);
    assert_user(&data["user"]);
    assert_eq!(reply.header("cache-control"), "no-store");
    for (name, life) in [("accessToken", 86_400), ("refreshToken", 864_000)] {
        let (value, attributes) = cookie(&reply, name);
        assert_eq!(data[name], value);
        let age = format!("Max-Age={life}");
        for attribute in ["HttpOnly", "Path=/", "SameSite=Lax", age.as_str()] {
            assert!(attributes.contains(&attribute), "{name}: {attributes:?} lacks {attribute}");
        }
        assert!(!attributes.contains(&"Secure"), "the tests switch it off");
    }
}

#[tokio::test]
async fn cookies_are_secure_unless_the_operator_says_otherwise() {
    let server = TestServer::start_with(|settings| settings.cookies.secure = true).await;
    server.person("ada").await;
    let reply = server.guest().post(LOGIN, &json!({ "username": "ada", "password": PASSWORD })).await;
    for name in ["accessToken", "refreshToken"] {
        assert!(cookie(&reply, name).1.contains(&"Secure"));
    }
}

#[tokio::test]
async fn an_access_token_says_who_and_nothing_secret() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let access = claims(&json!(ada.access));
    for claim in ["_id", "email", "username", "fullName", "iat", "exp", "sid"] {
        assert!(!access[claim].is_null(), "{claim} of {access}");
    }
    assert_eq!((&access["_id"], &access["username"]), (&json!(ada.id), &json!("ada")));
    assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 86_400);
    assert_eq!(claims(&json!(ada.refresh))["_id"], ada.id);
    assert!(!access.to_string().contains("$2"), "{access}");
}

#[tokio::test]
async fn people_sign_in_by_name_or_address_in_json_or_a_form() {
    let server = TestServer::start().await;
    server.person("ada").await;
    let guest = server.guest();
    for login in [
        json!({ "username": "ADA " }),
        json!({ "email": "ada@example.org" }),
        json!({ "email": "", "username": "ada" }),
    ] {
        let mut login = login;
        login["password"] = json!(PASSWORD);
        guest.post(LOGIN, &login).await.ok(200);
    }
    guest.urlencoded(Method::POST, LOGIN, &[("username", "ada"), ("password", PASSWORD)]).await.ok(200);
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_are_told_the_same() {
    let server = TestServer::start().await;
    server.person("ada").await;
    let mut told = vec![];
    for login in [
        json!({ "username": "ada", "password": "wrong password" }),
        json!({ "username": "nobody", "password": "wrong password" }),
        json!({ "email": "nobody@example.org", "password": "wrong password" }),
        json!({ "email": "🎉", "password": PASSWORD }),
        // Past 71 bytes nothing can match, though the hash would cut it.
        json!({ "username": "ada", "password": "x".repeat(200) }),
    ] {
        let reply = server.guest().post(LOGIN, &login).await;
        let mut failure = reply.fails(401, code::WRONG_CREDENTIALS);
        assert!(reply.headers("set-cookie").is_empty());
        failure["requestId"] = Value::Null;
        told.push(failure);
    }
    assert!(told.iter().all(|failure| failure == &told[0]), "{told:?}");
}

#[tokio::test]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let server = TestServer::start_with(|settings| settings.bcrypt_cost = 10).await;
    server.person("ada").await;
    let mut fastest = [std::time::Duration::MAX; 2];
    for _ in 0..5 {
        for (best, name) in fastest.iter_mut().zip(["ada", "nobody"]) {
            let start = std::time::Instant::now();
            server
                .guest()
                .post(LOGIN, &json!({ "username": name, "password": "wrong" }))
                .await
                .fails(401, code::WRONG_CREDENTIALS);
            *best = start.elapsed().min(*best);
        }
    }
    let [wrong, unknown] = fastest;
    assert!(unknown * 2 > wrong, "unknown {unknown:?}, wrong {wrong:?}");
}

#[tokio::test]
async fn signing_in_needs_a_name_and_a_password() {
    let server = TestServer::start().await;
    server.guest().post(LOGIN, &json!({})).await.fails_on(&["email", "password"]);
    server.guest().post(LOGIN, &json!({ "username": "ada", "password": "" })).await.fails_on(&["password"]);
    server.guest().post(LOGIN, &json!({ "password": "x" })).await.fails_on(&["email"]);
    for wrong in [
        json!({ "username": 7, "password": "x" }),
        json!({ "username": ["a"], "password": { "$ne": "" } }),
        json!([1]),
        json!("ada"),
    ] {
        server.guest().post(LOGIN, &wrong).await.is_refused();
    }
}

#[tokio::test]
async fn signing_out_ends_this_session_at_once_and_no_other() {
    let server = TestServer::start().await;
    let phone = server.person("ada").await;
    let laptop = server.sign_in("ada").await;
    let reply = phone.push("/users/logout").await;
    assert_eq!(reply.ok(200), json!({}));
    for name in ["accessToken", "refreshToken"] {
        let (value, attributes) = cookie(&reply, name);
        assert_eq!(value, "");
        assert!(attributes.contains(&"Max-Age=0") && attributes.contains(&"Path=/"), "{attributes:?}");
    }
    assert!(!works(&phone).await);
    // On routes where nobody has to be signed in too.
    phone.get("/videos").await.fails(401, code::SESSION_ENDED);
    refresh(&server.guest(), &phone.refresh).await.fails(401, code::SESSION_ENDED);
    assert!(works(&laptop).await);
    refresh(&server.guest(), &laptop.refresh).await.ok(200);
}

#[tokio::test]
async fn refreshing_gives_a_new_pair_from_cookie_or_body() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let guest = server.guest();
    let reply = refresh(&guest, &ada.refresh).await;
    let first = reply.ok(200);
    assert_fields(&first, &["accessToken", "refreshToken"]);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(cookie(&reply, "accessToken").0, first["accessToken"]);
    assert_eq!(cookie(&reply, "refreshToken").0, first["refreshToken"]);
    assert!(works(&guest.with_token(first["accessToken"].as_str().unwrap())).await);
    // The same session: the token from before keeps working until it ends.
    assert!(works(&ada).await);
    assert_eq!(claims(&first["accessToken"])["sid"], claims(&json!(ada.access))["sid"]);

    let token = first["refreshToken"].as_str().unwrap();
    let request = guest.request(Method::POST, REFRESH).header("cookie", format!("refreshToken={token}"));
    let second = guest.send(request).await.ok(200);
    let token = second["refreshToken"].as_str().unwrap();
    let third = guest.urlencoded(Method::POST, REFRESH, &[("refreshToken", token)]).await.ok(200);
    // The cookie goes before the body.
    let cookie = format!("refreshToken={}", third["refreshToken"].as_str().unwrap());
    let request = guest.request(Method::POST, REFRESH).header("cookie", cookie);
    guest.send(request.json(&json!({ "refreshToken": "nonsense" }))).await.ok(200);
}

#[tokio::test]
async fn a_replayed_refresh_token_revokes_its_session_and_no_other() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let laptop = server.sign_in("ada").await;
    let guest = server.guest();
    let second = refresh(&guest, &ada.refresh).await.ok(200);
    let third = refresh(&guest, second["refreshToken"].as_str().unwrap()).await.ok(200);
    refresh(&guest, &ada.refresh).await.fails(401, code::SESSION_ENDED);
    refresh(&guest, third["refreshToken"].as_str().unwrap()).await.fails(401, code::SESSION_ENDED);
    assert!(!works(&ada).await);
    assert!(!works(&guest.with_token(third["accessToken"].as_str().unwrap())).await);
    assert!(works(&laptop).await);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_kills_what_was_lost() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let guest = server.guest();
    let lost = refresh(&guest, &ada.refresh).await.ok(200);
    let again = refresh(&guest, &ada.refresh).await.ok(200);
    refresh(&guest, again["refreshToken"].as_str().unwrap()).await.ok(200);
    // Whoever shows the lost one now holds a copy.
    refresh(&guest, lost["refreshToken"].as_str().unwrap()).await.fails(401, code::SESSION_ENDED);
    assert!(!works(&ada).await);
}

#[tokio::test]
async fn refreshing_needs_a_refresh_token() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let guest = server.guest();
    guest.push(REFRESH).await.fails(401, code::MISSING_TOKEN);
    guest.post(REFRESH, &json!({})).await.fails(401, code::MISSING_TOKEN);
    refresh(&guest, "nonsense").await.fails(401, code::INVALID_TOKEN);
    refresh(&guest, &ada.access).await.fails(401, code::INVALID_TOKEN);
    guest.with_token(&ada.refresh).get("/users/current-user").await.fails(401, code::INVALID_TOKEN);
    assert!(works(&ada).await);
}

#[tokio::test]
async fn one_kind_of_token_never_passes_as_the_other_even_under_one_secret() {
    let server = TestServer::start_with(|settings| {
        let secret = || Some(secrecy::SecretString::from("the same secret for both kinds of tokens"));
        settings.tokens.access_secret = secret();
        settings.tokens.refresh_secret = secret();
    })
    .await;
    let ada = server.person("ada").await;
    refresh(&server.guest(), &ada.access).await.fails(401, code::INVALID_TOKEN);
    server.guest().with_token(&ada.refresh).get("/users/current-user").await.fails(401, code::INVALID_TOKEN);
    refresh(&server.guest(), &ada.refresh).await.ok(200);
}

#[tokio::test]
async fn tokens_that_expired_or_were_tampered_with_are_401_also_where_nobody_needs_one() {
    let second = std::time::Duration::from_secs(1);
    let server = TestServer::start_with(|settings| settings.tokens.access_life = second).await;
    let ada = server.person("ada").await;
    let [header, payload, signature]: [&str; 3] = ada.access.split('.').collect::<Vec<_>>().try_into().unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let mut forged = claims(&json!(ada.access));
    forged["exp"] = json!(9_999_999_999_i64);
    let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
    for token in [
        format!("{none}.{payload}."),
        format!("{header}.{forged}.{signature}"),
        format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([7; 32])),
        format!("{header}.{payload}"),
        "nonsense".to_owned(),
        "..".to_owned(),
    ] {
        for path in ["/users/current-user", "/videos"] {
            server.guest().with_token(&token).get(path).await.fails(401, code::INVALID_TOKEN);
        }
    }
    // Up to five seconds of leeway are allowed.
    for _ in 0..70 {
        if ada.get("/tweets").await.status == 401 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    ada.get("/users/current-user").await.fails(401, code::EXPIRED_TOKEN);
    ada.get("/videos").await.fails(401, code::EXPIRED_TOKEN);
    refresh(&server.guest(), &ada.refresh).await.ok(200);
}

#[tokio::test]
async fn the_cookie_goes_before_the_header() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let as_cookie = async |caller: &Caller, token: &str| {
        let request =
            caller.request(Method::GET, "/users/current-user").header("cookie", format!("accessToken={token}"));
        caller.send(request).await
    };
    assert_eq!(as_cookie(&server.guest(), &ada.access).await.ok(200)["username"], "ada");
    assert_eq!(as_cookie(&bob, &ada.access).await.ok(200)["username"], "ada");
    as_cookie(&bob, "nonsense").await.fails(401, code::INVALID_TOKEN);
    assert_eq!(as_cookie(&server.guest().with_token("nonsense"), &ada.access).await.ok(200)["username"], "ada");
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_at_once() {
    let server = TestServer::start().await;
    let phone = server.person("ada").await;
    let laptop = server.sign_in("ada").await;
    let bob = server.person("bob").await;
    let change = json!({ "oldPassword": PASSWORD, "newPassword": "a quite new password" });
    assert_eq!(phone.post("/users/change-password", &change).await.ok(200), json!({}));
    assert!(works(&phone).await);
    assert!(!works(&laptop).await);
    assert!(works(&bob).await);
    refresh(&server.guest(), &laptop.refresh).await.fails(401, code::SESSION_ENDED);
    refresh(&server.guest(), &phone.refresh).await.ok(200);
    let login = |password: &str| json!({ "username": "ada", "password": password });
    server.guest().post(LOGIN, &login(PASSWORD)).await.fails(401, code::WRONG_CREDENTIALS);
    server.guest().post(LOGIN, &login("a quite new password")).await.ok(200);
    let form = [("oldPassword", "a quite new password"), ("newPassword", PASSWORD)];
    assert_eq!(phone.urlencoded(Method::POST, "/users/change-password", &form).await.ok(200), json!({}));
    server.sign_in("ada").await;
}

#[tokio::test]
async fn a_password_changes_only_for_who_knows_it_and_to_a_good_one() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let laptop: Person = server.sign_in("ada").await;
    let path = "/users/change-password";
    ada.post(path, &json!({})).await.fails_on(&["oldPassword", "newPassword"]);
    ada.post(path, &json!({ "oldPassword": "wrong", "newPassword": "short" })).await.fails_on(&["newPassword"]);
    let wrong = json!({ "oldPassword": "wrong", "newPassword": "long enough" });
    ada.post(path, &wrong).await.fails_on(&["oldPassword"]);
    assert!(works(&laptop).await);
    server.sign_in("ada").await;
}

#[tokio::test]
async fn failed_logins_are_limited_by_account_and_say_when_to_go_on() {
    let server = TestServer::start_with(|settings| settings.rate_limits = true).await;
    server.person("ada").await;
    server.person("bob").await;
    let wrong = json!({ "username": "ada", "password": "wrong password" });
    for _ in 0..10 {
        server.guest().post(LOGIN, &wrong).await.fails(401, code::WRONG_CREDENTIALS);
    }
    let reply = server.guest().post(LOGIN, &json!({ "username": "ADA", "password": PASSWORD })).await;
    reply.fails(429, code::TOO_MANY_ATTEMPTS);
    assert!((1..=900).contains(&reply.header("retry-after").parse::<u32>().unwrap()));
    server.sign_in("bob").await;
}

#[tokio::test]
async fn accounts_and_sessions_outlive_a_restart() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let server = TestServer::start_over(server.stop().await, |_| {}).await;
    assert!(works(&server.guest().with_token(&ada.access)).await);
    refresh(&server.guest(), &ada.refresh).await.ok(200);
    server.is_consistent().await;
}
