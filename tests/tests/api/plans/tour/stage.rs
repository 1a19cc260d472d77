//! The stage: two people of whom one owns a crowd of everything, and a crowd of others.

use std::collections::BTreeSet;
use std::sync::Mutex;

use aviary_tests::{Person, TestServer};
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use reqwest::Method;
use serde_json::json;

use super::super::crowd::{CROWD, gather, gather_files, gather_tasks, moment, nth};
use super::{Tour, titled};

// What the ids of a crowd begin with.
const USERS: u8 = 0xe0;
const OWN_VIDEOS: u8 = 0xe1;
const OTHER_VIDEOS: u8 = 0xe2;
const COMMENTS: u8 = 0xe3;
const OTHER_COMMENTS: u8 = 0xe4;
const TWEETS: u8 = 0xe5;
const OTHER_TWEETS: u8 = 0xe6;
const PLAYLISTS: u8 = 0xe7;
/// Which of a crowd has a crowd of likes.
const LIKED: usize = 7;
/// Crowds whose ids nobody refers to count on from here.
const NAMELESS: u8 = 0x80;

pub(super) async fn set<'a>(server: &'a TestServer, database: &Database) -> Tour<'a> {
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video_with(&ada, "film", titled("The red fox", "over the hills")).await;
    let other = server.video_with(&bob, "film", titled("Blue whales", "and a red fox")).await;
    let comment = ada.comment(&video, "comment").await;
    let tweet = ada.tweet("tweet").await;
    let playlist = ada.playlist("playlist").await;
    ada.add(&video, &playlist).await;
    bob.put(&format!("/subscriptions/c/{}", ada.id)).await.ok(200);
    for path in [format!("v/{video}"), format!("c/{comment}"), format!("t/{tweet}")] {
        bob.put(&format!("/likes/{path}")).await.ok(200);
    }
    bob.get(&format!("/videos/{video}")).await.ok(200);
    let crowds = Crowds { database, ada: id(&ada.id), bob: id(&bob.id), next: Mutex::new(NAMELESS) };
    crowds.of_users().await;
    crowds.of_videos(id(&video), id(&other)).await;
    crowds.of_comments(id(&video)).await;
    crowds.of_tweets().await;
    crowds.of_likes(id(&video), id(&comment), id(&tweet)).await;
    crowds.of_subscriptions().await;
    crowds.of_playlists(id(&playlist), id(&video)).await;
    crowds.of_visits(id(&video)).await;
    crowds.of_keys(&ada).await;
    gather_files(database).await;
    gather_tasks(database).await;
    let guest = server.guest();
    let driven = Mutex::new(BTreeSet::new());
    let liked_tweet = nth(TWEETS, LIKED).to_hex();
    Tour { server, ada, bob, guest, video, comment, tweet, liked_tweet, playlist, driven }
}

/// One of the public videos that are not ada's.
pub(super) fn other_video(number: usize) -> String {
    nth(OTHER_VIDEOS, number * 4 + 1).to_hex()
}

fn id(text: &str) -> ObjectId {
    ObjectId::parse_str(text).expect("an id")
}

struct Crowds<'a> {
    database: &'a Database,
    ada: ObjectId,
    bob: ObjectId,
    next: Mutex<u8>,
}

