//! Rules of tickets for direct uploads: how many are open, and how much room they take.

use futures_util::future::{join, join_all};

use super::check::{CROWD, assert_ownerless, ownerless};
use crate::file::{FileFormat, FileKey};
use crate::test_support::fixture::{at, far_future, file_key, next_id, video};
use crate::test_support::seed;
use crate::ticket::{MOST_OPEN_TICKETS, Ticket, TicketAnswer, TicketRequest};
use crate::user::User;
use crate::video::{NewStill, Video, VideoChange};
use crate::{Id, Store, StoreError, Timestamp};

/// A wish for a film of exactly so many bytes.
fn wish(owner: Id<User>, bytes: u64, quota: Option<u64>) -> TicketRequest {
    TicketRequest { name: file_key(FileFormat::Mp4), owner, least: bytes, most: bytes, quota, until: far_future() }
}

async fn ask(store: &Store, request: &TicketRequest) -> Result<TicketAnswer, StoreError> {
    store.tickets.open(request).await.map(|answer| answer.expect("the user is there"))
}

/// The ticket was given, for so many bytes.
async fn given(store: &Store, request: &TicketRequest) -> u64 {
    match ask(store, request).await.unwrap() {
        TicketAnswer::Opened { bytes } => bytes,
        TicketAnswer::TooMany { until } => panic!("{request:?}: too many are open until {until}"),
    }
}

async fn opened(store: &Store, owner: Id<User>, bytes: u64) -> FileKey {
    let request = wish(owner, bytes, None);
    assert_eq!(given(store, &request).await, bytes);
    request.name
}

async fn assert_exceeded(store: &Store, request: &TicketRequest, expected: (u64, u64)) {
    match ask(store, request).await {
        Err(StoreError::QuotaExceeded { used, quota }) => assert_eq!((used, quota), expected),
        other => panic!("expected a refusal by the quota {expected:?}, got {other:?}"),
    }
}

async fn reserved(store: &Store, owner: Id<User>) -> u64 {
    store.tickets.reserved_bytes(owner).await.unwrap()
}

/// A video of so many bytes under this name; its still, which has none, is reserved.
async fn of_film(store: &Store, owner: Id<User>, name: &FileKey, bytes: u64) -> Video {
    let video = Video { file: name.clone(), bytes, thumbnail_bytes: 0, ..video(owner) };
    seed::reserve(store, std::slice::from_ref(&video.thumbnail)).await;
    video
}

/// A video of so many bytes that came without a ticket.
async fn received(store: &Store, owner: Id<User>, bytes: u64) -> Video {
    let name = file_key(FileFormat::Mp4);
    seed::reserve(store, std::slice::from_ref(&name)).await;
    of_film(store, owner, &name, bytes).await
}

pub async fn a_ticket_reserves_its_name_until_its_end(store: Store) {
    let owner = seed::user(&store).await;
    let request = TicketRequest { until: at(10), ..wish(owner.id, (1 << 42) + 1, None) };
    let bytes = given(&store, &request).await;
    let expected = Some(Ticket { owner: owner.id, bytes });
    let last = Timestamp::from_millis(at(10).millis() - 1);
    assert_eq!(bytes, (1 << 42) + 1);
    assert_eq!(store.tickets.find(&request.name.marked("u1"), last).await.unwrap(), expected);
    assert_eq!(store.tickets.find(&request.name, at(10)).await.unwrap(), None, "it is due");
    assert_eq!(store.files.due(last, 10).await.unwrap(), []);
    assert_ownerless(&store, &[&request.name]).await;
    assert!(store.files.prolong(&request.name, at(9), at(20)).await.unwrap());
    assert_eq!(store.tickets.find(&request.name, at(19)).await.unwrap(), expected);
}

pub async fn an_unknown_user_gets_no_ticket(store: Store) {
    let request = wish(next_id(), 1, None);
    assert_eq!(store.tickets.open(&request).await.unwrap(), None);
    assert_eq!(reserved(&store, request.owner).await, 0);
    assert_ownerless(&store, &[]).await;
}

pub async fn what_was_reserved_without_a_ticket_is_none(store: Store) {
    let owner = seed::user(&store).await;
    let film = file_key(FileFormat::Mp4);
    seed::reserve(&store, std::slice::from_ref(&film)).await;
    assert_eq!(store.tickets.find(&film, at(0)).await.unwrap(), None);
    assert_eq!(store.tickets.find(&file_key(FileFormat::Mp4), at(0)).await.unwrap(), None);
    assert_eq!(reserved(&store, owner.id).await, 0);
}

