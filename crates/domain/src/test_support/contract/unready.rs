//! Rules of who sees a video that is not ready: its owner, as one that is not published, whatever the owner wants.

use super::check::{assert_no_drift, first, stats, stored};
use super::video_status::statuses;
use crate::comment::Comment;
use crate::like::LikeTarget;
use crate::page::SortDirection;
use crate::playlist::{Added, Playlist};
use crate::search::SearchWords;
use crate::test_support::fixture::{at, comment, guest, like, title, visit};
use crate::test_support::seed;
use crate::user::User;
use crate::video::{Video, VideoChange, VideoOrder, VideoQuery, VideoScope, VideoSort, VideoStatus, Viewer};
use crate::{Id, Store};

/// Somebody's video on which everything hangs that can hang on one, and one beside it that stays as it is.
struct Scene {
    owner: User,
    fan: User,
    video: Video,
    other: Video,
    comment: Comment,
    playlist: Playlist,
}

async fn scene(store: &Store) -> Scene {
    let (owner, fan) = (seed::user(store).await, seed::user(store).await);
    let other = seed::video(store, owner.id).await;
    let video = seed::video(store, owner.id).await;
    let comment = seed::comment(store, video.id, fan.id).await;
    seed::like(store, fan.id, LikeTarget::Video(video.id)).await;
    seed::watch(store, video.id, Viewer::User(fan.id), at(2)).await;
    let playlist = seed::playlist(store, fan.id, &[video.clone(), other.clone()]).await;
    Scene { owner, fan, video, other, comment, playlist }
}

/// The statuses in which others do not see a video.
fn unready() -> impl Iterator<Item = VideoStatus> {
    statuses().into_iter().filter(|status| *status != VideoStatus::Ready)
}

/// Which videos a list or a search holds; its total must say the same.
async fn listed(store: &Store, scope: VideoScope, words: Option<&str>) -> Vec<Id<Video>> {
    let words = words.and_then(SearchWords::parse);
    let newest = VideoOrder::By(VideoSort::CreatedAt, SortDirection::Ascending);
    let order = if words.is_some() { VideoOrder::Relevance } else { newest };
    let page = store.videos.list(&VideoQuery { scope, words, order }, &first()).await.unwrap();
    assert_eq!(page.total, u64::try_from(page.items.len()).ok(), "the total of {scope:?}");
    let mut ids: Vec<_> = page.items.into_iter().map(|card| card.video.id).collect();
    ids.sort();
    ids
}

/// What others and the owner find in every list and search.
async fn assert_listed(store: &Store, owner: &User, others_see: &[Id<Video>], owner_sees: &[Id<Video>]) {
    for words in [None, Some("film")] {
        for (scope, expected) in [
            (VideoScope::Published, others_see),
            (VideoScope::PublishedBy(owner.id), others_see),
            (VideoScope::AllOf(owner.id), owner_sees),
        ] {
            assert_eq!(listed(store, scope, words).await, expected, "{scope:?}, {words:?}");
        }
    }
}

pub async fn lists_and_searches_show_it_to_its_owner_alone(store: Store) {
    let Scene { owner, video, other, .. } = scene(&store).await;
    let both = [other.id, video.id];
    for status in unready() {
        assert_listed(&store, &owner, &both, &both).await;
        seed::settle(&store, video.id, VideoStatus::Ready, status.clone()).await;
        assert_listed(&store, &owner, &[other.id], &both).await;
        seed::settle(&store, video.id, status, VideoStatus::Ready).await;
        assert_listed(&store, &owner, &both, &both).await;
        assert_no_drift(&store).await;
    }
}

pub async fn a_new_one_is_listed_for_others_from_the_moment_that_it_is_ready(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    assert_listed(&store, &owner, &[], &[video.id]).await;
    seed::settle(&store, video.id, VideoStatus::Processing, VideoStatus::Ready).await;
    assert_listed(&store, &owner, &[video.id], &[video.id]).await;
    assert_no_drift(&store).await;
}

pub async fn one_that_nobody_is_to_see_stays_hidden_when_it_is_ready(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    assert!(!seed::toggle(&store, video.id).await.is_published);
    let settled = seed::settle(&store, video.id, VideoStatus::Processing, VideoStatus::Ready).await;
    assert!(!settled.is_published && !settled.is_public());
    assert_listed(&store, &owner, &[], &[video.id]).await;
    assert!(seed::toggle(&store, video.id).await.is_public());
    assert_listed(&store, &owner, &[video.id], &[video.id]).await;
    assert_no_drift(&store).await;
}

pub async fn toggling_it_shows_it_to_nobody(store: Store) {
    let owner = seed::user(&store).await;
    for status in unready() {
        let video = seed::processing_video(&store, owner.id).await;
        seed::settle(&store, video.id, VideoStatus::Processing, status).await;
        for _ in 0..2 {
            seed::toggle(&store, video.id).await;
            assert_listed(&store, &owner, &[], &[video.id]).await;
            assert_no_drift(&store).await;
        }
        assert!(store.videos.delete(video.id, at(9)).await.unwrap());
    }
}

pub async fn its_new_words_are_found_by_its_owner_alone(store: Store) {
    let owner = seed::user(&store).await;
    for status in unready() {
        let video = seed::processing_video(&store, owner.id).await;
        seed::settle(&store, video.id, VideoStatus::Processing, status.clone()).await;
        let change = VideoChange { title: Some(title("Zanzibar")), ..VideoChange::default() };
        store.videos.update(video.id, &change, at(3)).await.unwrap().unwrap();
        let words = Some("zanzibar");
        assert_eq!(listed(&store, VideoScope::Published, words).await, []);
        assert_eq!(listed(&store, VideoScope::PublishedBy(owner.id), words).await, []);
        assert_eq!(listed(&store, VideoScope::AllOf(owner.id), words).await, [video.id]);
        seed::settle(&store, video.id, status, VideoStatus::Ready).await;
        assert_eq!(listed(&store, VideoScope::Published, words).await, [video.id]);
        assert!(store.videos.delete(video.id, at(9)).await.unwrap());
    }
}

