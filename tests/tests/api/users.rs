//! Accounts: registering, looking at oneself and at channels, changing name, address and pictures.

use aviary_tests::check::{CHANNEL, assert_mini, assert_own_user, assert_user};
use aviary_tests::people::{PASSWORD, registration};
use aviary_tests::{TestServer, assert_fields, code, form, samples};
use reqwest::Method;
use serde_json::{Value, json};

const REGISTER: &str = "/users/register";

#[tokio::test]
async fn registering_answers_with_the_account_and_shows_its_pictures() {
    let server = TestServer::start().await;
    let form = form()
        .text("fullName", "  Ada Lovelace ")
        .text("email", " Ada@Example.ORG ")
        .text("username", "  Ada.L ")
        .text("password", PASSWORD)
        .file("avatar", "me.jpg", "image/jpeg", samples::jpeg())
        .file("coverImage", "sky.png", "image/png", samples::png());
    let reply = server.guest().multipart(Method::POST, REGISTER, form).await;
    let user = reply.ok(201);
    assert_user(&user);
    assert_eq!(user["username"], "ada.l");
    assert_eq!(user["email"], "ada@example.org");
    assert_eq!(user["fullName"], "Ada Lovelace");
    assert!(reply.headers("set-cookie").is_empty(), "registering signs nobody in");
    for (picture, kind) in [("avatar", "image/jpeg"), ("coverImage", "image/png")] {
        let shown = server.guest().get(user[picture].as_str().unwrap()).await;
        assert_eq!((shown.status, shown.header("content-type")), (200, kind));
    }
}

#[tokio::test]
async fn a_cover_is_optional_and_both_spellings_of_the_full_name_are_taken() {
    let server = TestServer::start().await;
    let form = form()
        .file("avatar", "me.png", "image/png", samples::png())
        .text("fullname", "Grace Hopper")
        .text("email", "grace@example.org")
        .text("username", "grace")
        .text("password", PASSWORD);
    let user = server.guest().multipart(Method::POST, REGISTER, form).await.ok(201);
    assert_user(&user);
    assert_eq!(user["fullName"], "Grace Hopper");
    assert_eq!(user["coverImage"], "");
}

#[tokio::test]
async fn every_missing_field_is_named_at_once() {
    let server = TestServer::start().await;
    let all = ["fullName", "email", "username", "password", "avatar"];
    server.guest().multipart(Method::POST, REGISTER, form().text("other", "x")).await.fails_on(&all);
    let blank = all[..4].iter().fold(form(), |form, field| form.text(field, "  "));
    // Eight spaces would be a password; two are too short.
    server.guest().multipart(Method::POST, REGISTER, blank).await.fails_on(&all);
}

