//! Rules of how far a video's files are: what is kept of it, how it changes, and what the media store says of keys. Who
//! sees a video that is not ready has a file of its own.

use futures_util::future::{join, join_all};

use super::check::{CROWD, assert_no_drift, stats, stored};
use crate::file::FileKey;
use crate::test_support::fixture::{at, next_id, title, video};
use crate::test_support::seed;
use crate::video::{Settlement, StatusChange, Video, VideoChange, VideoStatus};
use crate::{Id, Store};

/// Every status once.
pub(super) fn statuses() -> [VideoStatus; 3] {
    [VideoStatus::Processing, VideoStatus::Ready, VideoStatus::Failed("The sound is missing".to_owned())]
}

fn from_to(from: &VideoStatus, to: &VideoStatus) -> Settlement {
    let status = StatusChange { from: from.clone(), to: to.clone() };
    Settlement { status: Some(status), ..Settlement::default() }
}

async fn settled(store: &Store, id: Id<Video>, said: &Settlement) -> Video {
    store.videos.settle(id, said, at(7)).await.unwrap().expect("the video is there")
}

pub async fn a_new_video_keeps_its_status_and_what_its_owner_wants(store: Store) {
    let owner = seed::user(&store).await;
    for status in statuses() {
        for is_published in [true, false] {
            let video = Video { status: status.clone(), is_published, ..video(owner.id) };
            assert_eq!(seed::upload(&store, &video).await, video);
            assert_eq!(stored(&store, video.id).await, video);
        }
    }
    assert_no_drift(&store).await;
}

pub async fn every_change_of_status_is_kept_and_answered(store: Store) {
    let owner = seed::user(&store).await;
    for from in statuses() {
        for to in statuses() {
            for is_published in [true, false] {
                let video = Video { status: from.clone(), is_published, ..video(owner.id) };
                let before = seed::upload(&store, &video).await;
                let expected = Video { status: to.clone(), ..before };
                assert_eq!(settled(&store, video.id, &from_to(&from, &to)).await, expected, "{from:?} to {to:?}");
                assert_eq!(stored(&store, video.id).await, expected, "{from:?} to {to:?}, without a new time");
                assert_no_drift(&store).await;
            }
        }
    }
}

pub async fn a_change_of_status_is_taken_only_from_the_one_it_names(store: Store) {
    let owner = seed::user(&store).await;
    for actual in statuses() {
        let video = seed::upload(&store, &Video { status: actual.clone(), ..video(owner.id) }).await;
        for from in statuses().into_iter().filter(|from| *from != actual) {
            for to in statuses() {
                assert_eq!(settled(&store, video.id, &from_to(&from, &to)).await, video, "{from:?} to {to:?}");
            }
        }
        assert_eq!(stored(&store, video.id).await, video);
    }
    assert_no_drift(&store).await;
}

pub async fn of_a_failure_any_reason_is_replaced(store: Store) {
    let owner = seed::user(&store).await;
    let failed = |reason: &str| VideoStatus::Failed(reason.to_owned());
    let video = seed::upload(&store, &Video { status: failed("Too dark"), ..video(owner.id) }).await;
    let change = from_to(&failed("Some other reason"), &failed("Too loud"));
    assert_eq!(settled(&store, video.id, &change).await.status.reason(), Some("Too loud"));
    let ready = from_to(&failed(""), &VideoStatus::Ready);
    assert_eq!(settled(&store, video.id, &ready).await.status, VideoStatus::Ready);
    let again = from_to(&VideoStatus::Ready, &failed(""));
    assert_eq!(settled(&store, video.id, &again).await.status, failed(""), "the old reason is forgotten");
}

/// The same file under another mark.
fn renamed(key: &FileKey, mark: &str) -> (FileKey, FileKey) {
    (key.clone(), key.marked(mark))
}

pub async fn keys_that_the_media_store_changed_are_kept(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    let said = Settlement { film: Some(renamed(&video.file, "a2")), ..Settlement::default() };
    let expected = Video { file: video.file.marked("a2"), ..video.clone() };
    assert_eq!(settled(&store, video.id, &said).await, expected);
    assert_eq!(stored(&store, video.id).await, expected);
    let all = Settlement {
        film: Some(renamed(&expected.file, "u3h")),
        still: Some(renamed(&video.thumbnail, "u3")),
        ..from_to(&VideoStatus::Processing, &VideoStatus::Ready)
    };
    let file = video.file.marked("u3h");
    let expected = Video { file, thumbnail: video.thumbnail.marked("u3"), status: VideoStatus::Ready, ..video };
    assert_eq!(settled(&store, expected.id, &all).await, expected);
    assert_eq!(stored(&store, expected.id).await, expected);
    assert_no_drift(&store).await;
}

pub async fn a_key_that_was_changed_meanwhile_is_passed_over(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    let film = Settlement { film: Some(renamed(&video.file, "a2")), ..Settlement::default() };
    settled(&store, video.id, &film).await;
    let late = Settlement {
        film: Some(renamed(&video.file, "u1h")),
        still: Some(renamed(&video.thumbnail, "u1")),
        ..from_to(&VideoStatus::Processing, &VideoStatus::Ready)
    };
    let expected = Video {
        file: video.file.marked("a2"),
        thumbnail: video.thumbnail.marked("u1"),
        status: VideoStatus::Ready,
        ..video.clone()
    };
    assert_eq!(settled(&store, video.id, &late).await, expected, "the rest is taken");
    let swapped = Settlement { film: Some((video.file.marked("a9"), video.file)), ..Settlement::default() };
    assert_eq!(settled(&store, video.id, &swapped).await, expected);
    assert_eq!(stored(&store, expected.id).await, expected);
}

