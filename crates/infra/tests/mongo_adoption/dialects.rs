//! Three dialects, each with what it becomes, document by document.

use mongodb::bson::{Bson, Decimal128, Document, doc};

use super::ours::{Counts, dated, entry, video, watched};
use super::{Dump, Guard, assert_same, at, filled, id};

/// Everything that is made of the documents of an application.
pub(crate) const MADE_OF: [&str; 10] = [
    "users",
    "videos",
    "tweets",
    "comments",
    "likes",
    "subscriptions",
    "playlists",
    "playlist_videos",
    "history",
    "quarantine",
];

pub(crate) const HASH: &str = "$2b$10$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234";

/// A dialect: what its application left, and what that becomes.
pub(crate) struct Dialect {
    pub(crate) left: Dump,
    pub(crate) becomes: Dump,
}

impl Dialect {
    pub(crate) fn new() -> Self {
        Self { left: Dump::new(), becomes: Dump::new() }
    }

    pub(crate) fn left(mut self, collection: &str, documents: impl IntoIterator<Item = Document>) -> Self {
        self.left.entry(collection.to_owned()).or_default().extend(documents);
        self
    }

    pub(crate) fn becomes(mut self, collection: &str, documents: impl IntoIterator<Item = Document>) -> Self {
        self.becomes.entry(collection.to_owned()).or_default().extend(documents);
        self
    }
}

/// As the family began: addresses as texts, references as ids, everything there.
pub(crate) fn classic() -> Dialect {
    let (ada, bob) = (id(b'u', 1), id(b'u', 2));
    let (film, secret) = (id(b'v', 1), id(b'v', 2));
    let (comment, tweet, list) = (id(b'c', 1), id(b't', 1), id(b'p', 1));
    let account = |id, name: &str| {
        let fields = doc! {
            "_id": id, "username": name, "email": format!("{name}@example.org"), "fullName": name.to_uppercase(),
            "avatar": format!("https://media/{name}.png"), "coverImage": "", "password": HASH, "__v": 2,
        };
        dated(fields, at(1), at(1_000))
    };
    let with = |mut document: Document, more: Document| {
        document.extend(more);
        document
    };
    let film_fields = |views: Bson| {
        let fields = doc! {
            "_id": film, "videoFile": "https://media/f.mp4", "thumbnail": "https://media/f.png", "duration": 12.5,
            "views": views, "isPublished": true, "owner": ada, "__v": 0,
        };
        dated(fields, at(2), at(3))
    };
    let secret_fields = |views: Bson| {
        let fields = doc! {
            "_id": secret, "videoFile": "https://media/s.mp4", "thumbnail": "https://media/s.png", "duration": 7.0,
            "views": views, "isPublished": false, "owner": bob, "__v": 0,
        };
        dated(fields, at(4), at(4))
    };
    let said =
        |id, owner, more: Document| with(dated(doc! { "_id": id, "owner": owner, "__v": 0 }, at(5), at(6)), more);
    let by = |number, user, target: &str, what| {
        dated(doc! { "_id": id(b'l', number), "likedBy": user, target: what, "__v": 0 }, at(7), at(7))
    };
    let likes = [by(1, bob, "video", film), by(2, ada, "comment", comment), by(3, bob, "tweet", tweet)];
    let subscription = dated(doc! { "_id": id(b's', 1), "subscriber": bob, "channel": ada, "__v": 0 }, at(8), at(8));
    let playlist = dated(doc! { "_id": list, "name": "Mine", "description": "All of it", "owner": bob }, at(9), at(9));
    let history = doc! { "watchHistory": [film, secret, film], "refreshToken": "eyJhbGciOiJIUzI1NiJ9.e30.x" };
    let titled =
        |document, title: &str, description: &str| with(document, doc! { "title": title, "description": description });
    let (text, on_film) = (doc! { "content": "Hello" }, doc! { "content": "Good", "video": film });
    let no_likes = doc! { "likesCount": 1_i64 };
    let counted = |likes: i64, comments: i64| doc! { "likesCount": likes, "commentsCount": comments };
    let of_ada =
        Counts { subscribers: 1, videos: 1, published: 1, views: 3, likes: 1, comments: 1, ..Counts::default() };
    let of_bob = Counts { subscriptions: 1, videos: 1, tweets: 1, likes: 2, ..Counts::default() };
    Dialect::new()
        .left("users", [with(account(ada, "ada"), history), account(bob, "bob")])
        .left(
            "videos",
            [
                titled(film_fields(Bson::Int32(3)), "film", "about birds"),
                titled(secret_fields(Bson::Int32(0)), "secret film", "hidden"),
            ],
        )
        .left("tweets", [said(tweet, bob, text.clone())])
        .left("comments", [said(comment, bob, on_film.clone())])
        .left("likes", likes.clone())
        .left("subscriptions", [subscription.clone()])
        .left("playlists", [with(playlist.clone(), doc! { "videos": [secret, film] })])
        .becomes("users", [of_ada.of(account(ada, "ada")), of_bob.of(account(bob, "bob"))])
        .becomes(
            "videos",
            [
                video(with(film_fields(Bson::Int64(3)), counted(1, 1)), &["film"], &["about", "birds"]),
                video(with(secret_fields(Bson::Int64(0)), counted(0, 0)), &["secret", "film"], &["hidden"]),
            ],
        )
        .becomes("tweets", [with(said(tweet, bob, text), no_likes.clone())])
        .becomes("comments", [with(said(comment, bob, on_film), no_likes)])
        .becomes("likes", likes)
        .becomes("subscriptions", [subscription])
        .becomes("playlists", [with(playlist, doc! { "entries": 2_i64, "nextPosition": 2_i64 })])
        .becomes("playlist_videos", [entry(list, film, 1), entry(list, secret, 0)])
        .becomes("history", [watched(ada, film, 1_000), watched(ada, secret, 999)])
        .becomes(
            "quarantine",
            [doc! {
                "_id": { "collection": "users.watchHistory", "id": ada }, "reason": "entries",
                "document": { "entries": [{ "at": 0_i64, "video": film, "reason": "duplicate" }] },
            }],
        )
}

