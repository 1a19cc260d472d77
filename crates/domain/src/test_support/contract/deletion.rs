//! Rules of deleting a video: what it takes along at once, and what the purge removes later without being missed.

use futures_util::future::join_all;

use super::check::{CROWD, assert_no_drift, assert_ownerless, first, ownerless, purge_all, shuffled, stats, stored};
use super::video_status::statuses;
use crate::Store;
use crate::comment::{Comment, CommentText};
use crate::dashboard::ChannelStats;
use crate::like::LikeTarget;
use crate::page::SortDirection;
use crate::playlist::{Added, Playlist};
use crate::search::SearchWords;
use crate::test_support::fixture::{at, comment, guest, like, title, visit};
use crate::test_support::seed;
use crate::user::User;
use crate::video::{Video, VideoChange, VideoOrder, VideoQuery, VideoScope, VideoSort, VideoStatus, Viewer};

/// A video on which everything hangs that can hang on one.
struct Scene {
    owner: User,
    fan: User,
    video: Video,
    comment: Comment,
    playlist: Playlist,
}

async fn scene(store: &Store) -> Scene {
    let (owner, fan) = (seed::user(store).await, seed::user(store).await);
    let other = seed::video(store, owner.id).await;
    let video = seed::video(store, owner.id).await;
    let comment = seed::comment(store, video.id, fan.id).await;
    seed::comment(store, video.id, owner.id).await;
    for liker in [&owner, &fan] {
        seed::like(store, liker.id, LikeTarget::Video(video.id)).await;
        seed::like(store, liker.id, LikeTarget::Comment(comment.id)).await;
        seed::watch(store, video.id, Viewer::User(liker.id), at(2)).await;
    }
    seed::watch(store, video.id, guest(1), at(2)).await;
    let playlist = seed::playlist(store, fan.id, &[video.clone(), other]).await;
    Scene { owner, fan, video, comment, playlist }
}

async fn delete(store: &Store, video: &Video) {
    assert!(store.videos.delete(video.id, at(9)).await.unwrap(), "the video was there");
}

/// Holds before the purge and after it: nothing may depend on when the purge comes.
async fn before_and_after_the_purge(store: &Store, check: impl AsyncFn(&str)) {
    check("before the purge").await;
    assert_no_drift(store).await;
    purge_all(store, 3).await;
    check("after the purge").await;
    assert_no_drift(store).await;
}

pub async fn a_deleted_video_is_absent_from_every_answer_about_videos(store: Store) {
    let Scene { owner, fan, video, .. } = scene(&store).await;
    delete(&store, &video).await;
    let change = VideoChange { title: Some(title("Back again")), ..VideoChange::default() };
    before_and_after_the_purge(&store, async |when| {
        assert_eq!(store.videos.find(video.id).await.unwrap(), None, "{when}");
        assert_eq!(store.videos.update(video.id, &change, at(10)).await.unwrap(), None, "{when}");
        assert_eq!(store.videos.toggle_published(video.id, at(10)).await.unwrap(), None, "{when}");
        assert!(!store.videos.delete(video.id, at(10)).await.unwrap(), "{when}");
        for viewer in [Viewer::User(owner.id), Viewer::User(fan.id), guest(1), guest(2)] {
            let seen = store.videos.watch(&visit(video.id, viewer, at(10_000))).await.unwrap();
            assert_eq!(seen, None, "{when}, {viewer:?}");
        }
    })
    .await;
}

pub async fn a_deleted_video_is_absent_from_lists_and_search(store: Store) {
    let Scene { owner, video, .. } = scene(&store).await;
    delete(&store, &video).await;
    let newest = VideoOrder::By(VideoSort::CreatedAt, SortDirection::Descending);
    before_and_after_the_purge(&store, async |when| {
        for scope in [VideoScope::Published, VideoScope::PublishedBy(owner.id), VideoScope::AllOf(owner.id)] {
            for words in [None, SearchWords::parse("film")] {
                let order = if words.is_some() { VideoOrder::Relevance } else { newest };
                let query = VideoQuery { scope, words, order };
                let page = store.videos.list(&query, &first()).await.unwrap();
                assert!(page.items.iter().all(|card| card.video.id != video.id), "{when}, {query:?}");
                assert_eq!((page.items.len(), page.total), (1, Some(1)), "{when}, {query:?}");
            }
        }
    })
    .await;
}