pub async fn a_ticket_is_for_as_much_as_fits_and_no_more_than_is_asked_for(store: Store) {
    let owner = seed::user(&store).await;
    let video = received(&store, owner.id, 300).await;
    store.videos.create(&video, None, None).await.unwrap();
    for (least, most, quota, expected) in [
        (1, 5000, None, 5000),
        (1, 200, Some(6000), 200),
        // Of 6000 bytes 300 are stored and 5200 are reserved.
        (1, 5000, Some(6000), 500),
    ] {
        let request = TicketRequest { least, most, ..wish(owner.id, 1, quota) };
        assert_eq!(given(&store, &request).await, expected);
    }
    assert_eq!(reserved(&store, owner.id).await, 5700);
    assert_exceeded(&store, &wish(owner.id, 1, Some(6000)), (6000, 6000)).await;
    assert_eq!(given(&store, &wish(owner.id, 1, Some(6001))).await, 1);
}

pub async fn a_ticket_that_does_not_fit_is_refused_and_reserves_nothing(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let first = opened(&store, owner.id, 600).await;
    let large = TicketRequest { least: 401, most: 5000, ..wish(owner.id, 401, Some(1000)) };
    assert_exceeded(&store, &large, (600, 1000)).await;
    assert_exceeded(&store, &wish(owner.id, u64::MAX, Some(1000)), (600, 1000)).await;
    assert_ownerless(&store, &[&first]).await;
    assert_eq!((reserved(&store, owner.id).await, reserved(&store, other.id).await), (600, 0));
    assert_eq!(given(&store, &wish(other.id, 1000, Some(1000))).await, 1000, "everybody has a quota of their own");
    assert_eq!(given(&store, &wish(owner.id, 400, Some(1000))).await, 400);
}

pub async fn only_so_many_tickets_are_open_and_the_first_end_is_told(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let seconds = [50, 20, 90, 70, 30, 40, 60, 80, 25, 35];
    assert_eq!(seconds.len(), MOST_OPEN_TICKETS);
    for second in seconds {
        given(&store, &TicketRequest { until: at(second), ..wish(owner.id, 1, None) }).await;
    }
    let before = ownerless(&store).await;
    for quota in [None, Some(10)] {
        let answer = ask(&store, &wish(owner.id, 1, quota)).await.unwrap();
        assert_eq!(answer, TicketAnswer::TooMany { until: at(20) });
    }
    assert_eq!(ownerless(&store).await, before);
    opened(&store, other.id, 1).await;
    store.files.forget(&before[0]).await.unwrap();
    opened(&store, owner.id, 1).await;
    let answer = ask(&store, &wish(owner.id, 1, None)).await.unwrap();
    assert_eq!(answer, TicketAnswer::TooMany { until: at(25) });
}

pub async fn a_ticket_is_open_until_its_name_leaves_the_ledger(store: Store) {
    let owner = seed::user(&store).await;
    let (released, failing, given_up) =
        (opened(&store, owner.id, 1).await, opened(&store, owner.id, 10).await, opened(&store, owner.id, 100).await);
    store.files.release(std::slice::from_ref(&released), at(5)).await.unwrap();
    store.files.postpone(&failing, at(50)).await.unwrap();
    for name in [&released, &failing] {
        assert_eq!(store.tickets.find(name, at(6)).await.unwrap(), None, "no film is confirmed with it any more");
    }
    assert_eq!(reserved(&store, owner.id).await, 111, "what was sent may still lie there");
    assert_exceeded(&store, &wish(owner.id, 900, Some(1000)), (111, 1000)).await;
    store.files.postpone(&given_up, Timestamp::NEVER).await.unwrap();
    assert_eq!(reserved(&store, owner.id).await, 11);
    assert_eq!(store.tickets.find(&given_up, at(6)).await.unwrap(), None);
    store.files.retry_given_up(at(7)).await.unwrap();
    assert_eq!(reserved(&store, owner.id).await, 111);
    for (name, left) in [(&given_up, 11), (&failing, 1), (&released, 0)] {
        store.files.forget(name).await.unwrap();
        assert_eq!(reserved(&store, owner.id).await, left);
    }
}