/// With documents for files and for entries of lists, the other spelling, the other name of a playlist's list, and nulls
/// for other targets.
pub(crate) fn cloud() -> Dialect {
    let (ada, bob) = (id(b'u', 1), id(b'u', 2));
    let (film, list) = (id(b'v', 1), id(b'p', 1));
    let stored = |name: &str| doc! { "url": format!("https://cloud/{name}"), "public_id": name };
    let decimal: Decimal128 = "41.9".parse().expect("a decimal");
    let names = doc! { "username": "ada", "email": "ada@example.org", "fullName": "Ada", "password": HASH };
    let user = |id, names: Document| {
        dated(doc! { "_id": id, "avatar": "", "coverImage": "" }, at(0), at(0))
            .into_iter()
            .chain(names)
            .collect::<Document>()
    };
    let counts = Counts { videos: 1, published: 1, views: 41, likes: 1, ..Counts::default() };
    let mut kept = counts.of(user(ada, names));
    kept.extend(doc! {
        "avatar": "https://cloud/a", "coverImage": "https://cloud/c",
        "legacyValues": { "avatar": stored("a"), "coverImage": stored("c") },
    });
    let other = doc! { "username": "bob", "email": "bob@example.org", "fullName": "bob", "password": HASH };
    let half = doc! { "video": film.to_hex(), "watchedAt": at(70), "progress": 0.5 };
    let copied = doc! { "_id": id(b'x', 1), "video": { "_id": film, "title": "film" } };
    let timed = doc! { "videoId": film, "watchedAt": at(60) };
    let added = doc! { "video": film, "addedAt": at(8), "note": "for later" };
    let aside = |list: &str, of, entries: Vec<Document>| {
        let place = doc! { "collection": list, "id": of };
        doc! { "_id": place, "reason": "entries", "document": { "entries": entries } }
    };
    let shown = doc! {
        "_id": film, "owner": ada, "duration": 63.0, "views": 41_i64, "isPublished": true, "likesCount": 1_i64,
        "commentsCount": 0_i64, "videoFile": "https://cloud/f", "thumbnail": "https://cloud/t",
        "legacyValues": { "videoFile": stored("f"), "thumbnail": stored("t"), "views": decimal },
    };
    Dialect::new()
        .left("users", [
            doc! {
                "_id": ada, "username": " Ada", "email": "Ada@Example.ORG ", "fullname": "Ada", "password": HASH,
                "avatar": stored("a"), "coverImage": stored("c"), "createdAt": at(0), "updatedAt": at(0),
                "watchHistory": [film.to_hex(), timed.clone(), half.clone()],
            },
            doc! {
                "_id": bob, "username": "BOB", "email": "bob@example.org", "password": HASH, "avatar": null,
                "watchHistory": [copied.clone()],
            },
        ])
        .left("videos", [doc! {
            "_id": film, "owner": ada, "title": "film", "description": null, "duration": "1:03",
            "views": decimal, "isPublished": "true", "videoFile": stored("f"), "thumbnail": stored("t"),
            "createdAt": at(2), "updatedAt": at(3),
        }])
        .left("likes", [doc! {
            "_id": id(b'l', 1), "likedBy": bob, "video": film, "comment": null, "tweet": null, "createdAt": at(4),
        }])
        .left("playlists", [doc! { "_id": list, "owner": ada, "name": "Mine", "video": [added.clone(), film] }])
        .becomes("users", [kept, Counts::default().of(user(bob, other))])
        .becomes("videos", [video(dated(shown, at(2), at(3)), &["film"], &[])])
        .becomes("likes", [dated(doc! { "_id": id(b'l', 1), "likedBy": bob, "video": film }, at(4), at(4))])
        .becomes("playlists", [dated(
            doc! {
                "_id": list, "owner": ada, "name": "Mine", "description": "", "entries": 1_i64, "nextPosition": 1_i64,
            },
            at(0),
            at(0),
        )])
        .becomes("playlist_videos", [entry(list, film, 0)])
        .becomes("history", [watched(ada, film, 70), watched(bob, film, 0)])
        .becomes("quarantine", [
            aside("playlists.videos", list, vec![
                doc! { "at": 0_i64, "video": added, "reason": "toldMore" },
                doc! { "at": 1_i64, "video": film, "reason": "duplicate" },
            ]),
            aside("users.watchHistory", ada, vec![
                doc! { "at": 0_i64, "video": film.to_hex(), "reason": "duplicate" },
                doc! { "at": 1_i64, "video": timed, "reason": "duplicate" },
                doc! { "at": 2_i64, "video": half, "reason": "toldMore" },
            ]),
            aside("users.watchHistory", bob, vec![doc! { "at": 0_i64, "video": copied, "reason": "toldMore" }]),
        ])
}

