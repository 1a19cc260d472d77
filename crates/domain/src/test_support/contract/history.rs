//! Rules of the store of watch history; how entries come in is told by the rules of watching.

use super::check::{Listing, first, shuffled, stored};
use crate::history::HistoryEntry;
use crate::page::{ListOrder, Page};
use crate::test_support::fixture::{at, next_id};
use crate::test_support::seed;
use crate::user::User;
use crate::video::{Video, Viewer};
use crate::{Id, Store};

async fn list(store: &Store, user: Id<User>) -> Page<HistoryEntry> {
    store.history.list(user, &first()).await.unwrap()
}

async fn ids(store: &Store, user: &User) -> Vec<Id<Video>> {
    list(store, user.id).await.items.into_iter().map(|entry| entry.video.video.id).collect()
}

/// A user who watched these videos of somebody else, in this order.
async fn watched(store: &Store, number: usize) -> (User, User, Vec<Video>) {
    let (owner, user) = (seed::user(store).await, seed::user(store).await);
    let videos = seed::videos(store, owner.id, number).await;
    for (second, video) in (0..).zip(&videos) {
        seed::watch(store, video.id, Viewer::User(user.id), at(second)).await;
        seed::watch(store, video.id, Viewer::User(owner.id), at(second)).await;
    }
    (owner, user, videos)
}

pub async fn a_history_without_entries_is_empty(store: Store) {
    let user = seed::user(&store).await;
    for id in [user.id, next_id()] {
        assert_eq!(list(&store, id).await, Page { items: vec![], total: None, next: None });
    }
}

pub async fn an_entry_tells_the_video_with_its_owner_and_when_it_was_watched(store: Store) {
    let (owner, user, videos) = watched(&store, 2).await;
    for (entry, place) in list(&store, user.id).await.items.iter().zip([1, 0]) {
        assert_eq!(entry.video.video, stored(&store, videos[place].id).await);
        assert_eq!((entry.video.owner.id, &entry.video.owner.avatar), (owner.id, &owner.avatar));
        assert_eq!(entry.watched_at, at(i64::try_from(place).unwrap()));
    }
}

pub async fn the_history_is_walked_latest_first_alike_by_page_and_cursor(store: Store) {
    let (owner, user) = (seed::user(&store).await, seed::user(&store).await);
    let videos = seed::videos(&store, owner.id, 12).await;
    let mut expected = Vec::new();
    for (place, seconds) in shuffled(videos.len()).zip([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2]) {
        let id = videos[place].id;
        seed::watch(&store, id, Viewer::User(user.id), at(seconds)).await;
        expected.push(id.bytes());
    }
    expected.reverse();
    Listing { what: "history", order: ListOrder::Newest, counted: false }
        .assert_holds(
            &expected,
            |entry: &HistoryEntry| entry.video.video.id.bytes(),
            async |page| store.history.list(user.id, &page).await.unwrap(),
        )
        .await;
}

pub async fn a_watched_video_that_the_user_cannot_see_is_left_out(store: Store) {
    let (owner, user, videos) = watched(&store, 3).await;
    seed::toggle(&store, videos[1].id).await;
    assert_eq!(ids(&store, &user).await, [videos[2].id, videos[0].id]);
    assert_eq!(ids(&store, &owner).await, [videos[2].id, videos[1].id, videos[0].id], "the owner sees it");
    seed::toggle(&store, videos[1].id).await;
    assert_eq!(ids(&store, &user).await, [videos[2].id, videos[1].id, videos[0].id], "published again");
}

pub async fn pages_of_the_history_are_full_where_hidden_videos_lie_between(store: Store) {
    let (_, user, videos) = watched(&store, 12).await;
    let mut expected = Vec::new();
    for (place, video) in videos.iter().enumerate() {
        if place % 3 == 0 {
            expected.push(video.id.bytes());
        } else {
            seed::toggle(&store, video.id).await;
        }
    }
    expected.reverse();
    Listing { what: "history between hidden videos", order: ListOrder::Newest, counted: false }
        .assert_holds(
            &expected,
            |entry: &HistoryEntry| entry.video.video.id.bytes(),
            async |page| store.history.list(user.id, &page).await.unwrap(),
        )
        .await;
}

pub async fn a_removed_entry_is_forgotten_and_no_other(store: Store) {
    let (owner, user, videos) = watched(&store, 3).await;
    for _ in 0..2 {
        store.history.remove(user.id, videos[1].id).await.unwrap();
        assert_eq!(ids(&store, &user).await, [videos[2].id, videos[0].id]);
    }
    store.history.remove(user.id, next_id()).await.unwrap();
    store.history.remove(next_id(), videos[0].id).await.unwrap();
    assert_eq!(ids(&store, &owner).await.len(), 3, "another user's history is left alone");
    assert_eq!(stored(&store, videos[1].id).await.views, 1, "the view stays counted");
}

pub async fn a_cleared_history_is_forgotten_and_no_other(store: Store) {
    let (owner, user, _) = watched(&store, 3).await;
    for _ in 0..2 {
        store.history.clear(user.id).await.unwrap();
        assert_eq!(ids(&store, &user).await, []);
    }
    store.history.clear(next_id()).await.unwrap();
    assert_eq!(ids(&store, &owner).await.len(), 3, "another user's history is left alone");
}
