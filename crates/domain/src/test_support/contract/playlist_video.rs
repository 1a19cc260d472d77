//! Rules of the videos in a playlist: their order, their visibility, and that each is in it at most once.

use futures_util::future::join_all;

use super::check::{CROWD, Listing, assert_no_drift, first};
use crate::page::ListOrder;
use crate::playlist::{Added, MAX_PLAYLIST_VIDEOS, Playlist};
use crate::test_support::fixture::{at, next_id};
use crate::test_support::seed;
use crate::user::User;
use crate::video::{Video, VideoCard};
use crate::{Id, Store};

async fn shown(store: &Store, playlist: &Playlist, viewer: Option<Id<User>>) -> Vec<Id<Video>> {
    let card = store.playlists.show(playlist.id, viewer, &first()).await.unwrap().unwrap();
    assert_eq!(card.videos.total, Some(card.total_videos));
    card.videos.items.into_iter().map(|card| card.video.id).collect()
}

async fn add(store: &Store, playlist: &Playlist, video: &Video) -> Added {
    store.playlists.add_video(playlist.id, video.id, at(5)).await.unwrap()
}

async fn remove(store: &Store, playlist: &Playlist, video: &Video) {
    assert!(store.playlists.remove_video(playlist.id, video.id, at(5)).await.unwrap(), "the playlist is there");
}

fn ids(videos: &[&Video]) -> Vec<Id<Video>> {
    videos.iter().map(|video| video.id).collect()
}

pub async fn videos_keep_the_order_of_adding(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 5).await;
    let order = [&videos[3], &videos[0], &videos[4], &videos[2], &videos[1]];
    let playlist = seed::playlist(&store, owner.id, &order.map(Clone::clone)).await;
    assert_eq!(shown(&store, &playlist, None).await, ids(&order));
}

pub async fn a_video_that_is_added_again_keeps_its_place(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 3).await;
    let playlist = seed::playlist(&store, owner.id, &videos).await;
    for video in &videos {
        assert_eq!(add(&store, &playlist, video).await, Added::Present);
    }
    assert_eq!(shown(&store, &playlist, None).await, ids(&[&videos[0], &videos[1], &videos[2]]));
    let found = store.playlists.find(playlist.id).await.unwrap();
    assert_eq!(found, Some(playlist), "nothing was changed, so the time of the last change stays");
    assert_no_drift(&store).await;
}

pub async fn a_video_that_is_removed_and_added_again_goes_to_the_end(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 3).await;
    let playlist = seed::playlist(&store, owner.id, &videos).await;
    remove(&store, &playlist, &videos[0]).await;
    assert_eq!(shown(&store, &playlist, None).await, ids(&[&videos[1], &videos[2]]));
    assert_eq!(add(&store, &playlist, &videos[0]).await, Added::Present);
    assert_eq!(shown(&store, &playlist, None).await, ids(&[&videos[1], &videos[2], &videos[0]]));
    remove(&store, &playlist, &videos[0]).await;
    assert_eq!(add(&store, &playlist, &videos[0]).await, Added::Present);
    assert_eq!(shown(&store, &playlist, None).await, ids(&[&videos[1], &videos[2], &videos[0]]));
    assert_no_drift(&store).await;
}

pub async fn removing_a_video_that_is_not_in_changes_nothing(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 2).await;
    let playlist = seed::playlist(&store, owner.id, &videos[..1]).await;
    for video in [videos[1].id, next_id()] {
        assert!(store.playlists.remove_video(playlist.id, video, at(5)).await.unwrap());
        assert_eq!(shown(&store, &playlist, None).await, ids(&[&videos[0]]));
    }
    assert_eq!(store.playlists.find(playlist.id).await.unwrap(), Some(playlist));
    assert_no_drift(&store).await;
}

pub async fn adding_and_removing_are_changes_of_the_playlist(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    let playlist = seed::playlist(&store, owner.id, &[]).await;
    store.playlists.add_video(playlist.id, video.id, at(7)).await.unwrap();
    assert_eq!(store.playlists.find(playlist.id).await.unwrap().unwrap().updated_at, at(7));
    store.playlists.remove_video(playlist.id, video.id, at(8)).await.unwrap();
    let expected = Playlist { updated_at: at(8), ..playlist.clone() };
    assert_eq!(store.playlists.find(playlist.id).await.unwrap(), Some(expected));
}

pub async fn a_video_can_be_in_many_playlists(store: Store) {
    let (one, other) = (seed::user(&store).await, seed::user(&store).await);
    let video = seed::video(&store, one.id).await;
    let mut playlists = Vec::new();
    for owner in [&one, &one, &other] {
        playlists.push(seed::playlist(&store, owner.id, std::slice::from_ref(&video)).await);
    }
    remove(&store, &playlists[0], &video).await;
    for (playlist, expected) in playlists.iter().zip([vec![], vec![video.id], vec![video.id]]) {
        assert_eq!(shown(&store, playlist, None).await, expected);
    }
}

pub async fn a_video_that_the_playlists_owner_cannot_see_is_not_added(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let own = seed::hidden_video(&store, owner.id).await;
    let others = seed::hidden_video(&store, other.id).await;
    let gone = seed::video(&store, other.id).await;
    store.videos.delete(gone.id, at(3)).await.unwrap();
    let playlist = seed::playlist(&store, owner.id, &[]).await;
    assert_eq!(add(&store, &playlist, &others).await, Added::NoVideo);
    assert_eq!(add(&store, &playlist, &gone).await, Added::NoVideo);
    let added = store.playlists.add_video(playlist.id, next_id(), at(5)).await.unwrap();
    assert_eq!(added, Added::NoVideo);
    assert_eq!(add(&store, &playlist, &own).await, Added::Present, "one's own can be seen");
    assert_eq!(shown(&store, &playlist, Some(owner.id)).await, ids(&[&own]));
    assert_eq!(shown(&store, &playlist, Some(other.id)).await, []);
    assert_no_drift(&store).await;
}

