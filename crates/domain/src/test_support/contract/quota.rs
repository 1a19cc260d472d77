//! Rules of the bytes that a user's videos have, and of the quota that bounds them.

use std::fmt::Debug;

use futures_util::future::join_all;

use super::check::{CROWD, assert_no_drift, assert_ownerless, purge_all, stats, stored};
use super::video_status::statuses;
use crate::file::{FileFormat, FileKey};
use crate::test_support::fixture::{at, file_key, next_id, once, title, video};
use crate::test_support::seed;
use crate::user::User;
use crate::video::{NewStill, Video, VideoChange, VideoStatus};
use crate::{Id, Store, StoreError};

async fn used(store: &Store, user: Id<User>) -> u64 {
    store.users.stored_bytes(user).await.unwrap().expect("the user is there")
}

/// The step was refused because of the quota, with these numbers.
fn assert_exceeded<T: Debug>(result: Result<T, StoreError>, expected: (u64, u64)) {
    match result {
        Err(StoreError::QuotaExceeded { used, quota }) => assert_eq!((used, quota), expected),
        other => panic!("expected a refusal by the quota {expected:?}, got {other:?}"),
    }
}

/// A video of so many bytes, its still included, whose files are reserved.
async fn sized(store: &Store, owner: Id<User>, bytes: u64) -> Video {
    let thumbnail_bytes = bytes / 3;
    let video = Video { bytes: bytes - thumbnail_bytes, thumbnail_bytes, ..video(owner) };
    seed::reserve(store, &[video.file.clone(), video.thumbnail.clone()]).await;
    video
}

async fn still(store: &Store, bytes: u64) -> NewStill {
    let key = file_key(FileFormat::Jpeg);
    seed::reserve(store, std::slice::from_ref(&key)).await;
    NewStill { key, bytes }
}

fn with_still(still: NewStill, quota: Option<u64>) -> VideoChange {
    VideoChange { thumbnail: Some(still), quota, ..VideoChange::default() }
}

fn files(video: &Video) -> [&FileKey; 2] {
    [&video.file, &video.thumbnail]
}

pub async fn films_and_stills_of_a_users_videos_are_counted_and_pictures_are_not(store: Store) {
    assert_eq!(store.users.stored_bytes(next_id()).await.unwrap(), None);
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    assert_eq!(used(&store, owner.id).await, 0);
    let mut expected = 0;
    for status in statuses() {
        for is_published in [true, false] {
            let video = Video { status: status.clone(), is_published, ..video(owner.id) };
            expected += seed::upload(&store, &video).await.stored_bytes();
            assert_eq!(used(&store, owner.id).await, expected);
        }
    }
    seed::upload(&store, &Video { bytes: 0, thumbnail_bytes: 0, ..video(owner.id) }).await;
    assert_eq!((used(&store, owner.id).await, used(&store, other.id).await), (expected, 0));
    assert_no_drift(&store).await;
}

pub async fn a_size_is_kept_to_the_byte(store: Store) {
    let owner = seed::user(&store).await;
    let large = Video { bytes: (1 << 42) + 1, thumbnail_bytes: (1 << 33) + 3, ..video(owner.id) };
    assert_eq!(seed::upload(&store, &large).await, large);
    assert_eq!(stored(&store, large.id).await, large);
    assert_eq!(used(&store, owner.id).await, large.stored_bytes());
    assert_no_drift(&store).await;
}

pub async fn a_video_that_fits_exactly_is_added_and_one_byte_more_is_refused(store: Store) {
    let owner = seed::user(&store).await;
    let first = sized(&store, owner.id, 600).await;
    store.videos.create(&first, Some(1000), None).await.unwrap();
    let large = sized(&store, owner.id, 401).await;
    let note = once(at(1));
    assert_exceeded(store.videos.create(&large, Some(1000), Some(note)).await, (600, 1000));
    assert_eq!(store.videos.find(large.id).await.unwrap(), None);
    assert_eq!(store.idempotency.find(note.key, at(1)).await.unwrap(), None);
    assert_eq!((used(&store, owner.id).await, stats(&store, owner.id).await.videos), (600, 1));
    assert_ownerless(&store, &files(&large)).await;
    let small = sized(&store, owner.id, 400).await;
    store.videos.create(&small, Some(1000), Some(note)).await.unwrap();
    assert_eq!(used(&store, owner.id).await, 1000);
    store.videos.create(&large, None, None).await.unwrap();
    assert_eq!(used(&store, owner.id).await, 1401, "without a quota there is no end");
    assert_no_drift(&store).await;
}

pub async fn nobody_uses_up_the_quota_of_another(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let theirs = sized(&store, other.id, 900).await;
    store.videos.create(&theirs, Some(1000), None).await.unwrap();
    let own = sized(&store, owner.id, 900).await;
    store.videos.create(&own, Some(1000), None).await.unwrap();
    assert_eq!((used(&store, owner.id).await, used(&store, other.id).await), (900, 900));
}

pub async fn of_many_videos_at_once_only_so_many_are_added_as_fit(store: Store) {
    let owner = seed::user(&store).await;
    let videos = join_all((0..CROWD).map(|_| sized(&store, owner.id, 30))).await;
    let results = join_all(videos.iter().map(|video| store.videos.create(video, Some(220), None))).await;
    let (added, refused): (Vec<_>, Vec<_>) = videos.iter().zip(results).partition(|(_, result)| result.is_ok());
    assert_eq!(added.len(), 7, "as many as fit");
    let mut left = Vec::new();
    for (video, result) in refused {
        assert!(matches!(result, Err(StoreError::QuotaExceeded { quota: 220, .. })), "{result:?}");
        left.extend(files(video));
    }
    assert_eq!((used(&store, owner.id).await, stats(&store, owner.id).await.videos), (210, 7));
    assert_ownerless(&store, &left).await;
    assert_no_drift(&store).await;
}