pub async fn a_settlement_that_says_nothing_changes_nothing(store: Store) {
    let owner = seed::user(&store).await;
    for status in statuses() {
        let video = seed::upload(&store, &Video { status, ..video(owner.id) }).await;
        assert_eq!(settled(&store, video.id, &Settlement::default()).await, video);
        assert_eq!(stored(&store, video.id).await, video);
    }
}

pub async fn a_video_that_is_gone_cannot_be_settled(store: Store) {
    let owner = seed::user(&store).await;
    let said = from_to(&VideoStatus::Processing, &VideoStatus::Ready);
    assert_eq!(store.videos.settle(next_id(), &said, at(7)).await.unwrap(), None);
    let video = seed::processing_video(&store, owner.id).await;
    assert!(store.videos.delete(video.id, at(2)).await.unwrap());
    assert_eq!(store.videos.settle(video.id, &said, at(7)).await.unwrap(), None);
    assert_eq!(store.videos.find(video.id).await.unwrap(), None);
    assert_no_drift(&store).await;
}

pub async fn toggling_a_video_that_is_not_ready_changes_only_what_its_owner_wants(store: Store) {
    let owner = seed::user(&store).await;
    for status in [VideoStatus::Processing, VideoStatus::Failed("Too dark".to_owned())] {
        let video = seed::upload(&store, &Video { status, ..video(owner.id) }).await;
        for (round, is_published) in [(1, false), (2, true), (3, false)] {
            let card = store.videos.toggle_published(video.id, at(round)).await.unwrap().unwrap();
            let expected = Video { is_published, updated_at: at(round), ..video.clone() };
            assert_eq!(card.video, expected);
            assert_eq!(stored(&store, video.id).await, expected);
            assert_no_drift(&store).await;
        }
    }
}

pub async fn a_change_of_a_video_leaves_its_status(store: Store) {
    let owner = seed::user(&store).await;
    for status in statuses() {
        for is_published in [true, false] {
            let video = Video { status: status.clone(), is_published, ..video(owner.id) };
            seed::upload(&store, &video).await;
            let change = VideoChange { title: Some(title("Another film")), ..VideoChange::default() };
            let expected = Video { title: title("Another film"), updated_at: at(5), ..video };
            let card = store.videos.update(expected.id, &change, at(5)).await.unwrap().unwrap();
            assert_eq!(card.video, expected);
            assert_eq!(stored(&store, expected.id).await, expected);
        }
    }
    assert_no_drift(&store).await;
}

pub async fn of_many_settlements_at_once_each_is_counted_once(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    let ready = from_to(&VideoStatus::Processing, &VideoStatus::Ready);
    let back = from_to(&VideoStatus::Ready, &VideoStatus::Processing);
    let turns = (0..CROWD).map(|turn| store.videos.settle(video.id, if turn % 3 == 0 { &back } else { &ready }, at(7)));
    assert!(join_all(turns).await.into_iter().all(|result| result.unwrap().is_some()));
    assert_no_drift(&store).await;
    store.videos.settle(video.id, &ready, at(7)).await.unwrap();
    assert_eq!(stored(&store, video.id).await, Video { status: VideoStatus::Ready, ..video });
    assert_no_drift(&store).await;
}

pub async fn of_many_new_keys_at_once_exactly_one_is_kept(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::processing_video(&store, owner.id).await;
    let said = (0..CROWD)
        .map(|turn| Settlement { film: Some(renamed(&video.file, &format!("u{turn}"))), ..Settlement::default() });
    let said: Vec<Settlement> = said.collect();
    let answers = join_all(said.iter().map(|said| store.videos.settle(video.id, said, at(7)))).await;
    let kept = stored(&store, video.id).await.file;
    assert!(said.iter().any(|said| said.film.as_ref().is_some_and(|(_, key)| *key == kept)), "{kept}");
    assert!(answers.into_iter().all(|answer| answer.unwrap().unwrap().file == kept), "all others find it changed");
}

pub async fn a_toggle_that_races_a_settlement_is_not_lost(store: Store) {
    let owner = seed::user(&store).await;
    let videos = join_all((0..CROWD).map(|_| seed::processing_video(&store, owner.id))).await;
    let ready = from_to(&VideoStatus::Processing, &VideoStatus::Ready);
    let races = videos.iter().enumerate().map(async |(turn, video)| {
        let (toggle, settle) =
            (store.videos.toggle_published(video.id, at(6)), store.videos.settle(video.id, &ready, at(7)));
        let (toggled, settled) = if turn % 2 == 0 {
            join(toggle, settle).await
        } else {
            let (settled, toggled) = join(settle, toggle).await;
            (toggled, settled)
        };
        assert!(toggled.unwrap().is_some() && settled.unwrap().is_some());
    });
    join_all(races).await;
    for video in videos {
        let expected = Video { status: VideoStatus::Ready, is_published: false, updated_at: at(6), ..video };
        assert_eq!(stored(&store, expected.id).await, expected);
    }
    assert_eq!(stats(&store, owner.id).await.videos, u64::try_from(CROWD).unwrap());
    assert_no_drift(&store).await;
}
