//! Rules of adding, finding, changing and publishing videos.

use futures_util::future::join_all;

use super::check::{CROWD, assert_conflict, assert_no_drift, assert_ownerless, first, stats, stored};
use crate::Store;
use crate::file::{FileFormat, FileKey};
use crate::like::LikeTarget;
use crate::test_support::fixture::{at, comment, description, file_key, guest, like, next_id, still, title, video};
use crate::test_support::seed;
use crate::user::UserCard;
use crate::video::{Video, VideoCard, VideoChange, VideoOrder, VideoQuery, VideoScope, VideoSort};

fn files(video: &Video) -> [FileKey; 2] {
    [video.file.clone(), video.thumbnail.clone()]
}

pub async fn a_new_video_is_answered_with_its_owner_and_found_as_given(store: Store) {
    let owner = seed::user(&store).await;
    for is_published in [true, false] {
        let video = Video { is_published, duration: 0.1 + 0.2, ..video(owner.id) };
        seed::reserve(&store, &files(&video)).await;
        let card = store.videos.create(&video, None, None).await.unwrap();
        let face = UserCard {
            id: owner.id,
            username: owner.username.clone(),
            full_name: owner.full_name.clone(),
            avatar: owner.avatar.clone(),
        };
        assert_eq!(card, VideoCard { video: video.clone(), owner: face });
        assert_eq!(store.videos.find(video.id).await.unwrap(), Some(video));
    }
}

pub async fn a_new_video_starts_with_its_counters_at_zero(store: Store) {
    let owner = seed::user(&store).await;
    let video = Video { views: 7, likes_count: 8, comments_count: 9, ..video(owner.id) };
    let created = seed::upload(&store, &video).await;
    assert_eq!((created.views, created.likes_count, created.comments_count), (0, 0, 0));
    assert_eq!(stored(&store, video.id).await, created);
    assert_no_drift(&store).await;
}

pub async fn a_new_video_claims_its_files(store: Store) {
    let owner = seed::user(&store).await;
    seed::video(&store, owner.id).await;
    seed::hidden_video(&store, owner.id).await;
    assert_ownerless(&store, &[]).await;
}

pub async fn a_video_with_an_unreserved_file_is_refused_and_changes_nothing(store: Store) {
    let owner = seed::user(&store).await;
    for reserved in 0..2 {
        let video = video(owner.id);
        let [file, thumbnail] = files(&video);
        let reserved = if reserved == 0 { file } else { thumbnail };
        seed::reserve(&store, std::slice::from_ref(&reserved)).await;
        assert_conflict(store.videos.create(&video, None, None).await, "file");
        assert_eq!(store.videos.find(video.id).await.unwrap(), None);
        assert_ownerless(&store, &[&reserved]).await;
        store.files.forget(&reserved).await.unwrap();
    }
    assert_eq!(stats(&store, owner.id).await.videos, 0);
    assert_no_drift(&store).await;
}

pub async fn an_unknown_video_is_absent(store: Store) {
    let thumbnail = file_key(FileFormat::Jpeg);
    seed::reserve(&store, std::slice::from_ref(&thumbnail)).await;
    let change = VideoChange { thumbnail: Some(still(&thumbnail)), ..VideoChange::default() };
    let id = next_id();
    assert_eq!(store.videos.find(id).await.unwrap(), None);
    assert_eq!(store.videos.update(id, &change, at(1)).await.unwrap(), None);
    assert_eq!(store.videos.toggle_published(id, at(1)).await.unwrap(), None);
    assert!(!store.videos.delete(id, at(1)).await.unwrap());
    assert_ownerless(&store, &[&thumbnail]).await;
}

pub async fn an_update_changes_what_it_names_and_keeps_the_rest(store: Store) {
    let owner = seed::user(&store).await;
    let bystander = seed::video(&store, owner.id).await;
    let mut video = seed::hidden_video(&store, owner.id).await;
    let change = VideoChange { title: Some(title("Another film")), ..VideoChange::default() };
    let card = store.videos.update(video.id, &change, at(5)).await.unwrap().unwrap();
    video = Video { title: title("Another film"), updated_at: at(5), ..video };
    assert_eq!(card.video, video);
    assert_eq!(card.owner.id, owner.id);
    let change = VideoChange { description: Some(description("")), ..VideoChange::default() };
    video = Video { description: description(""), updated_at: at(6), ..video };
    assert_eq!(store.videos.update(video.id, &change, at(6)).await.unwrap().unwrap().video, video);
    assert_eq!(stored(&store, video.id).await, video);
    assert_eq!(stored(&store, bystander.id).await, bystander, "another video is left alone");
}

pub async fn a_new_thumbnail_is_claimed_and_the_old_one_is_due(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    let thumbnail = file_key(FileFormat::Png);
    seed::reserve(&store, std::slice::from_ref(&thumbnail)).await;
    let change = VideoChange { thumbnail: Some(still(&thumbnail)), ..VideoChange::default() };
    let card = store.videos.update(video.id, &change, at(5)).await.unwrap().unwrap();
    assert_eq!(card.video.thumbnail, thumbnail);
    assert_ownerless(&store, &[&video.thumbnail]).await;
    let due = store.files.due(at(5), 10).await.unwrap();
    assert_eq!(due.len(), 1, "the replaced thumbnail is due at once");
}

pub async fn an_unreserved_new_thumbnail_is_refused_and_changes_nothing(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    let change = VideoChange {
        title: Some(title("Another film")),
        description: Some(description("Another text")),
        thumbnail: Some(still(&file_key(FileFormat::Png))),
        quota: None,
    };
    assert_conflict(store.videos.update(video.id, &change, at(5)).await, "file");
    assert_eq!(stored(&store, video.id).await, video);
    assert_ownerless(&store, &[]).await;
}

pub async fn publishing_is_turned_round_each_time(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    for (round, is_published) in [(1, false), (2, true), (3, false)] {
        let card = store.videos.toggle_published(video.id, at(round)).await.unwrap().unwrap();
        let expected = Video { is_published, updated_at: at(round), ..video.clone() };
        assert_eq!(card.video, expected);
        assert_eq!(card.owner.id, owner.id);
        assert_eq!(stored(&store, video.id).await, expected);
        assert_no_drift(&store).await;
    }
}

pub async fn an_even_number_of_publishings_at_once_changes_nothing(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    let results = join_all((0..CROWD).map(|_| store.videos.toggle_published(video.id, at(1)))).await;
    let published = results.into_iter().filter(|result| result.as_ref().unwrap().as_ref().unwrap().video.is_published);
    assert_eq!(published.count(), CROWD / 2, "every second one publishes");
    assert!(stored(&store, video.id).await.is_published);
    let newest = VideoOrder::By(VideoSort::CreatedAt, crate::page::SortDirection::Descending);
    let all = VideoQuery { scope: VideoScope::Published, words: None, order: newest };
    assert_eq!(store.videos.list(&all, &first()).await.unwrap().total, Some(1));
    assert_no_drift(&store).await;
}

pub async fn what_others_do_is_no_change_of_the_owners(store: Store) {
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let video = seed::video(&store, owner.id).await;
    store.likes.put(&like(fan.id, LikeTarget::Video(video.id), at(50))).await.unwrap();
    store.comments.create(&comment(video.id, fan.id, at(51)), None).await.unwrap();
    seed::watch(&store, video.id, guest(1), at(52)).await;
    let expected = Video { views: 1, likes_count: 1, comments_count: 1, ..video.clone() };
    assert_eq!(stored(&store, video.id).await, expected, "only the counts change, not the time of the last change");
}