pub async fn a_film_that_is_published_ends_its_ticket(store: Store) {
    let owner = seed::user(&store).await;
    let (film, other) = (opened(&store, owner.id, 600).await, opened(&store, owner.id, 300).await);
    let video = of_film(&store, owner.id, &film.marked("u1"), 590).await;
    store.videos.create(&video, Some(890), None).await.unwrap();
    assert_eq!(store.users.stored_bytes(owner.id).await.unwrap(), Some(590));
    assert_eq!(reserved(&store, owner.id).await, 300);
    assert_eq!(store.tickets.find(&film, at(0)).await.unwrap(), None);
    assert_ownerless(&store, &[&other]).await;
}

pub async fn a_film_that_is_refused_keeps_its_ticket(store: Store) {
    let owner = seed::user(&store).await;
    let (film, other) = (opened(&store, owner.id, 600).await, opened(&store, owner.id, 300).await);
    let video = of_film(&store, owner.id, &film, 600).await;
    let refusal = store.videos.create(&video, Some(899), None).await;
    assert!(matches!(refusal, Err(StoreError::QuotaExceeded { used: 300, quota: 899 })), "{refusal:?}");
    assert!(store.tickets.find(&film, at(0)).await.unwrap().is_some());
    assert_eq!(reserved(&store, owner.id).await, 900);
    assert_ownerless(&store, &[&film, &other, &video.thumbnail]).await;
    store.videos.create(&video, Some(900), None).await.unwrap();
}

pub async fn room_for_open_tickets_is_kept_free(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let before = received(&store, owner.id, 100).await;
    store.videos.create(&before, None, None).await.unwrap();
    opened(&store, owner.id, 500).await;
    let large = received(&store, owner.id, 401).await;
    let refusal = store.videos.create(&large, Some(1000), None).await;
    assert!(matches!(refusal, Err(StoreError::QuotaExceeded { used: 600, quota: 1000 })), "{refusal:?}");
    let still = NewStill { key: file_key(FileFormat::Jpeg), bytes: 401 };
    seed::reserve(&store, std::slice::from_ref(&still.key)).await;
    let change = |bytes| VideoChange {
        thumbnail: Some(NewStill { bytes, ..still.clone() }),
        quota: Some(1000),
        ..VideoChange::default()
    };
    let refusal = store.videos.update(before.id, &change(401), at(1)).await;
    assert!(matches!(refusal, Err(StoreError::QuotaExceeded { used: 600, quota: 1000 })), "{refusal:?}");
    store.videos.update(before.id, &change(400), at(1)).await.unwrap().unwrap();
    let theirs = received(&store, other.id, 1000).await;
    store.videos.create(&theirs, Some(1000), None).await.unwrap();
}

pub async fn of_many_tickets_at_once_only_so_many_are_given_as_may_be_open(store: Store) {
    let owner = seed::user(&store).await;
    let requests: Vec<_> = (0..CROWD).map(|_| wish(owner.id, 1, None)).collect();
    let answers = join_all(requests.iter().map(|request| ask(&store, request))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let given = answers.iter().filter(|answer| **answer == TicketAnswer::Opened { bytes: 1 }).count();
    assert_eq!(given, MOST_OPEN_TICKETS);
    assert_eq!(ownerless(&store).await.len(), MOST_OPEN_TICKETS);
}

pub async fn of_many_tickets_at_once_only_so_many_are_given_as_fit(store: Store) {
    let owner = seed::user(&store).await;
    let requests: Vec<_> = (0..CROWD).map(|_| wish(owner.id, 30, Some(220))).collect();
    let answers = join_all(requests.iter().map(|request| ask(&store, request))).await;
    let (given, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((given.len(), reserved(&store, owner.id).await), (7, 210));
    assert!(refused.into_iter().all(|answer| matches!(answer, Err(StoreError::QuotaExceeded { quota: 220, .. }))));
}

pub async fn tickets_and_videos_at_once_share_the_quota(store: Store) {
    let owner = seed::user(&store).await;
    let videos = join_all((0..CROWD).map(|_| received(&store, owner.id, 30))).await;
    let requests: Vec<_> = (0..CROWD).map(|_| wish(owner.id, 30, Some(220))).collect();
    let creates = join_all(videos.iter().map(|video| store.videos.create(video, Some(220), None)));
    let (answers, results) = join(join_all(requests.iter().map(|request| ask(&store, request))), creates).await;
    let given = answers.into_iter().filter(|answer| matches!(answer, Ok(TicketAnswer::Opened { .. }))).count();
    let added = results.into_iter().flatten().count();
    assert_eq!(given + added, 7, "{given} tickets and {added} videos: as many as fit");
    let stored = store.users.stored_bytes(owner.id).await.unwrap().unwrap();
    assert_eq!(stored + reserved(&store, owner.id).await, 210);
}