pub async fn a_new_still_changes_what_is_stored_by_the_difference(store: Store) {
    let owner = seed::user(&store).await;
    let before = sized(&store, owner.id, 300).await;
    store.videos.create(&before, None, None).await.unwrap();
    for bytes in [500, 7, 0, 100] {
        let still = still(&store, bytes).await;
        let change = with_still(still.clone(), None);
        let changed = store.videos.update(before.id, &change, at(1)).await.unwrap().unwrap().video;
        let expected = Video { thumbnail: still.key, thumbnail_bytes: bytes, updated_at: at(1), ..before.clone() };
        assert_eq!(changed, expected);
        assert_eq!(stored(&store, before.id).await, expected);
        assert_eq!(used(&store, owner.id).await, 200 + bytes);
        assert_no_drift(&store).await;
    }
    let change = VideoChange { title: Some(title("No new still")), ..VideoChange::default() };
    store.videos.update(before.id, &change, at(2)).await.unwrap().unwrap();
    assert_eq!(used(&store, owner.id).await, 300);
}

pub async fn a_larger_still_that_does_not_fit_is_refused_and_changes_nothing(store: Store) {
    let owner = seed::user(&store).await;
    let video = sized(&store, owner.id, 300).await;
    let video = store.videos.create(&video, None, None).await.unwrap().video;
    let large = still(&store, 201).await;
    let change = VideoChange { title: Some(title("Another film")), ..with_still(large.clone(), Some(400)) };
    assert_exceeded(store.videos.update(video.id, &change, at(1)).await, (300, 400));
    assert_eq!(stored(&store, video.id).await, video);
    assert_eq!(used(&store, owner.id).await, 300);
    assert_ownerless(&store, &[&large.key]).await;
    let fitting = with_still(NewStill { bytes: 200, ..large }, Some(400));
    store.videos.update(video.id, &fitting, at(1)).await.unwrap().unwrap();
    assert_eq!(used(&store, owner.id).await, 400);
    assert_no_drift(&store).await;
}

pub async fn a_still_that_is_no_larger_than_the_old_one_is_never_refused(store: Store) {
    let owner = seed::user(&store).await;
    let video = sized(&store, owner.id, 300).await;
    store.videos.create(&video, None, None).await.unwrap();
    for bytes in [100, 99] {
        let change = with_still(still(&store, bytes).await, Some(10));
        assert!(store.videos.update(video.id, &change, at(1)).await.unwrap().is_some());
        assert_eq!(used(&store, owner.id).await, 200 + bytes);
    }
    let nothing = VideoChange { title: Some(title("Another film")), quota: Some(0), ..VideoChange::default() };
    assert!(store.videos.update(video.id, &nothing, at(1)).await.unwrap().is_some(), "a title takes no room");
}

pub async fn of_many_larger_stills_at_once_only_so_many_are_taken_as_fit(store: Store) {
    let owner = seed::user(&store).await;
    let mut changes = Vec::new();
    for _ in 0..20 {
        let video = sized(&store, owner.id, 30).await;
        store.videos.create(&video, None, None).await.unwrap();
        changes.push((video.id, with_still(still(&store, 20).await, Some(655))));
    }
    let results = join_all(changes.iter().map(|(id, change)| store.videos.update(*id, change, at(1)))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(taken.len(), 5, "600 bytes are used, each takes 10 more");
    assert!(refused.into_iter().all(|result| matches!(result, Err(StoreError::QuotaExceeded { .. }))));
    assert_eq!(used(&store, owner.id).await, 650);
    assert_no_drift(&store).await;
}

pub async fn a_deleted_video_gives_its_bytes_back_once_and_at_once(store: Store) {
    let owner = seed::user(&store).await;
    for status in statuses() {
        let kept = sized(&store, owner.id, 100).await;
        store.videos.create(&kept, Some(700), None).await.unwrap();
        let video = Video { status: status.clone(), ..sized(&store, owner.id, 600).await };
        store.videos.create(&video, Some(700), None).await.unwrap();
        let deletes = join_all((0..CROWD).map(|_| store.videos.delete(video.id, at(2)))).await;
        assert_eq!(deletes.into_iter().filter(|deleted| *deleted.as_ref().unwrap()).count(), 1);
        assert_eq!(used(&store, owner.id).await, 100, "{status:?}");
        assert_no_drift(&store).await;
        purge_all(&store, 10).await;
        assert_eq!(used(&store, owner.id).await, 100, "the purge gives nothing back again");
        let again = sized(&store, owner.id, 600).await;
        store.videos.create(&again, Some(700), None).await.unwrap();
        for video in [kept, again] {
            assert!(store.videos.delete(video.id, at(2)).await.unwrap());
        }
        assert_eq!(used(&store, owner.id).await, 0);
    }
    assert_no_drift(&store).await;
}

pub async fn who_sees_a_video_is_nothing_to_the_quota(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    let before = used(&store, owner.id).await;
    let failed = VideoStatus::Failed("Too dark".to_owned());
    let changes = [(VideoStatus::Processing, VideoStatus::Ready), (VideoStatus::Ready, failed)];
    for (from, to) in changes {
        seed::settle(&store, video.id, from, to).await;
        seed::toggle(&store, video.id).await;
        assert_eq!(used(&store, owner.id).await, before);
        assert_no_drift(&store).await;
    }
}
