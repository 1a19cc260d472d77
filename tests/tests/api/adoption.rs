//! A database that another application left, served: the old password signs in, and every route shows what was there.
//! The embedded store has no such past, so these run with `TEST_STORE=mongodb` alone.

use aviary_tests::check::ids;
use aviary_tests::people::PASSWORD;
use aviary_tests::{Home, TestServer, code};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::{Client, Database};
use serde_json::json;

/// Of [`PASSWORD`], as the family's applications write it.
const HASH: &str = "$2a$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS";

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number])
}

fn at(seconds: i64) -> DateTime {
    DateTime::from_millis(1_700_000_000_000 + seconds * 1_000)
}

const ADA: u8 = 1;
const BOB: u8 = 2;
const FILM: u8 = 11;
const OTHER: u8 = 12;
const COMMENT: u8 = 21;
const TWEET: u8 = 31;
const PLAYLIST: u8 = 41;

fn account(number: u8, name: &str) -> Document {
    doc! {
        "_id": id(number), "username": name, "email": format!("{name}@Example.org"), "fullName": name,
        "avatar": "https://media.example/a.png", "coverImage": { "url": "https://media.example/c.png" },
        "password": HASH, "refreshToken": "eyJhbGciOiJIUzI1NiJ9.e30.x", "watchHistory": [id(OTHER), id(FILM)],
        "createdAt": at(0), "updatedAt": at(100),
    }
}

fn film(number: u8, title: &str) -> Document {
    doc! {
        "_id": id(number), "owner": id(BOB), "title": title, "description": "About birds", "duration": "12.5",
        "videoFile": { "url": "https://media.example/f.mp4" }, "thumbnail": "https://media.example/t.png",
        "views": 7, "createdAt": at(i64::from(number)),
    }
}

/// What an application of the family left.
fn left() -> Vec<(&'static str, Vec<Document>)> {
    vec![
        ("users", vec![account(ADA, "Ada"), account(BOB, "bob")]),
        ("videos", vec![film(FILM, "Larks"), film(OTHER, "Owls")]),
        ("comments", vec![doc! { "_id": id(COMMENT), "content": "Good", "video": id(FILM), "owner": id(ADA) }]),
        ("tweets", vec![doc! { "_id": id(TWEET), "content": "Hello", "owner": id(BOB) }]),
        (
            "likes",
            vec![
                doc! { "_id": id(51), "likedBy": id(ADA), "video": id(FILM), "comment": null, "tweet": null },
                doc! { "_id": id(52), "likedBy": id(ADA), "video": id(FILM) },
                doc! { "_id": id(53), "likedBy": id(ADA), "tweet": id(TWEET) },
            ],
        ),
        ("subscriptions", vec![doc! { "_id": id(61), "subscriber": id(ADA), "channel": id(BOB) }]),
        (
            "playlists",
            vec![doc! { "_id": id(PLAYLIST), "name": "Birds", "owner": id(ADA), "video": [id(OTHER), id(FILM)] }],
        ),
    ]
}

/// A home that an application of the family has filled; `None` where the store is not MongoDB.
async fn filled() -> Option<Home> {
    let home = Home::new();
    let uri = home.mongodb_uri()?.to_owned();
    let database = database(&uri).await;
    for (name, documents) in left() {
        database.collection::<Document>(name).insert_many(documents).await.unwrap();
    }
    Some(home)
}

async fn database(uri: &str) -> Database {
    Client::with_uri_str(uri).await.unwrap().default_database().unwrap()
}

#[tokio::test]
async fn who_had_an_account_signs_in_and_finds_everything() {
    let Some(home) = filled().await else { return };
    let server = TestServer::start_over(home, |settings| settings.migrate = true).await;
    for login in [json!({ "email": " ADA@example.org" }), json!({ "username": "ada" })] {
        let mut login = login;
        login["password"] = PASSWORD.into();
        server.guest().post("/users/login", &login).await.ok(200);
    }
    let ada = server.sign_in("ada").await;
    assert_eq!(ada.id, id(ADA).to_hex());
    let (film, other) = (id(FILM).to_hex(), id(OTHER).to_hex());
    let shown = ada.get(&format!("/videos/{film}")).await.ok(200);
    assert_eq!(
        (&shown["isLiked"], &shown["likesCount"], &shown["commentsCount"]),
        (&json!(true), &json!(1), &json!(1))
    );
    assert_eq!((&shown["views"], &shown["owner"]["isSubscribed"]), (&json!(8), &json!(true)));
    assert_eq!(shown["videoFile"], "https://media.example/f.mp4");
    assert_eq!(ids(&ada.get("/users/history").await.ok(200)), [film.clone(), other.clone()]);
    let playlist = ada.get(&format!("/playlist/{}", id(PLAYLIST).to_hex())).await.ok(200);
    assert_eq!(ids(&playlist["videos"]), [other.clone(), film.clone()]);
    assert_eq!(ids(&server.guest().get("/videos").await.ok(200)["docs"]), [other, film.clone()]);
    assert_eq!(ids(&server.guest().get("/videos?query=lark").await.ok(200)["docs"]), [film.as_str()]);
    let liked = ada.get("/likes/videos").await.ok(200);
    assert_eq!(liked.as_array().map(Vec::len), Some(1), "the second like of the same is none: {liked}");
    let tweets = ada.get("/tweets").await.ok(200);
    assert_eq!((&tweets["docs"][0]["isLiked"], &tweets["totalDocs"]), (&json!(true), &json!(1)));
    ada.get(&format!("/comments/{film}")).await.ok(200);
    ada.get("/users/c/bob").await.ok(200);
    let stats = server.sign_in("bob").await.get("/dashboard/stats").await.ok(200);
    assert_eq!(
        (&stats["totalSubscribers"], &stats["totalLikes"], &stats["totalViews"]),
        (&json!(1), &json!(2), &json!(15))
    );
}

#[tokio::test]
async fn old_tokens_open_nothing_and_are_nowhere() {
    let Some(home) = filled().await else { return };
    let uri = home.mongodb_uri().unwrap().to_owned();
    let server = TestServer::start_over(home, |settings| settings.migrate = true).await;
    let refresh = json!({ "refreshToken": "eyJhbGciOiJIUzI1NiJ9.e30.x" });
    server.guest().post("/users/refresh-token", &refresh).await.fails(401, code::INVALID_TOKEN);
    let users = database(&uri).await.collection::<Document>("users");
    assert_eq!(users.count_documents(doc! { "refreshToken": { "$exists": true } }).await.unwrap(), 0);
    let ada = server.sign_in("ada").await;
    let change = json!({ "oldPassword": PASSWORD, "newPassword": "a better password" });
    ada.post("/users/change-password", &change).await.ok(200);
}