pub async fn a_deleted_videos_comments_are_absent(store: Store) {
    let Scene { owner, fan, video, comment: old, .. } = scene(&store).await;
    delete(&store, &video).await;
    let content = CommentText::parse("Still here?").unwrap();
    before_and_after_the_purge(&store, async |when| {
        for viewer in [None, Some(owner.id), Some(fan.id)] {
            assert_eq!(store.comments.find(old.id, viewer).await.unwrap(), None, "{when}");
            assert_eq!(store.comments.list(video.id, viewer, &first()).await.unwrap(), None, "{when}");
        }
        assert_eq!(store.comments.create(&comment(video.id, owner.id, at(10)), None).await.unwrap(), None, "{when}");
        assert_eq!(store.comments.update(old.id, &content, at(10)).await.unwrap(), None, "{when}");
        assert!(!store.comments.delete(old.id).await.unwrap(), "{when}");
    })
    .await;
}

pub async fn a_deleted_videos_likes_are_absent_and_cannot_change(store: Store) {
    let Scene { owner, fan, video, comment, .. } = scene(&store).await;
    delete(&store, &video).await;
    before_and_after_the_purge(&store, async |when| {
        for user in [&owner, &fan] {
            let liked = store.likes.liked_videos(user.id, &first()).await.unwrap();
            assert_eq!(liked.items, [], "{when}");
            for target in [LikeTarget::Video(video.id), LikeTarget::Comment(comment.id)] {
                assert_eq!(store.likes.put(&like(user.id, target, at(10))).await.unwrap(), None, "{when}");
                assert_eq!(store.likes.toggle(&like(user.id, target, at(10))).await.unwrap(), None, "{when}");
                assert_eq!(store.likes.remove(user.id, target).await.unwrap(), None, "{when}");
            }
        }
    })
    .await;
}

pub async fn a_deleted_video_leaves_playlists_and_history(store: Store) {
    let Scene { owner, fan, video, playlist, .. } = scene(&store).await;
    delete(&store, &video).await;
    before_and_after_the_purge(&store, async |when| {
        let card = store.playlists.show(playlist.id, Some(owner.id), &first()).await.unwrap().unwrap();
        assert_eq!((card.total_videos, card.total_views), (1, 0), "{when}");
        assert_eq!((card.videos.items.len(), card.videos.total), (1, Some(1)), "{when}");
        let listed = store.playlists.list_by(fan.id, None, &first()).await.unwrap().unwrap();
        assert!(listed.items.iter().all(|card| card.total_videos == 1 && card.videos.items.len() == 1), "{when}");
        let added = store.playlists.add_video(playlist.id, video.id, at(10)).await.unwrap();
        assert_eq!(added, Added::NoVideo, "{when}");
        for user in [&owner, &fan] {
            assert_eq!(store.history.list(user.id, &first()).await.unwrap().items, [], "{when}");
        }
    })
    .await;
}

pub async fn a_deleted_videos_counts_leave_its_channel_at_once(store: Store) {
    let Scene { owner, video, .. } = scene(&store).await;
    let counted = ChannelStats { videos: 2, views: 2, likes: 2, comments: 2, ..ChannelStats::default() };
    assert_eq!(stats(&store, owner.id).await, counted);
    delete(&store, &video).await;
    before_and_after_the_purge(&store, async |when| {
        let left = ChannelStats { videos: 1, ..ChannelStats::default() };
        assert_eq!(stats(&store, owner.id).await, left, "{when}");
    })
    .await;
}

pub async fn likes_of_a_deleted_videos_comments_are_gone_once_it_is_purged(store: Store) {
    let Scene { fan, video, .. } = scene(&store).await;
    assert_eq!(stats(&store, fan.id).await.likes, 2);
    delete(&store, &video).await;
    purge_all(&store, 100).await;
    assert_eq!(stats(&store, fan.id).await, ChannelStats::default());
    assert_no_drift(&store).await;
}

pub async fn an_unpublished_video_is_deleted_like_any_other(store: Store) {
    let Scene { owner, video, .. } = scene(&store).await;
    seed::toggle(&store, video.id).await;
    delete(&store, &video).await;
    before_and_after_the_purge(&store, async |when| {
        assert_eq!(store.videos.find(video.id).await.unwrap(), None, "{when}");
        assert_eq!(stats(&store, owner.id).await.videos, 1, "{when}");
    })
    .await;
}

