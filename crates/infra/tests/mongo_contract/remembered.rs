//! What a process remembers of the database: nothing that it has changed itself, and for a moment what another has.

use std::time::{Duration, Instant};

use aviary_domain::Store;
use aviary_domain::page::{PageRequest, PageSize, SortDirection};
use aviary_domain::search::SearchWords;
use aviary_domain::test_support::{fixture, seed};
use aviary_domain::user::{AccountChange, FullName, User};
use aviary_domain::video::{Video, VideoDetail, VideoOrder, VideoQuery, VideoScope, VideoSort};
use aviary_infra::mongo::open;
use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use tokio::time::sleep;

use super::{Guard, fresh};

/// The longest that anything may be remembered.
const SOON: Duration = Duration::from_secs(5);

async fn two() -> (Store, Store, Guard) {
    let (one, guard) = fresh().await;
    let other = open(&guard.uri).await.expect("an open database").store;
    (one, other, guard)
}

/// Asks until the answer is this one; not for longer than [`SOON`].
async fn is_soon<T: PartialEq + std::fmt::Debug>(expected: T, ask: impl AsyncFn() -> T) {
    let begun = Instant::now();
    while ask().await != expected && begun.elapsed() < SOON {
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ask().await, expected);
}

async fn page(store: &Store, video: &Video) -> VideoDetail {
    seed::watch(store, video.id, fixture::guest(1), fixture::at(2)).await
}

async fn rename(store: &Store, user: &User, name: &str) {
    let change = AccountChange { full_name: Some(FullName::parse(name).expect("a name")), email: None };
    store.users.update(user.id, &change, fixture::at(3)).await.expect("an update").expect("a user");
}

const NEWEST: VideoOrder = VideoOrder::By(VideoSort::CreatedAt, SortDirection::Descending);

async fn published(store: &Store) -> Option<u64> {
    let query = VideoQuery { scope: VideoScope::Published, words: None, order: NEWEST };
    store.videos.list(&query, &PageRequest::first(PageSize::DEFAULT)).await.expect("a list").total
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_change_here_are_seen_at_once_and_elsewhere_soon() {
    let (one, other, _guard) = two().await;
    let owner = seed::user(&one).await;
    let video = seed::video(&one, owner.id).await;
    let name = async |store: &Store| page(store, &video).await.card.owner.full_name.as_str().to_owned();
    for number in 0..5 {
        let expected = format!("Number {number}");
        // Both have just read the name that is about to change.
        let _ = (name(&one).await, name(&other).await);
        rename(&one, &owner, &expected).await;
        assert_eq!(name(&one).await, expected);
        is_soon(expected, async || name(&other).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_that_come_here_are_counted_at_once_and_elsewhere_soon() {
    let (one, other, _guard) = two().await;
    let owner = seed::user(&one).await;
    let video = seed::video(&one, owner.id).await;
    let count = async |store: &Store| page(store, &video).await.subscribers_count;
    assert_eq!((count(&one).await, count(&other).await), (0, 0));
    let fan = seed::user(&one).await;
    seed::subscribe(&one, fan.id, owner.id).await;
    assert_eq!(count(&one).await, 1);
    is_soon(1, async || count(&other).await).await;
    one.subscriptions.remove(fan.id, owner.id).await.unwrap();
    assert_eq!(count(&one).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn videos_that_are_published_here_are_counted_at_once_and_elsewhere_soon() {
    let (one, other, _guard) = two().await;
    let owner = seed::user(&one).await;
    assert_eq!((published(&one).await, published(&other).await), (Some(0), Some(0)));
    let video = seed::video(&one, owner.id).await;
    assert_eq!(published(&one).await, Some(1));
    is_soon(Some(1), async || published(&other).await).await;
    seed::toggle(&one, video.id).await;
    assert_eq!(published(&one).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn matches_that_come_here_are_counted_at_once_and_elsewhere_soon() {
    let (one, other, _guard) = two().await;
    let owner = seed::user(&one).await;
    let matches = async |store: &Store| {
        let words = SearchWords::parse(fixture::video(owner.id).title.as_str());
        let query = VideoQuery { scope: VideoScope::Published, words, order: VideoOrder::Relevance };
        store.videos.list(&query, &PageRequest::first(PageSize::DEFAULT)).await.expect("a list").total
    };
    assert_eq!((matches(&one).await, matches(&other).await), (Some(0), Some(0)));
    let video = seed::video(&one, owner.id).await;
    assert_eq!(matches(&one).await, Some(1));
    is_soon(Some(1), async || matches(&other).await).await;
    seed::toggle(&one, video.id).await;
    assert_eq!(matches(&one).await, Some(0));
}

/// How often the matches of a search were counted, as the database noted it.
async fn counts(guard: &Guard) -> u64 {
    let noted = guard.database().await.collection::<Document>("system.profile");
    let counting = doc! { "command.aggregate": "videos", "command.pipeline.$count": "matches" };
    noted.count_documents(counting).await.expect("what the profiler noted")
}

#[tokio::test(flavor = "multi_thread")]
async fn matches_are_counted_by_one_for_all_and_again_soon() {
    let (store, guard) = fresh().await;
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    guard.database().await.run_command(doc! { "profile": 2 }).await.unwrap();
    let words = SearchWords::parse(video.title.as_str());
    let query = VideoQuery { scope: VideoScope::Published, words, order: VideoOrder::Relevance };
    let crowd = async || {
        let page = PageRequest::first(PageSize::DEFAULT);
        let pages = join_all((0..32).map(|_| store.videos.list(&query, &page))).await;
        assert!(pages.into_iter().all(|page| page.unwrap().total == Some(1)));
        counts(&guard).await
    };
    let begun = Instant::now();
    let first = crowd().await;
    assert!((1..16).contains(&first), "{first} counts for 32 searches");
    let second = crowd().await;
    assert!(second == first || begun.elapsed() > Duration::from_secs(1), "the number is remembered");
    while crowd().await == first {
        assert!(begun.elapsed() < SOON, "it is never counted again");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_end_here_have_ended_and_elsewhere_do_soon() {
    let (one, other, _guard) = two().await;
    let user = seed::user(&one).await;
    let session = seed::session(&one, user.id).await;
    let is_active = async |store: &Store| store.sessions.is_active(session.id, user.id, fixture::at(1)).await.unwrap();
    assert!(is_active(&one).await && is_active(&other).await);
    one.sessions.revoke(session.id).await.unwrap();
    assert!(!is_active(&one).await);
    is_soon(false, async || is_active(&other).await).await;
}
