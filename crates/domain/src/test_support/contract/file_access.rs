//! Rules of who may fetch a file: what is hidden, and by which film a video that is being worked on is known.

use super::check::stored;
use crate::Store;
use crate::file::{FileFormat, FileKey};
use crate::test_support::fixture::{at, file_key, still, video};
use crate::test_support::seed;
use crate::video::{Settlement, StatusChange, Video, VideoChange, VideoStatus};

/// Whether each of these files is hidden.
async fn assert_hidden(store: &Store, files: &[&FileKey], expected: bool, when: &str) {
    for file in files {
        assert_eq!(store.videos.is_hidden_file(file).await.unwrap(), expected, "{file} {when}");
    }
}

async fn settle(store: &Store, video: &Video, from: VideoStatus, to: VideoStatus) {
    let said = Settlement { status: Some(StatusChange { from, to }), ..Settlement::default() };
    store.videos.settle(video.id, &said, at(5)).await.unwrap().unwrap();
}

fn failed() -> VideoStatus {
    VideoStatus::Failed("it cannot be played".to_owned())
}

pub async fn a_file_that_nobody_knows_is_not_hidden(store: Store) {
    assert_hidden(&store, &[&file_key(FileFormat::Mp4), &file_key(FileFormat::Jpeg)], false, "in an empty store").await;
    let owner = seed::user(&store).await;
    seed::hidden_video(&store, owner.id).await;
    assert_hidden(&store, &[&file_key(FileFormat::Mp4), &file_key(FileFormat::Jpeg)], false, "beside others").await;
}

pub async fn a_file_in_the_ledger_is_hidden(store: Store) {
    let owner = seed::user(&store).await;
    let video = video(owner.id);
    let files = [&video.file, &video.thumbnail];
    seed::reserve(&store, &files.map(FileKey::clone)).await;
    assert_hidden(&store, &files, true, "while it is reserved").await;
    store.videos.create(&video, None, None).await.unwrap();
    assert_hidden(&store, &files, false, "once a row owns it").await;
    store.videos.delete(video.id, at(2)).await.unwrap();
    assert_hidden(&store, &files, true, "once its row is deleted").await;
    store.files.forget(&video.file).await.unwrap();
    assert_hidden(&store, &files[..1], false, "once it is gone").await;
    assert_hidden(&store, &files[1..], true, "while it is there").await;
}

pub async fn the_files_of_a_video_are_hidden_while_not_everybody_sees_it(store: Store) {
    let owner = seed::user(&store).await;
    for status in [VideoStatus::Ready, VideoStatus::Processing, failed()] {
        for is_published in [true, false] {
            let video = Video { status: status.clone(), is_published, ..video(owner.id) };
            let video = seed::upload(&store, &video).await;
            let files = [&video.file, &video.thumbnail];
            assert_hidden(&store, &files, !video.is_public(), &format!("published {is_published}, {status:?}")).await;
            let toggled = seed::toggle(&store, video.id).await;
            assert_hidden(&store, &files, !toggled.is_public(), &format!("toggled from {is_published}, {status:?}"))
                .await;
        }
    }
}

pub async fn files_are_hidden_and_shown_as_their_video_is_settled(store: Store) {
    let owner = seed::user(&store).await;
    let video = Video { status: VideoStatus::Processing, ..video(owner.id) };
    let video = seed::upload(&store, &video).await;
    let files = [&video.file, &video.thumbnail];
    settle(&store, &video, VideoStatus::Processing, VideoStatus::Ready).await;
    assert_hidden(&store, &files, false, "once it is ready").await;
    settle(&store, &video, VideoStatus::Ready, failed()).await;
    assert_hidden(&store, &files, true, "once it failed").await;
}

pub async fn a_replaced_still_of_a_hidden_video_and_the_new_one_are_hidden(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::hidden_video(&store, owner.id).await;
    let new = file_key(FileFormat::Jpeg);
    seed::reserve(&store, std::slice::from_ref(&new)).await;
    let change = VideoChange { thumbnail: Some(still(&new)), ..VideoChange::default() };
    store.videos.update(video.id, &change, at(1)).await.unwrap().unwrap();
    assert_hidden(&store, &[&video.file, &video.thumbnail, &new], true, "after the change").await;
    store.files.forget(&video.thumbnail).await.unwrap();
    assert_hidden(&store, &[&video.thumbnail], false, "once it is gone").await;
}

pub async fn pictures_of_accounts_are_not_hidden(store: Store) {
    let user = seed::user(&store).await;
    seed::hidden_video(&store, user.id).await;
    assert_hidden(&store, &[&user.avatar, &user.cover_image.unwrap()], false, "whoever asks").await;
}

