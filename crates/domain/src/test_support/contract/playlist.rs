//! Rules of the store of playlists: the playlists themselves.

use super::check::{Listing, assert_no_drift, first, purge_all, shuffled, stored};
use crate::page::{ListOrder, Page};
use crate::playlist::{Added, PLAYLIST_PREVIEW, Playlist, PlaylistCard, PlaylistChange, PlaylistName};
use crate::test_support::fixture::{at, description, guest, next_id, playlist};
use crate::test_support::seed;
use crate::{Id, Store};

pub async fn a_new_playlist_is_empty_and_found_as_given(store: Store) {
    let owner = seed::user(&store).await;
    let playlist = playlist(owner.id, at(3));
    let card = store.playlists.create(&playlist, None).await.unwrap();
    assert_eq!((&card.playlist, card.total_videos, card.total_views), (&playlist, 0, 0));
    assert_eq!((card.owner.id, card.owner.username), (owner.id, owner.username));
    assert_eq!((card.videos.items.len(), card.videos.next), (0, None));
    assert_eq!(store.playlists.find(playlist.id).await.unwrap().as_ref(), Some(&playlist));
    let shown = store.playlists.show(playlist.id, None, &first()).await.unwrap().unwrap();
    assert_eq!((shown.playlist, shown.total_videos, shown.total_views), (playlist, 0, 0));
    assert_eq!(shown.videos, Page { items: vec![], total: Some(0), next: None });
}

pub async fn an_unknown_playlist_is_absent(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    let id = next_id();
    assert_eq!(store.playlists.find(id).await.unwrap(), None);
    assert_eq!(store.playlists.show(id, Some(owner.id), &first()).await.unwrap(), None);
    assert!(!store.playlists.update(id, &PlaylistChange::default(), at(3)).await.unwrap());
    assert!(!store.playlists.delete(id).await.unwrap());
    assert_eq!(store.playlists.add_video(id, video.id, at(3)).await.unwrap(), Added::NoPlaylist);
    assert!(!store.playlists.remove_video(id, video.id, at(3)).await.unwrap());
}

pub async fn playlists_of_an_unknown_user_are_absent(store: Store) {
    assert_eq!(store.playlists.list_by(next_id(), None, &first()).await.unwrap(), None);
    let user = seed::user(&store).await;
    let empty = Page { items: vec![], total: None, next: None };
    assert_eq!(store.playlists.list_by(user.id, None, &first()).await.unwrap(), Some(empty));
}

pub async fn an_update_changes_what_it_names_and_keeps_the_rest(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    let bystander = seed::playlist(&store, owner.id, &[]).await;
    let mut playlist = seed::playlist(&store, owner.id, std::slice::from_ref(&video)).await;
    let name = PlaylistName::parse("Evening").unwrap();
    let change = PlaylistChange { name: Some(name.clone()), description: None };
    assert!(store.playlists.update(playlist.id, &change, at(5)).await.unwrap());
    playlist = Playlist { name, updated_at: at(5), ..playlist };
    assert_eq!(store.playlists.find(playlist.id).await.unwrap().as_ref(), Some(&playlist));
    let change = PlaylistChange { name: None, description: Some(description("")) };
    assert!(store.playlists.update(playlist.id, &change, at(6)).await.unwrap());
    playlist = Playlist { description: description(""), updated_at: at(6), ..playlist };
    let shown = store.playlists.show(playlist.id, None, &first()).await.unwrap().unwrap();
    assert_eq!((shown.playlist, shown.total_videos), (playlist, 1), "its videos stay");
    assert_eq!(store.playlists.find(bystander.id).await.unwrap(), Some(bystander), "another one is left alone");
}

