//! The same on several nodes at once: no node sees in time what another one is about to write, and together they keep to
//! the limits all the same, and make one fact of it.

use std::collections::HashSet;

use aviary_domain::file::FileFormat;
use aviary_domain::like::LikeTarget;
use aviary_domain::maintenance::{DriftReport, Reconcile};
use aviary_domain::page::{PageRequest, PageSize};
use aviary_domain::playlist::Added;
use aviary_domain::test_support::{fixture, seed};
use aviary_domain::ticket::{MOST_OPEN_TICKETS, TicketAnswer, TicketRequest};
use aviary_domain::user::User;
use aviary_domain::video::{Video, Viewer};
use aviary_domain::{Id, Store, StoreError};
use aviary_infra::mongo::open;
use futures_util::future::{join, join_all};

use super::{Guard, fresh};

const NODES: usize = 4;
const EACH: usize = 6;
/// How often what has to meet is brought to meet: each time it is about something else.
const ROUNDS: usize = 8;

/// Several nodes of a database, each with its own queues and connections.
async fn nodes() -> (Vec<Store>, User, Guard) {
    let (first, guard) = fresh().await;
    let user = seed::user(&first).await;
    let mut nodes = vec![first];
    for _ in 1..NODES {
        nodes.push(open(&guard.uri).await.expect("an open database").store);
    }
    (nodes, user, guard)
}

