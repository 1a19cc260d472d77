//! What is kept where much is wrong, document by document, and what the report says of it.

use std::collections::BTreeMap;

use aviary_infra::mongo::{Note, Stage};
use mongodb::bson::{Document, doc};

use super::broken::{broken, strange_account, strange_list, strange_video};
use super::dialects::{Dialect, HASH, MADE_OF};
use super::ours::{Counts, dated, entry, video, watched};
use super::{Guard, assert_same, at, filled, id};

/// What the broken database becomes, its quarantine aside.
fn mended() -> Dialect {
    let (ada, bob) = (id(b'u', 1), id(b'u', 6));
    let (film, odd, comment) = (id(b'v', 1), id(b'v', 5), id(b'c', 1));
    let made = |document| dated(document, at(0), at(0));
    let account = |id, name: &str| {
        made(doc! {
            "_id": id, "username": name, "email": format!("{name}@example.org"), "fullName": name, "password": HASH,
            "avatar": "", "coverImage": "",
        })
    };
    let aside = |mut document: Document, theirs: Document| {
        document.insert("legacyValues", theirs);
        document
    };
    let shown = |id, owner, views: i64, likes: i64, comments: i64| {
        let fields = doc! {
            "_id": id, "owner": owner, "duration": 0.0, "views": views, "isPublished": true, "likesCount": likes,
            "commentsCount": comments, "videoFile": "v", "thumbnail": "",
        };
        video(made(fields), &["film"], &[])
    };
    let like = |number, field: &str, what| made(doc! { "_id": id(b'l', number), "likedBy": ada, field: what });
    let list = |number, name: &str, owner| {
        made(doc! {
            "_id": id(b'p', number), "name": name, "description": "", "owner": owner, "entries": 1_i64,
            "nextPosition": 1_i64,
        })
    };
    let of_ada = Counts { subscribers: 1, videos: 1, published: 1, likes: 2, comments: 1, ..Counts::default() };
    let of_bob = Counts { subscriptions: 1, videos: 1, published: 1, views: 3, ..Counts::default() };
    broken()
        .becomes("users", [of_ada.of(account(ada, "ada")), aside(of_bob.of(account(bob, "bob")), strange_account())])
        .becomes("videos", [shown(film, ada, 0, 1, 1), aside(shown(odd, bob, 3, 0, 0), strange_video())])
        .becomes(
            "comments",
            [made(doc! {
                "_id": comment, "content": "x", "video": film, "owner": ada, "likesCount": 1_i64,
            })],
        )
        .becomes("likes", [like(1, "video", film), like(6, "comment", comment)])
        .becomes("subscriptions", [made(doc! { "_id": id(b's', 4), "subscriber": bob, "channel": ada })])
        .becomes("playlists", [list(1, "Mine", ada), aside(list(3, "Odd", bob), strange_list())])
        .becomes("playlist_videos", [entry(id(b'p', 1), film, 0), entry(id(b'p', 3), film, 0)])
        .becomes("history", [watched(ada, film, 0)])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_broken_database_becomes_what_is_expected() {
    let dialect = mended();
    let guard = Guard::with(&dialect.left).await;
    guard.adopt().await;
    let kept = MADE_OF.into_iter().filter(|name| *name != "quarantine").collect::<Vec<_>>();
    assert_same(&filled(&guard.adopted().await, &kept), &dialect.becomes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_worth_knowing_is_told() {
    let guard = Guard::with(&super::dialects::loose().left).await;
    let report = guard.adopt().await;
    assert_eq!(report.stages[&Stage::Users].notes, BTreeMap::from([(Note::PasswordUnusable, 1)]));
    assert_eq!(report.stages[&Stage::Videos].notes, BTreeMap::from([(Note::PublishedByDefault, 1)]));
    let told = report.to_string();
    assert!(told.contains("videos: 1 read, 1 kept\n  1 did not say whether they are published, and are\n"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_names_the_fields_whose_values_were_set_aside() {
    let told = Guard::with(&broken().left).await.adopt().await.to_string();
    for said in [
        "  1 held values that could not be taken over, which stand in their legacyValues now\n",
        "  set aside: entries 1, nextPosition 1\n",
        "  set aside: duration 1, likesCount 1, prefixes 1, titleKey 1, views 1, width 1, words 1\n",
        "  set aside: storedBytes 1, subscribersCount 1\n",
    ] {
        assert!(told.contains(said), "{said}{told}");
    }
}