pub async fn a_deleted_playlist_is_gone_and_its_videos_stay(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 3).await;
    let playlist = seed::playlist(&store, owner.id, &videos).await;
    let kept = seed::playlist(&store, owner.id, &videos).await;
    assert!(store.playlists.delete(playlist.id).await.unwrap());
    assert!(!store.playlists.delete(playlist.id).await.unwrap(), "it is gone");
    assert_eq!(store.playlists.find(playlist.id).await.unwrap(), None);
    assert_eq!(store.playlists.show(playlist.id, None, &first()).await.unwrap(), None);
    let added = store.playlists.add_video(playlist.id, videos[0].id, at(3)).await.unwrap();
    assert_eq!(added, Added::NoPlaylist);
    let listed = store.playlists.list_by(owner.id, None, &first()).await.unwrap().unwrap();
    let left: Vec<_> = listed.items.iter().map(|card| (card.playlist.id, card.total_videos)).collect();
    assert_eq!(left, [(kept.id, 3)]);
    for video in videos {
        assert_eq!(stored(&store, video.id).await, video);
    }
    assert_no_drift(&store).await;
}

pub async fn playlists_are_walked_newest_first_alike_by_page_and_cursor(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let ids: Vec<Id<Playlist>> = (0..10).map(|_| next_id()).collect();
    let mut expected = Vec::new();
    for (place, seconds) in shuffled(ids.len()).zip((0..3).cycle()) {
        let playlist = Playlist { id: ids[place], ..playlist(owner.id, at(seconds)) };
        store.playlists.create(&playlist, None).await.unwrap();
        seed::playlist(&store, other.id, &[]).await;
        expected.push((playlist.created_at, playlist.id.bytes()));
    }
    expected.sort_unstable();
    let expected: Vec<_> = expected.into_iter().rev().map(|(_, id)| id).collect();
    Listing { what: "playlists", order: ListOrder::Newest, counted: false }
        .assert_holds(
            &expected,
            |card: &PlaylistCard| card.playlist.id.bytes(),
            async |page| store.playlists.list_by(owner.id, None, &page).await.unwrap().unwrap(),
        )
        .await;
}

pub async fn a_listed_playlist_shows_its_totals_and_its_first_visible_videos(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let videos = seed::videos(&store, other.id, 15).await;
    for video in &videos {
        seed::watch(&store, video.id, guest(1), at(2)).await;
    }
    seed::playlist(&store, owner.id, &videos[..2]).await;
    seed::playlist(&store, owner.id, &[]).await;
    seed::playlist(&store, owner.id, &videos).await;
    seed::toggle(&store, videos[0].id).await;
    let preview = usize::from(PLAYLIST_PREVIEW);
    for (viewer, hidden) in [(None, 1), (Some(owner.id), 1), (Some(other.id), 0)] {
        let listed = store.playlists.list_by(owner.id, viewer, &first()).await.unwrap().unwrap();
        let seen = &videos[hidden..];
        for (card, length) in listed.items.iter().zip([seen.len(), 0, 2 - hidden]) {
            let total = u64::try_from(length).unwrap();
            assert_eq!((card.total_videos, card.total_views), (total, total), "{viewer:?}");
            let ids: Vec<_> = card.videos.items.iter().map(|card| card.video.id).collect();
            let expected: Vec<_> = seen.iter().take(length.min(preview)).map(|video| video.id).collect();
            assert_eq!(ids, expected, "{viewer:?}");
            assert_eq!(card.owner.id, owner.id);
            assert!(card.videos.items.iter().all(|card| card.owner.id == other.id));
        }
        assert_eq!(listed.items.len(), 3);
    }
}

pub async fn totals_of_a_playlist_follow_its_videos(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 3).await;
    let playlist = seed::playlist(&store, owner.id, &videos).await;
    let totals = async || {
        let card = store.playlists.show(playlist.id, None, &first()).await.unwrap().unwrap();
        (card.total_videos, card.total_views)
    };
    for (number, video) in (0..).zip(&videos) {
        for viewer in 0..=number {
            seed::watch(&store, video.id, guest(viewer), at(2)).await;
        }
    }
    assert_eq!(totals().await, (3, 6));
    seed::toggle(&store, videos[2].id).await;
    assert_eq!(totals().await, (2, 3));
    seed::toggle(&store, videos[2].id).await;
    store.videos.delete(videos[1].id, at(4)).await.unwrap();
    assert_eq!(totals().await, (2, 4));
    purge_all(&store, 10).await;
    assert_eq!(totals().await, (2, 4));
    store.playlists.remove_video(playlist.id, videos[0].id, at(5)).await.unwrap();
    assert_eq!(totals().await, (1, 3));
    assert_no_drift(&store).await;
}