/// Without a schema to speak of: references, times and numbers as texts, and much missing.
pub(crate) fn loose() -> Dialect {
    let ada = id(b'u', 1);
    let (film, comment, list) = (id(b'v', 1), id(b'c', 1), id(b'p', 1));
    let counts = Counts { videos: 1, published: 1, comments: 1, likes: 1, ..Counts::default() };
    let user = doc! {
        "_id": ada, "username": "ada", "email": "ada@example.org", "fullName": "ada", "password": "", "avatar": "",
        "coverImage": "",
    };
    let shown = doc! {
        "_id": film, "owner": ada, "duration": 12.5, "views": 0_i64, "isPublished": true, "likesCount": 0_i64,
        "commentsCount": 1_i64, "videoFile": "uploads/f.mp4", "thumbnail": "",
    };
    let said = doc! { "_id": comment, "owner": ada, "video": film, "content": "42", "likesCount": 1_i64 };
    Dialect::new()
        .left("users", [doc! {
            "_id": ada, "username": "ada", "email": "ada@example.org", "watchHistory": film,
            "createdAt": "2023-09-12T06:20:26.000Z",
        }])
        .left("videos", [doc! {
            "_id": film, "owner": ada.to_hex(), "title": "film", "duration": "12.5", "videoFile": "uploads/f.mp4",
        }])
        .left("comments", [doc! {
            "_id": comment, "owner": ada.to_hex(), "video": film.to_hex(), "content": 42, "createdAt": "soon",
        }])
        .left("likes", [doc! { "_id": id(b'l', 1), "likedBy": ada.to_hex(), "comment": comment.to_hex() }])
        .left("playlists", [doc! { "_id": list, "owner": ada, "name": "Mine", "videos": film }])
        .becomes("users", [counts.of(dated(user, at(810), at(810)))])
        .becomes("videos", [video(dated(shown, at(0), at(0)), &["film"], &[])])
        .becomes("comments", [{
            let mut said = dated(said, at(0), at(0));
            said.insert("legacyValues", doc! { "createdAt": "soon" });
            said
        }])
        .becomes("likes", [dated(doc! { "_id": id(b'l', 1), "likedBy": ada, "comment": comment }, at(0), at(0))])
        .becomes("playlists", [dated(
            doc! {
                "_id": list, "owner": ada, "name": "Mine", "description": "", "entries": 1_i64, "nextPosition": 1_i64,
            },
            at(0),
            at(0),
        )])
        .becomes("playlist_videos", [entry(list, film, 0)])
        .becomes("history", [watched(ada, film, 810)])
}

async fn becomes_what_is_expected(dialect: Dialect) {
    let guard = Guard::with(&dialect.left).await;
    guard.adopt().await;
    let adopted = guard.adopted().await;
    assert_same(&filled(&adopted, &MADE_OF), &dialect.becomes);
    let originals = adopted.keys().filter(|name| name.starts_with("legacy.") || name.starts_with("aviary_dryrun."));
    assert_eq!(originals.count(), 0, "{:?}", adopted.keys());
    // Once more: there is nothing to do.
    let before = guard.dump().await;
    assert_eq!(guard.migrate(aviary_infra::mongo::MigrateMode::Apply).await.expect("a report"), None);
    assert_eq!(guard.dump().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_dialect_becomes_what_is_expected() {
    becomes_what_is_expected(classic()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dialect_with_documents_for_files_becomes_what_is_expected() {
    becomes_what_is_expected(cloud()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dialect_without_a_schema_becomes_what_is_expected() {
    becomes_what_is_expected(loose()).await;
}
