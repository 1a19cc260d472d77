//! Rules of the store of sessions.

use futures_util::future::join_all;

use super::check::CROWD;
use crate::session::{Refresh, Rotation, Session};
use crate::test_support::fixture::{at, next_id, password_hash, session, token_hash};
use crate::test_support::seed;
use crate::{Id, Store, Timestamp};

/// The token numbered `presented` is exchanged for the one numbered `successor`.
fn refresh(session: &Session, presented: u8, successor: u8) -> Refresh {
    Refresh {
        session: session.id,
        user: session.user,
        presented: token_hash(presented),
        successor: token_hash(successor),
        now: at(10),
        expires_at: at(7200),
    }
}

async fn rotate(store: &Store, session: &Session, presented: u8, successor: u8) -> Rotation {
    store.sessions.rotate(&refresh(session, presented, successor)).await.unwrap()
}

async fn is_active(store: &Store, session: &Session, now: Timestamp) -> bool {
    store.sessions.is_active(session.id, session.user, now).await.unwrap()
}

async fn signed_in(store: &Store) -> Session {
    let user = seed::user(store).await;
    seed::session(store, user.id).await
}

pub async fn a_session_opens_only_under_the_hash_that_was_checked(store: Store) {
    let user = seed::user(&store).await;
    let session = session(user.id);
    let opened = store.sessions.open(&session, &password_hash("of somebody else")).await.unwrap();
    assert!(!opened, "a session was opened under a hash that is not the user's");
    assert!(!is_active(&store, &session, session.created_at).await, "a refused session is active");
    let session = seed::open(&store, session).await;
    assert!(is_active(&store, &session, session.created_at).await);
}

pub async fn a_session_is_active_until_it_ends(store: Store) {
    let session = signed_in(&store).await;
    let last = Timestamp::from_millis(session.expires_at.millis() - 1);
    assert!(is_active(&store, &session, session.created_at).await);
    assert!(is_active(&store, &session, last).await);
    assert!(!is_active(&store, &session, session.expires_at).await);
}

pub async fn a_session_is_its_users_alone(store: Store) {
    let session = signed_in(&store).await;
    let stranger = seed::user(&store).await;
    assert!(!store.sessions.is_active(session.id, stranger.id, at(1)).await.unwrap());
    let stolen = Refresh { user: stranger.id, ..refresh(&session, 0, 1) };
    assert_eq!(store.sessions.rotate(&stolen).await.unwrap(), Rotation::Absent);
    assert!(is_active(&store, &session, at(1)).await, "the session is left as it was");
    assert_eq!(rotate(&store, &session, 0, 1).await, Rotation::Rotated, "so is its token");
}

pub async fn an_unknown_session_is_absent(store: Store) {
    let unknown = session(seed::user(&store).await.id);
    assert!(!is_active(&store, &unknown, at(1)).await);
    assert_eq!(rotate(&store, &unknown, 0, 1).await, Rotation::Absent);
    store.sessions.revoke(unknown.id).await.unwrap();
}

pub async fn the_current_token_is_exchanged_and_prolongs_the_session(store: Store) {
    let session = signed_in(&store).await;
    assert!(!is_active(&store, &session, at(7199)).await);
    assert_eq!(rotate(&store, &session, 0, 1).await, Rotation::Rotated);
    assert!(is_active(&store, &session, at(7199)).await);
    assert!(!is_active(&store, &session, at(7200)).await);
    assert_eq!(rotate(&store, &session, 1, 2).await, Rotation::Rotated);
    assert_eq!(rotate(&store, &session, 2, 3).await, Rotation::Rotated);
}

pub async fn an_ended_session_is_not_continued(store: Store) {
    let session = signed_in(&store).await;
    let late = Refresh { now: session.expires_at, ..refresh(&session, 0, 1) };
    assert_eq!(store.sessions.rotate(&late).await.unwrap(), Rotation::Absent);
    assert!(!is_active(&store, &session, session.expires_at).await);
}

pub async fn a_lost_answer_is_given_again_and_the_lost_token_dies(store: Store) {
    let session = signed_in(&store).await;
    assert_eq!(rotate(&store, &session, 0, 1).await, Rotation::Rotated);
    assert_eq!(rotate(&store, &session, 0, 2).await, Rotation::Rotated, "the answer with 1 was lost");
    assert_eq!(rotate(&store, &session, 0, 3).await, Rotation::Rotated, "so was the one with 2");
    assert!(is_active(&store, &session, at(11)).await);
    assert_eq!(rotate(&store, &session, 3, 4).await, Rotation::Rotated, "3 is the current one");
    assert_eq!(rotate(&store, &session, 3, 5).await, Rotation::Rotated, "the answer with 4 was lost");
    assert_eq!(rotate(&store, &session, 1, 6).await, Rotation::Replayed, "1 was replaced");
}