impl Crowds<'_> {
    /// A crowd like the one document with these fields.
    async fn of(&self, collection: &str, like: Document, crowd: u8, change: impl Fn(usize, &mut Document)) {
        gather(self.database, collection, like, crowd, change).await;
    }

    /// A crowd that nobody refers to.
    async fn more(&self, collection: &str, like: Document, change: impl Fn(usize, &mut Document)) {
        let crowd = {
            let mut next = self.next.lock().expect("no panic");
            *next += 1;
            *next
        };
        self.of(collection, like, crowd, change).await;
    }

    async fn of_users(&self) {
        self.of("users", doc! { "_id": self.bob }, USERS, |n, user| {
            user.insert("username", format!("fan{n}"));
            user.insert("email", format!("fan{n}@example.org"));
        })
        .await;
        self.more("sessions", doc! { "user": self.bob }, |n, session| {
            session.insert("user", nth(USERS, n));
        })
        .await;
        self.more("sessions", doc! { "user": self.ada }, |_, _| {}).await;
    }

    /// Ada's, of which some are hidden, with all kinds of numbers; and those of others.
    async fn of_videos(&self, own: ObjectId, other: ObjectId) {
        let number = |n: usize| i64::try_from(n).expect("a small number");
        let differ = |n: usize, video: &mut Document| {
            video.insert("views", number(n % 50));
            video.insert("likesCount", number(n % 40));
            video.insert("duration", f64::from(u32::try_from(n).expect("a small number")));
            video.insert("titleKey", format!("title {n}"));
            video.insert("isPublished", !n.is_multiple_of(4));
            if n % 8 == 4 {
                video.extend(doc! { "status": "processing", "publishWhenReady": true });
            }
            let id = video.get_object_id("_id").expect("an id").to_hex();
            video.insert("videoFile", format!("videos/{id}00000000.mp4#u17"));
            video.insert("thumbnail", format!("images/{id}00000000.jpg"));
        };
        self.of("videos", doc! { "_id": own }, OWN_VIDEOS, differ).await;
        self.of("videos", doc! { "_id": other }, OTHER_VIDEOS, |n, video| {
            differ(n, video);
            video.insert("owner", nth(USERS, n));
        })
        .await;
        // Which no search finds.
        self.more("videos", doc! { "_id": own }, |n, video| {
            differ(n, video);
            video.insert("owner", nth(USERS, n));
            for words in ["words", "prefixes", "titleWords", "titlePrefixes"] {
                video.insert(words, ["zebra"]);
            }
            video.insert("titleText", " zebra ");
        })
        .await;
    }

    async fn of_comments(&self, video: ObjectId) {
        let like = || doc! { "owner": self.ada };
        self.of("comments", like(), COMMENTS, |n, comment| {
            comment.insert("owner", nth(USERS, n));
            comment.insert("video", video);
        })
        .await;
        self.of("comments", like(), OTHER_COMMENTS, |n, comment| drop(comment.insert("video", nth(OTHER_VIDEOS, n))))
            .await;
    }

    async fn of_tweets(&self) {
        let like = || doc! { "owner": self.ada };
        self.of("tweets", like(), TWEETS, |_, _| {}).await;
        self.of("tweets", like(), OTHER_TWEETS, |n, tweet| drop(tweet.insert("owner", nth(USERS, n)))).await;
    }

    /// For each kind the likes of many for one thing, and of ada and bob for many things.
    async fn of_likes(&self, video: ObjectId, comment: ObjectId, tweet: ObjectId) {
        let kinds = [
            ("video", video, OWN_VIDEOS, OTHER_VIDEOS),
            ("comment", comment, COMMENTS, OTHER_COMMENTS),
            ("tweet", tweet, TWEETS, OTHER_TWEETS),
        ];
        for (kind, target, first, second) in kinds {
            let like = || doc! { kind: target };
            self.more("likes", like(), |n, like| drop(like.insert("likedBy", nth(USERS, n)))).await;
            for (liker, crowd) in [(self.ada, first), (self.ada, second), (self.bob, second)] {
                self.more("likes", like(), |n, like| {
                    like.insert("likedBy", liker);
                    like.insert(kind, nth(crowd, n));
                })
                .await;
            }
        }
        // One among many that has many likes itself.
        for (kind, target, crowd) in [("comment", comment, COMMENTS), ("tweet", tweet, TWEETS)] {
            self.more("likes", doc! { kind: target }, |n, like| {
                like.insert("likedBy", nth(USERS, n));
                like.insert(kind, nth(crowd, LIKED));
            })
            .await;
        }
    }

    async fn of_subscriptions(&self) {
        let like = || doc! { "channel": self.ada };
        self.more("subscriptions", like(), |n, pair| drop(pair.insert("subscriber", nth(USERS, n)))).await;
        self.more("subscriptions", like(), |n, pair| {
            pair.insert("subscriber", self.ada);
            pair.insert("channel", nth(USERS, n));
        })
        .await;
    }

    /// Ada's playlists, of which one has a crowd of entries, and all have the video.
    async fn of_playlists(&self, playlist: ObjectId, video: ObjectId) {
        self.of("playlists", doc! { "_id": playlist }, PLAYLISTS, |_, playlist| {
            drop(playlist.insert("entries", 1_i64))
        })
        .await;
        self.more("playlist_videos", doc! { "playlist": playlist }, |n, entry| {
            entry.insert("video", nth(OTHER_VIDEOS, n));
            entry.insert("position", i64::try_from(n + 1).expect("a position"));
        })
        .await;
        self.more("playlist_videos", doc! { "playlist": playlist, "video": video }, |n, entry| {
            entry.insert("playlist", nth(PLAYLISTS, n));
        })
        .await;
        let entries = i64::try_from(CROWD + 1).expect("a count");
        let counted = doc! { "$set": { "entries": entries, "nextPosition": entries } };
        let playlists = self.database.collection::<Document>("playlists");
        playlists.update_one(doc! { "_id": playlist }, counted).await.expect("a change");
    }

    /// Keys under which something was created.
    async fn of_keys(&self, person: &Person) {
        let tweet = person.request(Method::POST, "/tweets").header("idempotency-key", "one");
        person.send(tweet.json(&json!({ "content": "once" }))).await.ok(201);
        self.more("idempotency_keys", doc! {}, |_, _| {}).await;
    }

    /// What bob and ada watched, who watched the video, and who did so long ago.
    async fn of_visits(&self, video: ObjectId) {
        let like = || doc! { "user": self.bob };
        for (who, crowd) in [(self.bob, OTHER_VIDEOS), (self.ada, OWN_VIDEOS), (self.ada, OTHER_VIDEOS)] {
            self.more("history", like(), |n, entry| {
                entry.insert("user", who);
                entry.insert("video", nth(crowd, n));
                entry.insert("watchedAt", moment(n));
            })
            .await;
        }
        self.more("history", like(), |n, entry| drop(entry.insert("user", nth(USERS, n)))).await;
        let viewer = |n| Binary { subtype: BinarySubtype::Generic, bytes: nth(USERS, n).bytes().to_vec() };
        self.more("views", doc! { "video": video }, |n, view| drop(view.insert("viewer", viewer(n)))).await;
        self.more("views", doc! { "video": video }, |n, view| {
            view.insert("video", nth(OTHER_VIDEOS, n));
            view.insert("countedAt", moment(n));
        })
        .await;
    }
}
