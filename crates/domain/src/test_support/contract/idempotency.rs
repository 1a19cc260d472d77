//! Rules of keys: what is created with one is created once, and the note is part of its creation.

use futures_util::future::join_all;

use super::check::{CROWD, assert_conflict, assert_no_drift, assert_one_winner, assert_ownerless};
use crate::comment::Comment;
use crate::file::FileKey;
use crate::id::RawId;
use crate::idempotency::{KEY_FIELD, KEY_LIFE, MAX_ANSWER, Once, Remembered};
use crate::playlist::Playlist;
use crate::test_support::fixture::{self, at, far_future, once};
use crate::test_support::seed;
use crate::tweet::Tweet;
use crate::user::{Account, User};
use crate::video::Video;
use crate::{Id, Store, StoreError, Timestamp};

/// Something that can be created.
enum Creation {
    User(Account),
    Video(Video),
    Comment(Comment),
    Tweet(Tweet),
    Playlist(Playlist),
}

/// One of each kind, none of them created yet, with their files reserved.
async fn one_of_each(store: &Store) -> Vec<Creation> {
    let owner = seed::user(store).await;
    let seen = seed::video(store, owner.id).await;
    let creations = vec![
        Creation::User(fixture::account()),
        Creation::Video(fixture::video(owner.id)),
        Creation::Comment(fixture::comment(seen.id, owner.id, at(1))),
        Creation::Tweet(fixture::tweet(owner.id, at(1))),
        Creation::Playlist(fixture::playlist(owner.id, at(1))),
    ];
    for creation in &creations {
        seed::reserve(store, &creation.files()).await;
    }
    creations
}

impl Creation {
    fn id(&self) -> RawId {
        match self {
            Self::User(account) => account.user.id.bytes(),
            Self::Video(video) => video.id.bytes(),
            Self::Comment(comment) => comment.id.bytes(),
            Self::Tweet(tweet) => tweet.id.bytes(),
            Self::Playlist(playlist) => playlist.id.bytes(),
        }
    }

    fn files(&self) -> Vec<FileKey> {
        match self {
            Self::User(account) => seed::pictures(account),
            Self::Video(video) => vec![video.file.clone(), video.thumbnail.clone()],
            Self::Comment(_) | Self::Tweet(_) | Self::Playlist(_) => vec![],
        }
    }

    /// The same once more, as a repeated request makes it: under an id and with files of its own.
    fn again(&self) -> Self {
        match self {
            Self::User(_) => Self::User(fixture::account()),
            Self::Video(video) => Self::Video(fixture::video(video.owner)),
            Self::Comment(comment) => Self::Comment(Comment { id: fixture::next_id(), ..comment.clone() }),
            Self::Tweet(tweet) => Self::Tweet(Tweet { id: fixture::next_id(), ..tweet.clone() }),
            Self::Playlist(playlist) => Self::Playlist(Playlist { id: fixture::next_id(), ..playlist.clone() }),
        }
    }

    async fn run(&self, store: &Store, once: Option<Once>) -> Result<(), StoreError> {
        match self {
            Self::User(account) => store.users.create(account, once).await,
            Self::Video(video) => store.videos.create(video, None, once).await.map(drop),
            Self::Comment(comment) => store.comments.create(comment, once).await.map(|card| assert!(card.is_some())),
            Self::Tweet(tweet) => store.tweets.create(tweet, once).await.map(drop),
            Self::Playlist(playlist) => store.playlists.create(playlist, once).await.map(drop),
        }
    }

    async fn is_there(&self, store: &Store) -> bool {
        match self {
            Self::User(account) => store.users.find(account.user.id).await.unwrap().is_some(),
            Self::Video(video) => store.videos.find(video.id).await.unwrap().is_some(),
            Self::Comment(comment) => store.comments.find(comment.id, None).await.unwrap().is_some(),
            Self::Tweet(tweet) => store.tweets.find(tweet.id).await.unwrap().is_some(),
            Self::Playlist(playlist) => store.playlists.find(playlist.id).await.unwrap().is_some(),
        }
    }
}

async fn known(store: &Store, once: Once, now: Timestamp) -> Option<Remembered> {
    store.idempotency.find(once.key, now).await.unwrap()
}

fn noted(once: Once, made: RawId) -> Remembered {
    Remembered { fingerprint: once.fingerprint, made, answer: None }
}

pub async fn a_key_that_was_never_noted_is_unknown(store: Store) {
    let user = seed::user(&store).await;
    store.tweets.create(&fixture::tweet(user.id, at(1)), Some(once(at(1)))).await.unwrap();
    assert_eq!(known(&store, once(at(1)), at(1)).await, None);
}