pub async fn a_video_that_is_not_ready_is_deleted_like_any_other(store: Store) {
    for status in statuses() {
        let Scene { owner, video, .. } = scene(&store).await;
        seed::settle(&store, video.id, VideoStatus::Ready, status.clone()).await;
        let before = store.users.stored_bytes(owner.id).await.unwrap().unwrap();
        delete(&store, &video).await;
        before_and_after_the_purge(&store, async |when| {
            assert_eq!(store.videos.find(video.id).await.unwrap(), None, "{when}, {status:?}");
            assert_eq!(stats(&store, owner.id).await.videos, 1, "{when}, {status:?}");
            let left = store.users.stored_bytes(owner.id).await.unwrap().unwrap();
            assert_eq!(left, before - video.stored_bytes(), "{when}, {status:?}");
        })
        .await;
        let due: Vec<_> = store.files.due(at(9), 10).await.unwrap().into_iter().map(|file| file.key).collect();
        assert!(due.contains(&video.file) && due.contains(&video.thumbnail), "{status:?}");
        for file in [video.file, video.thumbnail] {
            store.files.forget(&file).await.unwrap();
        }
        assert_ownerless(&store, &[]).await;
    }
}

pub async fn a_deleted_videos_files_are_due_at_once(store: Store) {
    let owner = seed::user(&store).await;
    let (video, kept) = (seed::video(&store, owner.id).await, seed::video(&store, owner.id).await);
    delete(&store, &video).await;
    let due = store.files.due(at(9), 10).await.unwrap();
    assert_eq!(due.len(), 2, "due at the time of the delete");
    assert_ownerless(&store, &[&video.file, &video.thumbnail]).await;
    purge_all(&store, 100).await;
    assert_ownerless(&store, &[&video.file, &video.thumbnail]).await;
    assert!(!ownerless(&store).await.contains(&kept.file));
}

pub async fn other_videos_are_left_alone(store: Store) {
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let (video, kept) = (seed::video(&store, owner.id).await, seed::video(&store, owner.id).await);
    for target in [&video, &kept] {
        seed::like(&store, fan.id, LikeTarget::Video(target.id)).await;
        let comment = seed::comment(&store, target.id, fan.id).await;
        seed::like(&store, owner.id, LikeTarget::Comment(comment.id)).await;
        seed::watch(&store, target.id, Viewer::User(fan.id), at(2)).await;
    }
    let before = stored(&store, kept.id).await;
    delete(&store, &video).await;
    before_and_after_the_purge(&store, async |when| {
        assert_eq!(stored(&store, kept.id).await, before, "{when}");
        let comments = store.comments.list(kept.id, Some(owner.id), &first()).await.unwrap().unwrap();
        assert!(comments.items.iter().all(|card| card.is_liked && card.comment.likes_count == 1), "{when}");
        assert_eq!(comments.items.len(), 1, "{when}");
        assert_eq!(store.likes.liked_videos(fan.id, &first()).await.unwrap().items.len(), 1, "{when}");
        assert_eq!(store.history.list(fan.id, &first()).await.unwrap().items.len(), 1, "{when}");
    })
    .await;
}

pub async fn of_many_deletes_at_once_exactly_one_finds_the_video(store: Store) {
    let Scene { video, .. } = scene(&store).await;
    let results = join_all((0..CROWD).map(|_| store.videos.delete(video.id, at(9)))).await;
    let deleted = results.into_iter().filter(|result| *result.as_ref().unwrap()).count();
    assert_eq!(deleted, 1, "exactly one must find it");
    assert_ownerless(&store, &[&video.file, &video.thumbnail]).await;
    assert_no_drift(&store).await;
}

pub async fn likes_and_comments_that_race_a_delete_leave_no_trace(store: Store) {
    let owner = seed::user(&store).await;
    let fans = seed::users(&store, CROWD).await;
    let video = seed::video(&store, owner.id).await;
    let steps = shuffled(CROWD).zip(&fans).map(async |(turn, fan)| {
        if turn == CROWD / 2 {
            store.videos.delete(video.id, at(9)).await.unwrap();
        }
        let target = LikeTarget::Video(video.id);
        store.likes.put(&like(fan.id, target, at(9))).await.unwrap();
        let comment = store.comments.create(&comment(video.id, fan.id, at(9)), None).await.unwrap();
        if let Some(card) = comment {
            let target = LikeTarget::Comment(card.comment.id);
            store.likes.put(&like(owner.id, target, at(9))).await.unwrap();
        }
    });
    join_all(steps).await;
    before_and_after_the_purge(&store, async |when| {
        assert_eq!(stats(&store, owner.id).await, ChannelStats::default(), "{when}");
    })
    .await;
    for fan in &fans {
        assert_eq!(stats(&store, fan.id).await, ChannelStats::default());
    }
}