#[tokio::test]
async fn every_bad_field_is_named_at_once_and_nothing_is_kept() {
    let server = TestServer::start().await;
    let before = server.rows();
    let form = form()
        .text("fullName", "Ada\u{202E}adA")
        .text("email", "not an address")
        .text("username", "no spaces please")
        .text("password", "short")
        .file("avatar", "me.png", "image/png", samples::png());
    let reply = server.guest().multipart(Method::POST, REGISTER, form).await;
    reply.fails_on(&["fullName", "email", "username", "password"]);
    server.keeps_files(0).await;
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn passwords_may_have_71_bytes_and_no_more() {
    let server = TestServer::start().await;
    let register = async |name: &str, password: &str| {
        let form = form()
            .text("fullName", "Ada")
            .text("email", &format!("{name}@example.org"))
            .text("username", name)
            .text("password", password)
            .file("avatar", "me.png", "image/png", samples::png());
        server.guest().multipart(Method::POST, REGISTER, form).await
    };
    register("longest", &"x".repeat(71)).await.ok(201);
    register("longer", &"x".repeat(72)).await.fails_on(&["password"]);
    // 24 characters of three bytes each: bytes count, because the hash cuts bytes.
    register("wide", &"あ".repeat(24)).await.fails_on(&["password"]);
    register("shorter", "1234567").await.fails_on(&["password"]);
    register("shortest", "12345678").await.ok(201);
}

#[tokio::test]
async fn a_taken_name_or_address_is_409_whatever_its_case_and_leaves_no_file() {
    let server = TestServer::start().await;
    server.person("ada").await;
    let register = async |username: &str, email: &str| {
        let form = form()
            .text("fullName", "Somebody")
            .text("email", email)
            .text("username", username)
            .text("password", PASSWORD)
            .file("avatar", "me.png", "image/png", samples::png());
        server.guest().multipart(Method::POST, REGISTER, form).await
    };
    for username in ["ada", " ADA ", "Ada"] {
        register(username, "other@example.org").await.fails_with(409, code::USERNAME_TAKEN, &["username"]);
    }
    for email in ["ada@example.org", " ADA@Example.Org "] {
        register("other", email).await.fails_with(409, code::EMAIL_TAKEN, &["email"]);
    }
    register("ada", "ada@example.org").await.fails_with(409, code::USERNAME_TAKEN, &["username"]);
    server.keeps_files(1).await;
    assert_eq!(server.count("users"), 1);
    server.is_consistent().await;
}

#[tokio::test]
async fn people_of_every_script_have_names_but_user_names_stand_in_urls() {
    let server = TestServer::start().await;
    for (n, name) in ["עדה לאבלייס", "🎉🦜", "李小龙", "عمر الخيام"].into_iter().enumerate() {
        let form = form()
            .text("fullName", name)
            .text("email", &format!("p{n}@example.org"))
            .text("username", &format!("p{n}"))
            .text("password", PASSWORD)
            .file("avatar", "me.png", "image/png", samples::png());
        assert_eq!(server.guest().multipart(Method::POST, REGISTER, form).await.ok(201)["fullName"], name);
    }
    for username in ["עדה", "🎉", "аda", "a/b", "..", "%2e", "a\u{202E}b", &"a".repeat(31)] {
        let form = form()
            .text("fullName", "Somebody")
            .text("email", "somebody@example.org")
            .text("username", username)
            .text("password", PASSWORD)
            .file("avatar", "me.png", "image/png", samples::png());
        server.guest().multipart(Method::POST, REGISTER, form).await.fails_on(&["username"]);
    }
    server.keeps_files(4).await;
}

#[tokio::test]
async fn current_user_is_the_own_account() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let reply = ada.get("/users/current-user").await;
    let user = reply.ok(200);
    assert_own_user(&user);
    assert_eq!((user["_id"].as_str(), user["email"].as_str()), (Some(ada.id.as_str()), Some("ada@example.org")));
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[tokio::test]
async fn an_account_changes_name_address_or_both() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let path = "/users/update-account";
    let user = ada.patch(path, &json!({ "fullName": "Ada King" })).await.ok(200);
    assert_user(&user);
    assert_eq!((&user["fullName"], &user["email"]), (&json!("Ada King"), &json!("ada@example.org")));
    let user = ada.patch(path, &json!({ "email": " King@Example.org" })).await.ok(200);
    assert_eq!((&user["fullName"], &user["email"]), (&json!("Ada King"), &json!("king@example.org")));
    let user = ada.urlencoded(Method::PATCH, path, &[("fullname", "Ada"), ("email", "a@example.org")]).await.ok(200);
    assert_eq!((&user["fullName"], &user["email"]), (&json!("Ada"), &json!("a@example.org")));
    let mut current = ada.get("/users/current-user").await.ok(200);
    current.as_object_mut().unwrap().remove("storage");
    assert_eq!(current, user);
    // One's own address again is no conflict.
    ada.patch(path, &json!({ "email": "A@example.org" })).await.ok(200);
}

#[tokio::test]
async fn an_account_refuses_nothing_bad_things_and_what_is_taken() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    server.person("bob").await;
    let path = "/users/update-account";
    ada.patch(path, &json!({})).await.fails(400, code::INVALID);
    ada.patch(path, &json!({ "fullName": " ", "email": "nobody" })).await.fails_on(&["fullName", "email"]);
    ada.patch(path, &json!({ "email": "BOB@example.org" })).await.fails_with(409, code::EMAIL_TAKEN, &["email"]);
    assert_eq!(ada.get("/users/current-user").await.ok(200)["email"], "ada@example.org");
}