pub async fn a_mark_does_not_hide_a_file_and_does_not_show_it(store: Store) {
    let owner = seed::user(&store).await;
    let [bare, marked] = [video(owner.id), video(owner.id)];
    let marked = Video { file: marked.file.marked("u17h"), thumbnail: marked.thumbnail.marked("a5"), ..marked };
    for video in [bare, marked] {
        let video = seed::upload(&store, &Video { is_published: false, ..video }).await;
        for key in [&video.file, &video.thumbnail] {
            let names = [&key.unmarked(), &key.marked("u17h"), &key.marked("a99")];
            assert_hidden(&store, &names, true, "by any mark").await;
        }
        seed::toggle(&store, video.id).await;
        for key in [&video.file, &video.thumbnail] {
            let names = [&key.unmarked(), &key.marked("u17h"), &key.marked("a99")];
            assert_hidden(&store, &names, false, "by any mark").await;
        }
    }
}

pub async fn a_name_that_begins_like_that_of_a_hidden_file_is_another(store: Store) {
    let owner = seed::user(&store).await;
    let foreign = |text: &str| FileKey::from_stored(text.to_owned());
    let hidden = Video {
        file: file_key(FileFormat::Mp4).marked("u1"),
        thumbnail: foreign("https://example.org/still.jpg#t=3"),
        is_published: false,
        ..video(owner.id)
    };
    let hidden = seed::upload(&store, &hidden).await;
    assert_hidden(&store, &[&hidden.file, &hidden.thumbnail], true, "of a hidden video").await;
    let film = hidden.file.name();
    let others = ["https://example.org/still.jpg", "https://example.org/still.jpg#t=33"].map(foreign);
    assert_hidden(&store, &others.each_ref(), false, "of nobody").await;
    let longer = [format!("{film}!"), format!("{film}x"), film.replace(".mp4", ".mov")].map(|name| foreign(&name));
    assert_hidden(&store, &longer.each_ref(), false, "of nobody").await;
}

pub async fn a_video_that_is_processing_is_found_by_the_name_of_its_film(store: Store) {
    let owner = seed::user(&store).await;
    for is_published in [true, false] {
        let processing = Video { status: VideoStatus::Processing, is_published, ..video(owner.id) };
        let processing = Video { file: processing.file.marked("u17"), ..processing };
        let processing = seed::upload(&store, &processing).await;
        for film in [processing.file.clone(), processing.file.unmarked(), processing.file.marked("a99h")] {
            assert_eq!(store.videos.find_processing(&film).await.unwrap().as_ref(), Some(&processing), "{film}");
        }
        for other in [&processing.thumbnail, &file_key(FileFormat::Mp4)] {
            assert_eq!(store.videos.find_processing(other).await.unwrap(), None, "{other}");
        }
    }
}

pub async fn a_video_is_found_by_its_film_only_while_it_is_processing(store: Store) {
    let owner = seed::user(&store).await;
    for is_published in [true, false] {
        for status in [VideoStatus::Ready, failed()] {
            let video = seed::upload(&store, &Video { status, is_published, ..video(owner.id) }).await;
            assert_eq!(store.videos.find_processing(&video.file).await.unwrap(), None, "{:?}", video.status);
            settle(&store, &video, video.status.clone(), VideoStatus::Processing).await;
            let processing = store.videos.find_processing(&video.file).await.unwrap();
            assert_eq!(processing, Some(stored(&store, video.id).await), "from {:?}", video.status);
            settle(&store, &video, VideoStatus::Processing, video.status.clone()).await;
            assert_eq!(store.videos.find_processing(&video.file).await.unwrap(), None, "back to {:?}", video.status);
        }
        let deleted = Video { status: VideoStatus::Processing, is_published, ..video(owner.id) };
        let deleted = seed::upload(&store, &deleted).await;
        store.videos.delete(deleted.id, at(2)).await.unwrap();
        assert_eq!(store.videos.find_processing(&deleted.file).await.unwrap(), None, "a deleted one");
    }
}

pub async fn a_film_is_found_by_the_key_that_it_was_settled_to(store: Store) {
    let owner = seed::user(&store).await;
    let video = Video { status: VideoStatus::Processing, ..video(owner.id) };
    let video = seed::upload(&store, &video).await;
    let after = video.file.marked("a18");
    let said = Settlement { film: Some((video.file.clone(), after.clone())), ..Settlement::default() };
    let settled = store.videos.settle(video.id, &said, at(3)).await.unwrap();
    assert_eq!(settled.as_ref().map(|video| &video.file), Some(&after));
    assert_eq!(store.videos.find_processing(&video.file).await.unwrap(), settled);
    assert_hidden(&store, &[&video.file, &after], true, "by either key").await;
}