pub async fn a_token_whose_successor_was_used_is_a_replay_and_ends_the_session(store: Store) {
    let session = signed_in(&store).await;
    assert_eq!(rotate(&store, &session, 0, 1).await, Rotation::Rotated);
    assert_eq!(rotate(&store, &session, 1, 2).await, Rotation::Rotated);
    assert_eq!(rotate(&store, &session, 0, 3).await, Rotation::Replayed);
    assert!(!is_active(&store, &session, at(11)).await, "the session is revoked");
    for token in [0, 1, 2, 3] {
        assert_eq!(rotate(&store, &session, token, 9).await, Rotation::Absent, "token {token} is dead");
    }
}

pub async fn a_token_that_was_never_the_sessions_is_a_replay(store: Store) {
    let session = signed_in(&store).await;
    assert_eq!(rotate(&store, &session, 77, 1).await, Rotation::Replayed);
    assert!(!is_active(&store, &session, at(11)).await);
    assert_eq!(rotate(&store, &session, 0, 1).await, Rotation::Absent);
}

pub async fn sessions_of_one_user_are_independent(store: Store) {
    let phone = signed_in(&store).await;
    let laptop = seed::session(&store, phone.user).await;
    assert_eq!(rotate(&store, &phone, 0, 1).await, Rotation::Rotated);
    assert_eq!(rotate(&store, &laptop, 0, 2).await, Rotation::Rotated, "the same token number in another session");
    assert_eq!(rotate(&store, &phone, 1, 3).await, Rotation::Rotated);
    assert_eq!(rotate(&store, &phone, 0, 4).await, Rotation::Replayed);
    assert!(!is_active(&store, &phone, at(11)).await);
    assert!(is_active(&store, &laptop, at(11)).await, "the theft of one leaves the other");
    store.sessions.revoke(phone.id).await.unwrap();
    assert_eq!(rotate(&store, &laptop, 2, 5).await, Rotation::Rotated);
}

pub async fn a_revoked_session_has_ended(store: Store) {
    let session = signed_in(&store).await;
    let other = seed::session(&store, session.user).await;
    store.sessions.revoke(session.id).await.unwrap();
    assert!(!is_active(&store, &session, at(1)).await);
    assert_eq!(rotate(&store, &session, 0, 1).await, Rotation::Absent);
    assert!(is_active(&store, &other, at(1)).await, "another device stays signed in");
    store.sessions.revoke(session.id).await.unwrap();
    store.sessions.revoke(next_id::<Session>()).await.unwrap();
}

pub async fn of_many_exchanges_of_one_token_exactly_one_successor_stays(store: Store) {
    let session = signed_in(&store).await;
    let crowd = 1..=u8::try_from(CROWD).unwrap();
    let exchanges: Vec<_> = crowd.clone().map(|successor| refresh(&session, 0, successor)).collect();
    let results = join_all(exchanges.iter().map(|exchange| store.sessions.rotate(exchange))).await;
    let rotated = results.into_iter().all(|result| result.unwrap() == Rotation::Rotated);
    assert!(rotated, "no successor was presented yet, so each exchange answers a lost one");
    assert!(is_active(&store, &session, at(11)).await);
    let uses: Vec<_> = crowd.map(|token| refresh(&session, token, token + 100)).collect();
    let results = join_all(uses.iter().map(|exchange| store.sessions.rotate(exchange))).await;
    let accepted = results.into_iter().filter(|result| matches!(result, Ok(Rotation::Rotated))).count();
    assert!(accepted <= 1, "{accepted} successors were current at once");
    assert!(!is_active(&store, &session, at(11)).await, "the others are replays");
}

pub async fn a_race_for_the_first_exchange_leaves_a_session_that_goes_on(store: Store) {
    let session = signed_in(&store).await;
    let exchanges: Vec<_> = (1..=50).map(|successor| refresh(&session, 0, successor)).collect();
    join_all(exchanges.iter().map(|exchange| store.sessions.rotate(exchange))).await;
    assert_eq!(rotate(&store, &session, 0, 51).await, Rotation::Rotated);
    assert_eq!(rotate(&store, &session, 51, 52).await, Rotation::Rotated);
    assert_eq!(rotate(&store, &session, 0, 53).await, Rotation::Replayed);
    let id: Id<Session> = session.id;
    assert!(!store.sessions.is_active(id, session.user, at(11)).await.unwrap());
}