async fn ask(store: &Store, owner: Id<User>, bytes: u64, quota: Option<u64>) -> Result<TicketAnswer, StoreError> {
    let (name, until) = (fixture::file_key(FileFormat::Mp4), fixture::far_future());
    let request = TicketRequest { name, owner, least: bytes, most: bytes, quota, until };
    store.tickets.open(&request).await.map(|answer| answer.expect("the user is there"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_together_give_no_more_tickets_than_may_be_open() {
    let (nodes, user, _guard) = nodes().await;
    let asked = (0..EACH).flat_map(|_| &nodes).map(|node| ask(node, user.id, 1, None));
    let answers: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    let given = answers.iter().filter(|answer| **answer == TicketAnswer::Opened { bytes: 1 }).count();
    assert_eq!(given, MOST_OPEN_TICKETS, "{answers:?}");
    let names: HashSet<_> = nodes[1].files.list(None, 100).await.unwrap().into_iter().collect();
    assert_eq!(names.len(), MOST_OPEN_TICKETS);
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_of_some_nodes_and_videos_of_others_share_the_quota() {
    let (nodes, user, _guard) = nodes().await;
    let video = || Video { bytes: 30, thumbnail_bytes: 0, ..fixture::video(user.id) };
    let videos: Vec<_> = (0..EACH * 2).map(|_| video()).collect();
    for video in &videos {
        seed::reserve(&nodes[0], &[video.file.clone(), video.thumbnail.clone()]).await;
    }
    let (giving, storing) = nodes.split_at(NODES / 2);
    let asked = (0..EACH).flat_map(|_| giving).map(|node| ask(node, user.id, 30, Some(220)));
    let nodes = storing.iter().cycle();
    let created = videos.iter().zip(nodes).map(|(video, node)| node.videos.create(video, Some(220), None));
    let (answers, results) = join(join_all(asked), join_all(created)).await;
    let given = answers.iter().filter(|answer| matches!(answer, Ok(TicketAnswer::Opened { .. }))).count();
    let added = results.iter().flatten().count();
    assert_eq!(given + added, 7, "{given} tickets and {added} videos");
    let full = |error: &StoreError| matches!(error, StoreError::QuotaExceeded { quota: 220, .. });
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(full), "{answers:?}");
    assert!(results.iter().filter_map(|result| result.as_ref().err()).all(full));
}

/// Asks so many times at once, of all nodes in turn; nobody is told of the others by a failure.
async fn at_once<T>(nodes: &[Store], times: usize, ask: impl AsyncFn(&Store) -> Result<T, StoreError>) -> Vec<T> {
    let asked = nodes.iter().cycle().take(times).map(|node| ask(node));
    join_all(asked).await.into_iter().map(|answer| answer.expect("an answer")).collect()
}

fn page() -> PageRequest {
    PageRequest::first(PageSize::new(100).expect("a page size"))
}

async fn assert_exact(store: &Store) {
    let drift = store.maintenance.reconcile(Reconcile::Report).await.expect("a report");
    assert_eq!(drift, DriftReport::default());
}

/// A video of the owner's, and somebody who has not seen it.
async fn round(store: &Store, owner: &User) -> (Video, User) {
    (seed::video(store, owner.id).await, seed::user(store).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_visit_on_all_nodes_is_one_view_and_one_entry() {
    let (nodes, owner, _guard) = nodes().await;
    for number in 0..ROUNDS {
        let (video, fan) = round(&nodes[0], &owner).await;
        let guest = fixture::guest(u8::try_from(number).expect("a small number"));
        // The owner is not counted, and enters the history outside of any transaction.
        for (viewer, views) in [(Viewer::User(fan.id), 1), (guest, 2), (Viewer::User(owner.id), 2)] {
            let visit = fixture::visit(video.id, viewer, fixture::at(2));
            let seen = at_once(&nodes, NODES * EACH, async |node| node.videos.watch(&visit).await).await;
            let shown: Vec<_> = seen.into_iter().map(|seen| seen.expect("a page").card.video.views).collect();
            assert!(shown.iter().all(|shown| *shown == views), "round {number}: {shown:?} instead of {views}");
            assert_eq!(nodes[3].videos.find(video.id).await.unwrap().unwrap().views, views);
        }
        let watched = nodes[2].history.list(fan.id, &page()).await.unwrap().items;
        assert_eq!(watched.iter().map(|entry| entry.video.video.id).collect::<Vec<_>>(), [video.id]);
        assert_eq!(nodes[2].history.list(owner.id, &page()).await.unwrap().items.len(), number + 1);
    }
    assert_exact(&nodes[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_like_on_all_nodes_is_one() {
    let (nodes, owner, _guard) = nodes().await;
    for number in 0..ROUNDS {
        let (video, fan) = round(&nodes[0], &owner).await;
        let comment = seed::comment(&nodes[0], video.id, owner.id).await;
        let tweet = seed::tweet(&nodes[0], owner.id).await;
        for target in [LikeTarget::Video(video.id), LikeTarget::Comment(comment.id), LikeTarget::Tweet(tweet.id)] {
            let put = async |node: &Store| node.likes.put(&fixture::like(fan.id, target, fixture::at(2))).await;
            for state in at_once(&nodes, NODES * EACH, put).await {
                let state = state.expect("a target");
                assert_eq!((state.is_liked, state.likes_count), (true, 1), "round {number}: {target:?}");
            }
        }
        assert_eq!(nodes[2].likes.liked_videos(fan.id, &page()).await.unwrap().items.len(), 1);
    }
    assert_exact(&nodes[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn toggles_on_all_nodes_end_as_their_number_says() {
    let (nodes, owner, _guard) = nodes().await;
    for number in 0..ROUNDS {
        let (video, fan) = round(&nodes[0], &owner).await;
        let times = NODES * EACH + number % 2;
        let (target, is_odd) = (LikeTarget::Video(video.id), times % 2 == 1);
        let like = async |node: &Store| node.likes.toggle(&fixture::like(fan.id, target, fixture::at(2))).await;
        let liked: Vec<_> =
            at_once(&nodes, times, like).await.into_iter().map(|state| state.expect("a video")).collect();
        assert_eq!(liked.iter().filter(|state| state.is_liked).count(), times.div_ceil(2), "round {number}");
        assert!(liked.iter().all(|state| state.likes_count == u64::from(state.is_liked)), "{liked:?}");
        assert_eq!(nodes[2].videos.find(video.id).await.unwrap().unwrap().likes_count, u64::from(is_odd));
        assert_eq!(nodes[2].likes.liked_videos(fan.id, &page()).await.unwrap().items.len(), usize::from(is_odd));

        let wanted = || fixture::subscription(fan.id, owner.id, fixture::at(2));
        let follow = async |node: &Store| node.subscriptions.toggle(&wanted()).await;
        let states = at_once(&nodes, times, follow).await;
        let followed = states.iter().flatten().filter(|state| state.is_subscribed).count();
        assert_eq!(followed, times.div_ceil(2), "round {number}: {states:?}");
        let channels = nodes[2].subscriptions.channels(fan.id, &page()).await.unwrap().expect("a user");
        assert_eq!(channels.items.len(), usize::from(is_odd));
    }
    assert_exact(&nodes[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_subscription_on_all_nodes_is_one() {
    let (nodes, owner, _guard) = nodes().await;
    for number in 0..ROUNDS {
        let fan = seed::user(&nodes[1]).await;
        let wanted = || fixture::subscription(fan.id, owner.id, fixture::at(2));
        let put = async |node: &Store| node.subscriptions.put(&wanted()).await;
        for state in at_once(&nodes, NODES * EACH, put).await {
            let state = state.expect("a channel");
            assert!(state.is_subscribed);
            assert_eq!(usize::try_from(state.subscribers_count).ok(), Some(number + 1));
        }
        let channels = nodes[2].subscriptions.channels(fan.id, &page()).await.unwrap().expect("a user");
        assert_eq!(channels.items.len(), 1);
    }
    assert_exact(&nodes[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_video_put_into_a_playlist_on_all_nodes_is_in_it_once() {
    let (nodes, owner, _guard) = nodes().await;
    let playlist = seed::playlist(&nodes[0], owner.id, &[]).await;
    let mut expected = Vec::new();
    for _ in 0..ROUNDS {
        // Another one at the same time, whose place is not to be the same.
        let videos = seed::videos(&nodes[0], owner.id, 2).await;
        let [first, second] = [videos[0].id, videos[1].id];
        let add = async |node: &Store, video| node.playlists.add_video(playlist.id, video, fixture::at(2)).await;
        let (one, other) = join(
            at_once(&nodes, NODES * EACH, async |node| add(node, first).await),
            at_once(&nodes, NODES * EACH, async |node| add(node, second).await),
        )
        .await;
        assert!(one.iter().chain(&other).all(|added| *added == Added::Present), "{one:?} {other:?}");
        expected.extend([first, second]);
    }
    let shown = nodes[3].playlists.show(playlist.id, Some(owner.id), &page()).await.unwrap().expect("a playlist");
    let mut found: Vec<_> = shown.videos.items.iter().map(|card| card.video.id).collect();
    let rounds = found.chunks(2).zip(expected.chunks(2));
    assert!(rounds.clone().all(|(found, expected)| found.iter().all(|id| expected.contains(id))), "{found:?}");
    found.sort();
    found.dedup();
    assert_eq!((found.len(), shown.total_videos), (2 * ROUNDS, 2 * u64::try_from(ROUNDS).expect("a small number")));
    assert_exact(&nodes[1]).await;
}