pub async fn a_hidden_video_is_left_out_and_keeps_its_place(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let videos = seed::videos(&store, other.id, 3).await;
    let playlist = seed::playlist(&store, owner.id, &videos).await;
    seed::toggle(&store, videos[1].id).await;
    let all = ids(&[&videos[0], &videos[1], &videos[2]]);
    for viewer in [None, Some(owner.id)] {
        assert_eq!(shown(&store, &playlist, viewer).await, ids(&[&videos[0], &videos[2]]), "{viewer:?}");
    }
    assert_eq!(shown(&store, &playlist, Some(other.id)).await, all, "its owner sees it");
    seed::toggle(&store, videos[1].id).await;
    assert_eq!(shown(&store, &playlist, None).await, all, "published again");
}

pub async fn a_hidden_video_can_be_taken_out(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let video = seed::video(&store, other.id).await;
    let playlist = seed::playlist(&store, owner.id, std::slice::from_ref(&video)).await;
    seed::toggle(&store, video.id).await;
    remove(&store, &playlist, &video).await;
    seed::toggle(&store, video.id).await;
    assert_eq!(shown(&store, &playlist, None).await, []);
    assert_no_drift(&store).await;
}

pub async fn videos_are_walked_alike_by_page_and_cursor(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let mut videos = seed::videos(&store, other.id, 12).await;
    videos.sort_by_key(|video| video.id.bytes().map(|byte| byte.wrapping_mul(37)));
    let playlist = seed::playlist(&store, owner.id, &videos).await;
    let gap = videos.remove(5);
    remove(&store, &playlist, &gap).await;
    let hidden = videos.remove(2);
    seed::toggle(&store, hidden.id).await;
    let expected: Vec<_> = videos.iter().map(|video| video.id.bytes()).collect();
    Listing { what: "videos of a playlist", order: ListOrder::Position, counted: true }
        .assert_holds(
            &expected,
            |card: &VideoCard| card.video.id.bytes(),
            async |page| {
                let card = store.playlists.show(playlist.id, None, &page).await.unwrap().unwrap();
                assert_eq!(card.total_videos, 10, "the card's own total is told on every page");
                card.videos
            },
        )
        .await;
}

pub async fn a_full_playlist_takes_no_further_video(store: Store) {
    let owner = seed::user(&store).await;
    let playlist = seed::playlist(&store, owner.id, &[]).await;
    let last = seed::video(&store, owner.id).await;
    let mut kept = last.clone();
    for _ in 0..MAX_PLAYLIST_VIDEOS / 250 {
        let videos = seed::videos(&store, owner.id, 250).await;
        let added = join_all(videos.iter().map(|video| add(&store, &playlist, video))).await;
        assert!(added.iter().all(|added| *added == Added::Present));
        kept = videos.into_iter().next().unwrap();
    }
    assert_eq!(add(&store, &playlist, &last).await, Added::Full);
    assert_eq!(add(&store, &playlist, &kept).await, Added::Present, "what is in is in");
    let card = store.playlists.show(playlist.id, None, &first()).await.unwrap().unwrap();
    assert_eq!(card.total_videos, MAX_PLAYLIST_VIDEOS);
    remove(&store, &playlist, &kept).await;
    assert_eq!(add(&store, &playlist, &last).await, Added::Present, "there is room again");
    assert_eq!(add(&store, &playlist, &kept).await, Added::Full);
    assert_no_drift(&store).await;
}

pub async fn identical_additions_at_once_are_one_entry(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 2).await;
    let playlist = seed::playlist(&store, owner.id, &videos[..1]).await;
    let added = join_all((0..CROWD).map(|_| add(&store, &playlist, &videos[1]))).await;
    assert!(added.iter().all(|added| *added == Added::Present));
    assert_eq!(shown(&store, &playlist, None).await, ids(&[&videos[0], &videos[1]]));
    assert_no_drift(&store).await;
}

pub async fn additions_of_many_videos_at_once_are_all_kept(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, CROWD).await;
    let playlist = seed::playlist(&store, owner.id, &[]).await;
    join_all(videos.iter().map(|video| add(&store, &playlist, video))).await;
    let order = shown(&store, &playlist, None).await;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, videos.iter().map(|video| video.id).collect::<Vec<_>>(), "each is in once");
    assert_eq!(shown(&store, &playlist, None).await, order, "in an order that stays");
    assert_no_drift(&store).await;
}

pub async fn additions_and_removals_of_one_video_at_once_leave_it_in_or_out(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 2).await;
    let playlist = seed::playlist(&store, owner.id, &videos[..1]).await;
    let steps = (0..CROWD).map(async |turn| {
        if turn % 2 == 0 {
            add(&store, &playlist, &videos[1]).await;
        } else {
            remove(&store, &playlist, &videos[1]).await;
        }
    });
    join_all(steps).await;
    let left = shown(&store, &playlist, None).await;
    assert!([&[videos[0].id][..], &[videos[0].id, videos[1].id]].contains(&left.as_slice()), "{left:?}");
    assert_no_drift(&store).await;
}