pub async fn every_creation_notes_its_key(store: Store) {
    for creation in one_of_each(&store).await {
        let once = once(at(1));
        creation.run(&store, Some(once)).await.unwrap();
        assert_eq!(known(&store, once, at(2)).await, Some(noted(once, creation.id())));
        assert!(creation.is_there(&store).await);
    }
}

pub async fn a_noted_key_refuses_every_further_creation_and_nothing_changes(store: Store) {
    let once = once(at(1));
    let user = seed::user(&store).await;
    let first = fixture::tweet(user.id, at(1));
    store.tweets.create(&first, Some(once)).await.unwrap();
    let creations = one_of_each(&store).await;
    let files: Vec<FileKey> = creations.iter().flat_map(Creation::files).collect();
    for creation in creations {
        assert_conflict(creation.run(&store, Some(Once { now: at(2), ..once })).await, KEY_FIELD);
        assert!(!creation.is_there(&store).await);
        assert_eq!(known(&store, once, at(2)).await, Some(noted(once, first.id.bytes())));
    }
    assert_ownerless(&store, &files.iter().collect::<Vec<_>>()).await;
    assert_no_drift(&store).await;
}

pub async fn a_creation_that_is_refused_leaves_no_note(store: Store) {
    let owner = seed::user(&store).await;
    let hidden = seed::hidden_video(&store, owner.id).await;
    let mut taken = fixture::account();
    taken.user.username = owner.username.clone();
    seed::reserve(&store, &seed::pictures(&taken)).await;
    for (creation, field) in [
        (Creation::User(taken), "username"),
        (Creation::User(fixture::account()), "file"),
        (Creation::Video(fixture::video(owner.id)), "file"),
    ] {
        let once = once(at(1));
        assert_conflict(creation.run(&store, Some(once)).await, field);
        assert_eq!(known(&store, once, at(1)).await, None);
        seed::reserve(&store, &creation.files()).await;
    }
    let stranger = seed::user(&store).await;
    let once = once(at(1));
    let comment = fixture::comment(hidden.id, stranger.id, at(1));
    assert_eq!(store.comments.create(&comment, Some(once)).await.unwrap(), None);
    assert_eq!(known(&store, once, at(1)).await, None);
    store.tweets.create(&fixture::tweet(owner.id, at(1)), Some(once)).await.expect("the key is free");
}

pub async fn a_note_is_known_until_its_end_and_then_gives_way(store: Store) {
    for creation in one_of_each(&store).await {
        let old = once(at(1));
        creation.run(&store, Some(old)).await.unwrap();
        store.idempotency.remember_answer(old, b"old").await.unwrap();
        let end = old.expires_at();
        assert_eq!(end, at(1).after(KEY_LIFE));
        let last = Timestamp::from_millis(end.millis() - 1);
        assert!(known(&store, old, last).await.is_some());
        assert_eq!(known(&store, old, end).await, None);
        let (late, next) = (creation.again(), creation.again());
        seed::reserve(&store, &late.files()).await;
        seed::reserve(&store, &next.files()).await;
        assert_conflict(late.run(&store, Some(Once { now: last, ..old })).await, KEY_FIELD);
        let renewed = Once { key: old.key, fingerprint: once(at(1)).fingerprint, now: end };
        next.run(&store, Some(renewed)).await.unwrap();
        assert_eq!(
            known(&store, renewed, end).await,
            Some(noted(renewed, next.id())),
            "nothing of the old note is left"
        );
        store.idempotency.remember_answer(old, b"late").await.unwrap();
        assert_eq!(known(&store, renewed, end).await, Some(noted(renewed, next.id())), "an answer to the old request");
    }
}

async fn tweeted(store: &Store) -> (User, Once, Id<Tweet>) {
    let user = seed::user(store).await;
    let (once, tweet) = (once(at(1)), fixture::tweet(user.id, at(1)));
    store.tweets.create(&tweet, Some(once)).await.unwrap();
    (user, once, tweet.id)
}

pub async fn the_first_answer_stays(store: Store) {
    let (_, once, made) = tweeted(&store).await;
    for answer in ["{\"a\": 1}", "other", ""] {
        store.idempotency.remember_answer(once, answer.as_bytes()).await.unwrap();
        let expected = Remembered { answer: Some(b"{\"a\": 1}".to_vec()), ..noted(once, made.bytes()) };
        assert_eq!(known(&store, once, at(1)).await, Some(expected));
    }
}

