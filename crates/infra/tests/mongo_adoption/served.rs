//! An adopted database through the ports: old passwords open it, and every list reads it.

use std::collections::BTreeSet;
use std::slice;

use aviary_domain::comment::Comment;
use aviary_domain::like::LikeTarget;
use aviary_domain::maintenance::{DriftReport, Reconcile};
use aviary_domain::page::{PageRequest, PageSize};
use aviary_domain::playlist::Playlist;
use aviary_domain::search::SearchWords;
use aviary_domain::security::PasswordHasher;
use aviary_domain::test_support::seed;
use aviary_domain::tweet::Tweet;
use aviary_domain::user::{Email, LoginName, User, Username};
use aviary_domain::video::{Video, VideoOrder, VideoQuery, VideoScope, Viewer};
use aviary_domain::{Id, Store, Timestamp};
use aviary_infra::mongo;
use aviary_infra::security::BcryptHasher;
use mongodb::bson::{Document, doc};
use secrecy::SecretString;

use super::broken::broken;
use super::dialects::{classic, cloud, loose};
use super::{Guard, id};

fn domain_id<T>(kind: u8, number: u32) -> Id<T> {
    Id::from_bytes(id(kind, number).bytes())
}

fn page() -> PageRequest {
    PageRequest::first(PageSize::DEFAULT)
}

async fn adopted(guard: &Guard) -> Store {
    guard.adopt().await;
    mongo::open(&guard.uri).await.expect("an open store").store
}