#[tokio::test]
async fn a_new_picture_replaces_the_old_one_and_its_file() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let old = ada.get("/users/current-user").await.ok(200);
    let picture = |field: &str| form().file(field, "new.jpg", "image/jpeg", samples::jpeg());
    let user = ada.multipart(Method::PATCH, "/users/avatar", picture("avatar")).await.ok(200);
    assert_user(&user);
    assert_ne!(user["avatar"], old["avatar"]);
    server.keeps_files(1).await;
    ada.get(old["avatar"].as_str().unwrap()).await.fails(404, code::FILE_NOT_FOUND);
    assert_eq!(ada.get(user["avatar"].as_str().unwrap()).await.status, 200);

    let first = ada.multipart(Method::PATCH, "/users/cover-image", picture("coverImage")).await.ok(200);
    assert_user(&first);
    server.keeps_files(2).await;
    let second = ada.multipart(Method::PATCH, "/users/cover-image", picture("coverImage")).await.ok(200);
    assert_ne!(first["coverImage"], second["coverImage"]);
    assert_eq!(second["avatar"], user["avatar"]);
    server.keeps_files(2).await;
    ada.get(first["coverImage"].as_str().unwrap()).await.fails(404, code::FILE_NOT_FOUND);
    server.is_consistent().await;
}

#[tokio::test]
async fn pictures_are_required_where_they_are_changed() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let none = form().text("note", "no file");
    ada.multipart(Method::PATCH, "/users/avatar", none.clone()).await.fails_on(&["avatar"]);
    ada.multipart(Method::PATCH, "/users/cover-image", none).await.fails_on(&["coverImage"]);
    let text = form().text("avatar", "http://example.org/me.png");
    ada.multipart(Method::PATCH, "/users/avatar", text).await.is_refused();
    for path in ["/users/avatar", "/users/cover-image"] {
        ada.patch(path, &json!({ "avatar": "x" })).await.fails(415, code::UNSUPPORTED_MEDIA_TYPE);
    }
}

#[tokio::test]
async fn a_channel_shows_what_is_public_and_to_its_owner_the_address() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.put(&format!("/subscriptions/c/{}", ada.id)).await.ok(200);
    let public = |channel: &Value| {
        assert_fields(channel, &CHANNEL);
        assert_eq!(channel["_id"], ada.id);
        assert_eq!(channel["subscribersCount"], 1);
        assert_eq!(channel["channelsSubscribedToCount"], 0);
        channel["isSubscribed"].as_bool()
    };
    assert_eq!(public(&server.guest().get("/users/c/ada").await.ok(200)), Some(false));
    assert_eq!(public(&bob.get("/users/c/%20ADA").await.ok(200)), Some(true));
    let own = ada.get("/users/c/ada").await.ok(200);
    assert_fields(&own, &[&CHANNEL[..], &["email"]].concat());
    assert_eq!((&own["email"], &own["isSubscribed"]), (&json!("ada@example.org"), &json!(false)));
    let bobs = server.guest().get("/users/c/bob").await.ok(200);
    assert_eq!((&bobs["subscribersCount"], &bobs["channelsSubscribedToCount"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn an_absent_channel_is_404_whatever_its_name() {
    let server = TestServer::start().await;
    for name in ["nobody", "%F0%9F%8E%89", "a%20b", "x'; DROP TABLE users; --", &"a".repeat(2000)] {
        server.guest().get(&format!("/users/c/{name}")).await.fails(404, code::CHANNEL_NOT_FOUND);
    }
}

#[tokio::test]
async fn a_changed_name_shows_everywhere_at_once() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    ada.tweet("hello").await;
    ada.comment(&video, "first").await;
    ada.patch("/users/update-account", &json!({ "fullName": "Countess" })).await.ok(200);
    let tweets = ada.get("/tweets").await.ok(200);
    let comments = ada.get(&format!("/comments/{video}")).await.ok(200);
    let videos = ada.get("/videos").await.ok(200);
    for page in [tweets, comments, videos] {
        assert_mini(&page["docs"][0]["owner"]);
        assert_eq!(page["docs"][0]["owner"]["fullName"], "Countess");
    }
}

#[tokio::test]
async fn a_good_registration_can_be_sent_with_parts_in_any_order_and_unknown_text() {
    let server = TestServer::start().await;
    let form = registration("ada").text("utm_source", "newsletter");
    server.guest().multipart(Method::POST, REGISTER, form).await.ok(201);
}