pub async fn its_page_opens_for_its_owner_alone(store: Store) {
    let Scene { owner, fan, video, .. } = scene(&store).await;
    let before = stored(&store, video.id).await;
    for status in unready() {
        seed::settle(&store, video.id, VideoStatus::Ready, status.clone()).await;
        for viewer in [Viewer::User(fan.id), guest(1)] {
            assert_eq!(store.videos.watch(&visit(video.id, viewer, at(99_999))).await.unwrap(), None, "{viewer:?}");
        }
        let own = seed::watch(&store, video.id, Viewer::User(owner.id), at(99_999)).await;
        assert_eq!(own.card.video, Video { status: status.clone(), ..before.clone() }, "with what hangs on it");
        seed::settle(&store, video.id, status, VideoStatus::Ready).await;
    }
    assert_eq!(stored(&store, video.id).await, before, "nobody was counted");
    assert_eq!(store.history.list(fan.id, &first()).await.unwrap().items[0].watched_at, at(2));
}

pub async fn its_comments_are_its_owners_alone(store: Store) {
    let Scene { owner, fan, video, comment: said, .. } = scene(&store).await;
    for status in unready() {
        seed::settle(&store, video.id, VideoStatus::Ready, status.clone()).await;
        for viewer in [None, Some(fan.id)] {
            assert_eq!(store.comments.list(video.id, viewer, &first()).await.unwrap(), None);
            assert_eq!(store.comments.find(said.id, viewer).await.unwrap(), None);
        }
        assert_eq!(store.comments.create(&comment(video.id, fan.id, at(3)), None).await.unwrap(), None);
        let own = store.comments.list(video.id, Some(owner.id), &first()).await.unwrap().unwrap();
        assert_eq!(own.items.len(), 1);
        assert!(store.comments.find(said.id, Some(owner.id)).await.unwrap().is_some());
        seed::settle(&store, video.id, status, VideoStatus::Ready).await;
        assert_eq!(store.comments.list(video.id, None, &first()).await.unwrap().unwrap().items.len(), 1);
    }
    assert_no_drift(&store).await;
}

pub async fn others_cannot_like_it_and_their_likes_wait(store: Store) {
    let Scene { owner, fan, video, comment, .. } = scene(&store).await;
    for status in unready() {
        seed::settle(&store, video.id, VideoStatus::Ready, status.clone()).await;
        for target in [LikeTarget::Video(video.id), LikeTarget::Comment(comment.id)] {
            assert_eq!(store.likes.put(&like(fan.id, target, at(3))).await.unwrap(), None);
            assert_eq!(store.likes.toggle(&like(fan.id, target, at(3))).await.unwrap(), None);
            assert_eq!(store.likes.remove(fan.id, target).await.unwrap(), None);
        }
        assert_eq!(store.likes.liked_videos(fan.id, &first()).await.unwrap().items, []);
        assert_eq!(stored(&store, video.id).await.likes_count, 1);
        seed::settle(&store, video.id, status, VideoStatus::Ready).await;
        assert_eq!(store.likes.liked_videos(fan.id, &first()).await.unwrap().items.len(), 1);
    }
    let own = store.likes.put(&like(owner.id, LikeTarget::Video(video.id), at(3))).await.unwrap();
    assert!(own.is_some_and(|state| state.is_liked));
    assert_no_drift(&store).await;
}

pub async fn playlists_and_histories_of_others_leave_it_out(store: Store) {
    let Scene { owner, fan, video, other, playlist, .. } = scene(&store).await;
    let shown = async |viewer: &User, expected: &[Id<Video>]| {
        let card = store.playlists.show(playlist.id, Some(viewer.id), &first()).await.unwrap().unwrap();
        let ids: Vec<_> = card.videos.items.iter().map(|item| item.video.id).collect();
        assert_eq!(ids, expected, "as {} sees it", viewer.username.as_str());
        assert_eq!(card.total_videos, u64::try_from(expected.len()).unwrap());
    };
    for status in unready() {
        seed::settle(&store, video.id, VideoStatus::Ready, status.clone()).await;
        shown(&fan, &[other.id]).await;
        shown(&owner, &[video.id, other.id]).await;
        assert_eq!(store.history.list(fan.id, &first()).await.unwrap().items, []);
        let another = seed::playlist(&store, fan.id, &[]).await;
        assert_eq!(store.playlists.add_video(another.id, video.id, at(4)).await.unwrap(), Added::NoVideo);
        seed::settle(&store, video.id, status, VideoStatus::Ready).await;
        shown(&fan, &[video.id, other.id]).await;
        assert_eq!(store.history.list(fan.id, &first()).await.unwrap().items.len(), 1);
    }
    assert_no_drift(&store).await;
}

pub async fn its_owners_own_numbers_know_it(store: Store) {
    let Scene { owner, video, .. } = scene(&store).await;
    let before = stats(&store, owner.id).await;
    for status in unready() {
        seed::settle(&store, video.id, VideoStatus::Ready, status.clone()).await;
        assert_eq!(stats(&store, owner.id).await, before);
        seed::settle(&store, video.id, status, VideoStatus::Ready).await;
    }
}