#[tokio::test(flavor = "multi_thread")]
async fn old_passwords_open_adopted_accounts_under_every_spelling() {
    let guard = Guard::with(&cloud().left).await;
    let hasher = BcryptHasher::new(4, 2);
    let hash = bcrypt::hash_with_salt("opensesame", 4, *b"0123456789abcdef").expect("a hash");
    // As the family's applications write it.
    let hash = hash.format_for_version(bcrypt::Version::TwoA);
    let users = guard.database().await.collection::<Document>("users");
    users.update_many(doc! {}, doc! { "$set": { "password": &hash } }).await.expect("a change");
    let store = adopted(&guard).await;
    for name in [
        LoginName::Username(Username::fold("ADA")),
        LoginName::Email(Email::fold(" ada@EXAMPLE.org")),
        LoginName::Username(Username::fold("bob")),
    ] {
        let account = store.users.find_account(&name).await.expect("an answer").expect("an account");
        assert_eq!(account.password_hash.expose(), hash, "kept to the byte");
        for (candidate, fits) in [("opensesame", true), ("opensesamf", false)] {
            let hash = Some(account.password_hash.clone());
            assert_eq!(hasher.verify(&SecretString::from(candidate), hash).await.expect("an answer"), fits);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_shows_what_the_old_application_left() {
    let guard = Guard::with(&classic().left).await;
    let store = adopted(&guard).await;
    let (ada, bob): (Id<User>, Id<User>) = (domain_id(b'u', 1), domain_id(b'u', 2));
    let (film, secret): (Id<Video>, Id<Video>) = (domain_id(b'v', 1), domain_id(b'v', 2));
    let history = store.history.list(ada, &page()).await.expect("a history");
    assert_eq!(history.items.iter().map(|entry| entry.video.video.id).collect::<Vec<_>>(), [film], "one is hidden");
    let playlist = store.playlists.show(domain_id::<Playlist>(b'p', 1), Some(bob), &page()).await.expect("an answer");
    let playlist = playlist.expect("a playlist");
    assert_eq!(playlist.videos.items.iter().map(|card| card.video.id).collect::<Vec<_>>(), [secret, film]);
    let liked = store.likes.liked_videos(bob, &page()).await.expect("likes");
    assert_eq!(liked.items.iter().map(|liked| liked.video.video.id).collect::<Vec<_>>(), [film]);
    let comments = store.comments.list(film, None, &page()).await.expect("an answer").expect("comments");
    assert_eq!((comments.items.len(), comments.total), (1, Some(1)));
    let tweets = store.tweets.list(Some(bob), &page()).await.expect("tweets");
    assert_eq!((tweets.items.len(), tweets.total, tweets.items[0].is_liked), (1, Some(1), true));
    let subscribers = store.subscriptions.subscribers(ada, &page()).await.expect("an answer").expect("subscribers");
    assert_eq!(subscribers.items[0].user.id, bob);
    let words = SearchWords::parse("bird");
    let query = VideoQuery { scope: VideoScope::Published, words, order: VideoOrder::Relevance };
    let found = store.videos.list(&query, &page()).await.expect("videos");
    assert_eq!(found.items.iter().map(|card| card.video.id).collect::<Vec<_>>(), [film]);
    let stats = store.dashboard.stats(ada).await.expect("an answer").expect("stats");
    assert_eq!((stats.subscribers, stats.views, stats.likes, stats.comments), (1, 3, 1, 1));
}

/// What is done to adopted documents is done as to ours: nothing in them makes the store fail, and all is counted.
#[tokio::test(flavor = "multi_thread")]
async fn adopted_documents_take_every_change() {
    for dialect in [classic(), cloud(), loose(), broken()] {
        let guard = Guard::with(&dialect.left).await;
        let store = adopted(&guard).await;
        let (ada, film): (Id<User>, Id<Video>) = (domain_id(b'u', 1), domain_id(b'v', 1));
        let fan = seed::user(&store).await;
        let video = store.videos.find(film).await.expect("an answer").expect("a video");
        seed::like(&store, fan.id, LikeTarget::Video(film)).await;
        seed::subscribe(&store, fan.id, ada).await;
        seed::comment(&store, film, fan.id).await;
        let playlist = seed::playlist(&store, fan.id, slice::from_ref(&video)).await;
        let viewer = Viewer::User(fan.id);
        let seen = seed::watch(&store, film, viewer, Timestamp::from_millis(1)).await;
        assert_eq!(seen.card.video.views, video.views + 1);
        if dialect.left.contains_key("playlists") {
            let (old, added) = (domain_id::<Playlist>(b'p', 1), seed::video(&store, ada).await);
            let now = Timestamp::from_millis(1);
            store.playlists.add_video(old, added.id, now).await.expect("an addition");
            assert!(store.playlists.show(old, Some(ada), &page()).await.expect("an answer").is_some());
        }
        let comment: Id<Comment> = domain_id(b'c', 1);
        if store.comments.find(comment, Some(ada)).await.expect("an answer").is_some() {
            seed::like(&store, fan.id, LikeTarget::Comment(comment)).await;
        }
        let tweet: Id<Tweet> = domain_id(b't', 1);
        if store.tweets.find(tweet).await.expect("an answer").is_some() {
            seed::like(&store, fan.id, LikeTarget::Tweet(tweet)).await;
        }
        assert_exact(&store).await;
        assert!(store.videos.delete(film, Timestamp::from_millis(2)).await.expect("a delete"));
        while store.maintenance.purge(100).await.expect("a purge") > 0 {}
        assert!(store.playlists.show(playlist.id, None, &page()).await.expect("an answer").is_some());
        assert_exact(&store).await;
    }
}

async fn assert_exact(store: &Store) {
    let report = store.maintenance.reconcile(Reconcile::Report).await.expect("a report");
    assert_eq!(report, DriftReport::default());
}

/// A field that a later version adds to documents must be made for adopted ones too.
#[tokio::test(flavor = "multi_thread")]
async fn adopted_documents_have_every_field_that_ours_have() {
    let guard = Guard::with(&classic().left).await;
    let store = adopted(&guard).await;
    let (ada, fan): (Id<User>, _) = (domain_id(b'u', 1), seed::user(&store).await);
    let video = seed::video(&store, fan.id).await;
    let comment = seed::comment(&store, video.id, fan.id).await;
    let tweet = seed::tweet(&store, fan.id).await;
    for target in [LikeTarget::Video(video.id), LikeTarget::Comment(comment.id), LikeTarget::Tweet(tweet.id)] {
        seed::like(&store, ada, target).await;
    }
    seed::subscribe(&store, fan.id, ada).await;
    seed::playlist(&store, fan.id, &[video]).await;
    let viewer = Viewer::User(ada);
    seed::watch(&store, domain_id(b'v', 1), viewer, Timestamp::from_millis(1)).await;
    for (name, documents) in guard.dump().await {
        let is_adopted = |document: &&Document| document.contains_key("__v");
        let (adopted, ours): (Vec<_>, Vec<_>) = documents.iter().partition(is_adopted);
        // What only some documents have: a target, a mark that a playlist leaves.
        let some = ["video", "comment", "tweet", "touches", "__v"];
        let fields = |document: &Document| {
            document.keys().filter(|field| !some.contains(&field.as_str())).cloned().collect::<BTreeSet<_>>()
        };
        for document in &adopted {
            let ours = ours.first().expect("one of ours beside each that was adopted");
            assert_eq!(fields(document), fields(ours), "in {name}");
        }
    }
}