pub async fn an_answer_keeps_every_byte(store: Store) {
    let all: Vec<u8> = (0..=u8::MAX).cycle().take(MAX_ANSWER).collect();
    for answer in [all, vec![]] {
        let (_, once, _) = tweeted(&store).await;
        store.idempotency.remember_answer(once, &answer).await.unwrap();
        assert!(known(&store, once, at(1)).await.unwrap().answer == Some(answer));
    }
}

pub async fn an_answer_without_its_note_is_not_kept(store: Store) {
    let (_, noted_once, made) = tweeted(&store).await;
    let stranger = once(at(1));
    store.idempotency.remember_answer(stranger, b"x").await.unwrap();
    assert_eq!(known(&store, stranger, at(1)).await, None);
    let other_request = Once { fingerprint: stranger.fingerprint, ..noted_once };
    store.idempotency.remember_answer(other_request, b"x").await.unwrap();
    assert_eq!(known(&store, noted_once, at(1)).await, Some(noted(noted_once, made.bytes())));
}

pub async fn a_note_outlives_what_was_made(store: Store) {
    let (_, once, made) = tweeted(&store).await;
    assert!(store.tweets.delete(made).await.unwrap());
    assert_eq!(known(&store, once, at(1)).await, Some(noted(once, made.bytes())));
}

pub async fn of_many_creations_with_one_key_exactly_one_succeeds(store: Store) {
    for creation in one_of_each(&store).await {
        let once = once(at(1));
        let twins: Vec<Creation> = (0..CROWD).map(|_| creation.again()).collect();
        for twin in &twins {
            seed::reserve(&store, &twin.files()).await;
        }
        let results = join_all(twins.iter().map(|twin| twin.run(&store, Some(once)))).await;
        let winner = twins.iter().zip(&results).find(|(_, result)| result.is_ok()).map(|(twin, _)| twin.id());
        assert_one_winner(results, KEY_FIELD);
        assert_eq!(known(&store, once, at(1)).await.map(|known| known.made), winner);
        for twin in &twins {
            assert_eq!(twin.is_there(&store).await, Some(twin.id()) == winner);
        }
        assert_no_drift(&store).await;
    }
}

pub async fn who_is_refused_because_of_a_key_finds_its_note(store: Store) {
    let user = seed::user(&store).await;
    for _ in 0..5 {
        let once = once(at(1));
        let tweets: Vec<Tweet> = (0..10).map(|_| fixture::tweet(user.id, at(1))).collect();
        let asked = tweets.iter().map(async |tweet| match store.tweets.create(tweet, Some(once)).await {
            Ok(_) => tweet.id.bytes(),
            Err(StoreError::Conflict { field: KEY_FIELD }) => known(&store, once, at(1)).await.expect("a note").made,
            Err(error) => panic!("{error:?}"),
        });
        let made = join_all(asked).await;
        assert!(made.iter().all(|id| Some(id) == made.first()), "all are told of one tweet");
    }
}

pub async fn many_creations_with_keys_of_their_own_all_succeed(store: Store) {
    let user = seed::user(&store).await;
    let tweets: Vec<(Tweet, Once)> = (0..CROWD).map(|_| (fixture::tweet(user.id, at(1)), once(at(1)))).collect();
    let created = join_all(tweets.iter().map(|(tweet, once)| store.tweets.create(tweet, Some(*once)))).await;
    assert!(created.iter().all(Result::is_ok));
    for (tweet, once) in tweets {
        assert_eq!(known(&store, once, at(1)).await, Some(noted(once, tweet.id.bytes())));
    }
    assert_no_drift(&store).await;
}

pub async fn notes_that_are_over_are_removed_and_no_other(store: Store) {
    let user = seed::user(&store).await;
    let mut notes = Vec::new();
    for seconds in [10, 20, 30, 40, 50] {
        let once = once(at(seconds));
        store.tweets.create(&fixture::tweet(user.id, at(seconds)), Some(once)).await.unwrap();
        notes.push(once);
    }
    let end = at(30).after(KEY_LIFE);
    let mut removed = 0;
    for _ in 0..100 {
        let step = store.maintenance.expire(end, at(0), 2).await.unwrap();
        assert!(step <= 4, "{step} rows are not about 2");
        removed += step;
    }
    assert_eq!(removed, 3);
    for (once, kept) in notes.iter().zip([false, false, false, true, true]) {
        // Asked at a time when all of them were known.
        assert_eq!(known(&store, *once, at(50)).await.is_some(), kept);
    }
    assert_eq!(store.maintenance.expire(far_future(), at(0), 100).await.unwrap(), 2);
}
