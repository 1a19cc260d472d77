//! Tickets and videos of one user on several nodes: no node sees in time what another one is about to write, and together
//! they keep to the limits all the same.

use std::collections::HashSet;

use aviary_domain::file::FileFormat;
use aviary_domain::test_support::{fixture, seed};
use aviary_domain::ticket::{MOST_OPEN_TICKETS, TicketAnswer, TicketRequest};
use aviary_domain::user::User;
use aviary_domain::video::Video;
use aviary_domain::{Id, Store, StoreError};
use aviary_infra::mongo::open;
use futures_util::future::{join, join_all};

use super::{Guard, fresh};

const NODES: usize = 4;
const EACH: usize = 6;

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
