//! Requests with a key, when answers get lost and others are faster: nothing is made twice, nothing is given up.

use std::time::Duration;

use aviary_application::{Application, Creation, Error, IdempotencyKey, LoginLimits};
use aviary_domain::StoreError;
use aviary_domain::id::RawId;
use aviary_domain::idempotency::{Fingerprint, KEY_FIELD, KEY_LIFE, MAX_ANSWER, Once, Remembered};
use aviary_domain::tweet::{Tweet, TweetCard, TweetText};
use aviary_domain::user::UserCard;

use crate::bench::{Bench, NOW, account, actor, address, prepared, registration};

fn key() -> IdempotencyKey {
    match IdempotencyKey::parse("k", "POST", "/tweets") {
        Ok(key) => key,
        Err(error) => panic!("{error:?}"),
    }
}

fn tweet() -> Tweet {
    Tweet {
        id: aviary_domain::Id::from_bytes([9; 12]),
        owner: actor().user,
        content: TweetText::from_stored("hello".into()),
        likes_count: 7,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn card(tweet: Tweet) -> TweetCard {
    let user = account().user;
    let owner = UserCard { id: user.id, username: user.username, full_name: user.full_name, avatar: user.avatar };
    TweetCard { tweet, owner, is_liked: true }
}

/// What the store knows of the key.
#[derive(Clone, Copy)]
enum Known {
    Nothing,
    /// What the very same request made, without its answer.
    Unanswered,
    /// What the very same request made and was answered: `{}`.
    Answered,
}

/// A store in which each look-up of the key finds the next of these.
async fn bench_that_knows<const N: usize>(known: [Known; N]) -> Bench {
    let mut bench = Bench::new();
    let fingerprint = note_of_a_new_tweet().await.fingerprint;
    let mut known = known.into_iter();
    bench.store.idempotency.expect_find().times(N).returning(move |_, now| {
        assert_eq!(now, NOW);
        Ok(match known.next() {
            None | Some(Known::Nothing) => None,
            Some(Known::Unanswered) => Some(remembered(fingerprint, None)),
            Some(Known::Answered) => Some(remembered(fingerprint, Some("{}"))),
        })
    });
    bench
}

fn remembered(fingerprint: Fingerprint, answer: Option<&str>) -> Remembered {
    let made: RawId = [9; 12];
    Remembered { fingerprint, made, answer: answer.map(|answer| answer.as_bytes().to_vec()) }
}

/// The note with which a creation goes through when nothing is known of its key.
async fn note_of_a_new_tweet() -> Once {
    let mut bench = Bench::new();
    bench.store.idempotency.expect_find().once().returning(|_, _| Ok(None));
    bench.store.tweets.expect_create().once().returning(|tweet, note| {
        assert!(note.is_some());
        Ok(card(tweet.clone()))
    });
    let creation = create(&bench.application()).await;
    let Ok(Creation::Made { note: Some(note), .. }) = creation else { panic!("{creation:?}") };
    assert_eq!((note.now, note.expires_at()), (NOW, NOW.after(KEY_LIFE)));
    note
}

async fn create(application: &Application) -> Result<Creation<TweetCard>, Error> {
    application.tweets.create(actor(), Some(" hello "), Some(&key())).await
}

#[tokio::test]
async fn a_known_answer_is_given_without_a_look_at_anything_else() {
    let application = bench_that_knows([Known::Answered]).await.application();
    let creation = create(&application).await;
    assert!(matches!(creation, Ok(Creation::Answered { id, answer }) if id == [9; 12] && answer == b"{}"));
}

#[tokio::test]
async fn a_lost_answer_is_made_anew_as_it_must_have_been() {
    let mut bench = bench_that_knows([Known::Unanswered]).await;
    bench.store.tweets.expect_find().once().returning(|_| Ok(Some(tweet())));
    bench.store.users.expect_find().once().returning(|_| Ok(Some(account().user)));
    let creation = create(&bench.application()).await;
    let Ok(Creation::Recalled { made, .. }) = creation else { panic!("{creation:?}") };
    // A new tweet has no likes, whatever has come to it since.
    assert_eq!((made.tweet.id, made.tweet.likes_count, made.is_liked), (tweet().id, 0, false));
}

#[tokio::test]
async fn what_is_gone_and_was_never_answered_is_a_conflict() {
    let mut bench = bench_that_knows([Known::Unanswered]).await;
    bench.store.tweets.expect_find().once().returning(|_| Ok(None));
    let creation = create(&bench.application()).await;
    assert!(matches!(creation, Err(Error::Conflict { field: KEY_FIELD })), "{creation:?}");
}

#[tokio::test]
async fn who_was_slower_is_given_what_the_faster_one_made() {
    let mut bench = bench_that_knows([Known::Nothing, Known::Answered]).await;
    let taken = |_: &_, _| Err(StoreError::Conflict { field: KEY_FIELD });
    bench.store.tweets.expect_create().once().returning(taken);
    let creation = create(&bench.application()).await;
    assert!(matches!(creation, Ok(Creation::Answered { .. })), "{creation:?}");
}

#[tokio::test]
async fn whoever_the_faster_one_failed_is_asked_to_come_again() {
    let mut bench = bench_that_knows([Known::Nothing, Known::Nothing]).await;
    let taken = |_: &_, _| Err(StoreError::Conflict { field: KEY_FIELD });
    bench.store.tweets.expect_create().once().returning(taken);
    let creation = create(&bench.application()).await;
    assert!(matches!(creation, Err(Error::Unavailable(_))), "{creation:?}");
}

#[tokio::test]
async fn a_store_that_cannot_tell_makes_nothing() {
    let mut bench = Bench::new();
    bench.store.idempotency.expect_find().once().returning(|_, _| Err(StoreError::unavailable("gone")));
    let creation = create(&bench.application()).await;
    assert!(matches!(creation, Err(Error::Unavailable(_))), "{creation:?}");
}

#[tokio::test]
async fn another_request_under_the_key_is_refused_before_any_file_is_looked_at() {
    let mut bench = Bench::new();
    let other = remembered(Fingerprint([0; 32]), Some("{}"));
    bench.store.idempotency.expect_find().once().return_once(|_, _| Ok(Some(other)));
    let outcome = bench.application().users.register(registration(), address(), Some(&key())).await;
    assert!(matches!(outcome, Err(Error::KeyReused)), "{outcome:?}");
}

#[tokio::test]
async fn a_name_that_is_taken_by_the_very_same_request_is_no_refusal() {
    let mut bench = Bench::new();
    bench.store.users.expect_find_account().returning(|_| Ok(Some(account())));
    bench.media.expect_prepare_image().returning(|_, _| Ok(prepared()));
    // The first look-up comes too early; between it and the look at the names, the twin was done.
    let mut asked = 0;
    bench.store.idempotency.expect_find().times(2).returning(move |_, _| {
        asked += 1;
        Ok((asked > 1).then(|| remembered(Fingerprint([0; 32]), None)))
    });
    // By its other fingerprint it is told from a twin here; the point is that it was looked up again.
    let outcome = bench.application().users.register(registration(), address(), Some(&key())).await;
    assert!(matches!(outcome, Err(Error::KeyReused)), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_given_all_the_same() {
    let mut bench = Bench::new();
    let broken = |_, _: &[u8]| Err(StoreError::unavailable("gone"));
    bench.store.idempotency.expect_remember_answer().once().returning(broken);
    let keys = bench.application().keys;
    let once = aviary_domain::test_support::fixture::once(NOW);
    keys.remember(once, &vec![b' '; MAX_ANSWER]).await;
    // Nobody asks the store to keep one that is too long.
    keys.remember(once, &vec![b' '; MAX_ANSWER + 1]).await;
}

/// The note with which a registration goes through when nothing is known of its key.
async fn note_of_a_registration() -> Once {
    let mut bench = Bench::new();
    bench.store.idempotency.expect_find().once().returning(|_, _| Ok(None));
    bench.store.users.expect_find_account().returning(|_| Ok(None));
    bench.media.expect_prepare_image().returning(|_, _| Ok(prepared()));
    bench.media.expect_keep().returning(|_, name| Ok(name.clone()));
    bench.hasher.expect_hash().once().returning(|_| Ok(account().password_hash));
    bench.store.files.expect_reserve().returning(|_, _| Ok(()));
    bench.store.users.expect_create().once().returning(|_, _| Ok(()));
    let creation = bench.application().users.register(registration(), address(), Some(&key())).await;
    let Ok(Creation::Made { note: Some(note), .. }) = creation else { panic!("{creation:?}") };
    note
}

#[tokio::test]
async fn whoever_repeats_a_registration_cannot_guess_its_password_for_ever() {
    let fingerprint = note_of_a_registration().await.fingerprint;
    let limits = LoginLimits { per_account: 2, per_address: 9, window: Duration::from_mins(1) };
    for answer in [Some("{}"), None] {
        let mut bench = Bench { limits: Some(limits), ..Bench::new() };
        bench.store.idempotency.expect_find().returning(move |_, _| Ok(Some(remembered(fingerprint, answer))));
        bench.store.users.expect_find().returning(|_| Ok(Some(account().user)));
        bench.store.users.expect_password_hash().returning(|_| Ok(Some(account().password_hash)));
        bench.hasher.expect_verify().times(2).returning(|_, _| Ok(false));
        let users = bench.application().users;
        for _ in 0..2 {
            let outcome = users.register(registration(), address(), Some(&key())).await;
            assert!(matches!(outcome, Err(Error::KeyReused)), "{outcome:?}");
        }
        let outcome = users.register(registration(), address(), Some(&key())).await;
        assert!(matches!(outcome, Err(Error::TooManyAttempts { .. })), "{outcome:?}");
    }
}
