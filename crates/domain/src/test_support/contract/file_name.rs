//! Rules of names: the ledger knows a file by its name, whatever its mark, and no name that stands for no file.

use super::check::{assert_conflict, assert_ownerless, stored};
use crate::file::{DueFile, FileFormat, FileKey};
use crate::test_support::fixture::{at, file_key, still, video};
use crate::test_support::seed;
use crate::user::UserImage;
use crate::video::{Video, VideoChange};
use crate::{Store, Timestamp};

fn key() -> FileKey {
    file_key(FileFormat::Jpeg)
}

async fn due(store: &Store, now: Timestamp) -> Vec<FileKey> {
    store.files.due(now, 100).await.unwrap().into_iter().map(|file| file.key).collect()
}

pub async fn the_ledger_knows_a_file_by_any_mark(store: Store) {
    let user = seed::user(&store).await;
    let key = key();
    let [mut first, mut second] = [key.marked("u1"), key.marked("a2h")];
    for _ in 0..2 {
        store.files.reserve(std::slice::from_ref(&first), at(10)).await.unwrap();
        assert_eq!(due(&store, at(10)).await, std::slice::from_ref(&key), "it is one file, by its name");
        assert!(store.files.prolong(&second, at(5), at(20)).await.unwrap());
        store.files.release(std::slice::from_ref(&second), at(7)).await.unwrap();
        assert_eq!(due(&store, at(7)).await, std::slice::from_ref(&key));
        store.files.postpone(&second, at(30)).await.unwrap();
        assert_eq!(store.files.due(at(30), 9).await.unwrap(), [DueFile { key: key.clone(), attempts: 1 }]);
        store.files.forget(&second).await.unwrap();
        assert_ownerless(&store, &[]).await;
        std::mem::swap(&mut first, &mut second);
    }
    store.files.reserve(std::slice::from_ref(&key), at(10)).await.unwrap();
    let changed = store.users.replace_image(user.id, UserImage::Avatar, &first, at(5)).await.unwrap().unwrap();
    assert_eq!(changed.avatar, first, "the row has the mark");
    assert_ownerless(&store, &[&user.avatar]).await;
    assert_conflict(store.users.replace_image(user.id, UserImage::Cover, &second, at(5)).await, "file");
    seed::reserve(&store, std::slice::from_ref(&user.avatar.unmarked())).await;
    store.users.replace_image(user.id, UserImage::Avatar, &user.avatar, at(6)).await.unwrap().unwrap();
    assert_ownerless(&store, &[&key]).await;
}

pub async fn rows_claim_and_let_go_of_files_by_their_names(store: Store) {
    let owner = seed::user(&store).await;
    let video = video(owner.id);
    seed::reserve(&store, &[video.file.clone(), video.thumbnail.clone()]).await;
    let marked = Video { file: video.file.marked("u1"), thumbnail: video.thumbnail.marked("u2"), ..video.clone() };
    let made = store.videos.create(&marked, None, None).await.unwrap().video;
    assert_eq!((made.file, made.thumbnail), (marked.file, marked.thumbnail), "the row has the marks");
    assert_ownerless(&store, &[]).await;
    let new = key();
    seed::reserve(&store, std::slice::from_ref(&new)).await;
    let change = VideoChange { thumbnail: Some(still(&new.marked("u3"))), ..VideoChange::default() };
    store.videos.update(video.id, &change, at(1)).await.unwrap().unwrap();
    assert_eq!(stored(&store, video.id).await.thumbnail, new.marked("u3"));
    assert_ownerless(&store, &[&video.thumbnail]).await;
    assert!(store.videos.delete(video.id, at(2)).await.unwrap());
    assert_ownerless(&store, &[&video.thumbnail, &video.file, &new]).await;
}

pub async fn a_derived_still_is_no_file_of_the_ledger(store: Store) {
    let owner = seed::user(&store).await;
    let film = file_key(FileFormat::Mp4);
    let derived = FileKey::poster_of(&film).unwrap().marked("u1");
    for key in [&derived, &derived.unmarked()] {
        let one = std::slice::from_ref(key);
        store.files.reserve(one, at(10)).await.unwrap();
        store.files.release(one, at(5)).await.unwrap();
        assert!(!store.files.prolong(key, at(5), at(20)).await.unwrap());
        store.files.postpone(key, at(5)).await.unwrap();
        store.files.forget(key).await.unwrap();
        assert_ownerless(&store, &[]).await;
        assert_eq!(store.files.list(None, 9).await.unwrap(), []);
    }
    let first = Video { file: film, thumbnail: derived.clone(), thumbnail_bytes: 0, ..video(owner.id) };
    seed::reserve(&store, std::slice::from_ref(&first.file)).await;
    let made = store.videos.create(&first, None, None).await.unwrap().video;
    assert_eq!(made.thumbnail, derived, "it needs no claim");
    let new = key();
    seed::reserve(&store, std::slice::from_ref(&new)).await;
    let change = VideoChange { thumbnail: Some(still(&new)), ..VideoChange::default() };
    store.videos.update(first.id, &change, at(1)).await.unwrap().unwrap();
    assert_ownerless(&store, &[]).await;
    let second = Video { file: file_key(FileFormat::Mp4), thumbnail: derived, ..video(owner.id) };
    seed::reserve(&store, std::slice::from_ref(&second.file)).await;
    store.videos.create(&second, None, None).await.unwrap();
    assert!(store.videos.delete(second.id, at(2)).await.unwrap());
    assert_ownerless(&store, &[&second.file]).await;
}

pub async fn the_ledger_is_listed_by_name_in_parts(store: Store) {
    assert_eq!(store.files.list(None, 9).await.unwrap(), []);
    let mut keys: Vec<FileKey> = (0..4).map(|_| key()).chain((0..3).map(|_| file_key(FileFormat::Mp4))).collect();
    for (number, seconds) in [(5, 10), (0, 50), (3, 20), (6, 70), (1, 5), (4, 60), (2, 30)] {
        store.files.reserve(&keys[number..=number], at(seconds)).await.unwrap();
    }
    store.files.release(&keys[2..3], at(1)).await.unwrap();
    store.files.postpone(&keys[5], Timestamp::NEVER).await.unwrap();
    keys.sort();
    for limit in [1, 2, 3, 100] {
        let mut found: Vec<FileKey> = Vec::new();
        loop {
            // The mark of the place does not matter either.
            let part = store.files.list(found.last().map(|last| last.marked("zz")), limit).await.unwrap();
            assert!(part.len() <= limit);
            if part.is_empty() {
                break;
            }
            found.extend(part);
            assert!(found.len() <= keys.len(), "{limit} at a time names are told once");
        }
        assert_eq!(found, keys, "{limit} at a time");
    }
    assert_eq!(store.files.list(None, 0).await.unwrap(), []);
}
