//! Rules of the walk over all files that rows own.

use super::check::assert_ownerless;
use crate::Store;
use crate::file::{FileFormat, FileKey, FileOwner, OwnedFile};
use crate::test_support::fixture::{account, at, file_key, still, video};
use crate::test_support::seed;
use crate::user::{Account, User, UserImage};
use crate::video::{Video, VideoChange, VideoStatus};

/// Walks about so many at a time.
async fn walk(store: &Store, limit: usize) -> Vec<OwnedFile> {
    let mut found: Vec<OwnedFile> = Vec::new();
    for _ in 0..1_000 {
        let place = found.last().map(|last| last.owner.place());
        let part = store.files.owned(place, limit).await.unwrap();
        assert!(part.len() <= limit + 10, "{} are not about {limit}", part.len());
        if part.is_empty() {
            return found;
        }
        found.extend(part);
    }
    panic!("the walk does not come to an end")
}

/// Every walk finds exactly these, each once: those of users first, by their ids, then those of videos by theirs.
async fn assert_owned(store: &Store, mut expected: Vec<OwnedFile>) {
    let place = |file: &OwnedFile| match file.owner {
        FileOwner::Avatar(user) => (0, user.bytes(), 0),
        FileOwner::Cover(user) => (0, user.bytes(), 1),
        FileOwner::Film(video) => (1, video.bytes(), 0),
        FileOwner::Still(video) => (1, video.bytes(), 1),
    };
    expected.sort_by_key(place);
    for limit in [1, 2, 3, 7, 1_000] {
        let mut found = walk(store, limit).await;
        let rows: Vec<_> = found.iter().map(|file| (place(file).0, place(file).1)).collect();
        assert!(rows.is_sorted(), "{limit} at a time they come in order");
        found.sort_by_key(place);
        assert_eq!(found, expected, "{limit} at a time");
    }
}

fn of_user(user: &User) -> Vec<OwnedFile> {
    let avatar = OwnedFile { key: user.avatar.clone(), owner: FileOwner::Avatar(user.id) };
    let cover = user.cover_image.clone().map(|key| OwnedFile { key, owner: FileOwner::Cover(user.id) });
    std::iter::once(avatar).chain(cover).collect()
}

fn of_video(video: &Video) -> Vec<OwnedFile> {
    let film = OwnedFile { key: video.file.clone(), owner: FileOwner::Film(video.id) };
    let still = OwnedFile { key: video.thumbnail.clone(), owner: FileOwner::Still(video.id) };
    [film, still].into_iter().filter(|file| !file.key.is_derived()).collect()
}

pub async fn nobody_owns_a_file_in_an_empty_store(store: Store) {
    seed::reserve(&store, &[file_key(FileFormat::Jpeg)]).await;
    assert_owned(&store, Vec::new()).await;
}

pub async fn every_file_that_a_row_owns_is_told_once(store: Store) {
    let mut expected = Vec::new();
    let mut owners = Vec::new();
    for number in 0..5 {
        let account = account();
        let cover_image = account.user.cover_image.clone().filter(|_| number % 2 == 0);
        let user = User { cover_image, ..account.user };
        let account = Account { user, password_hash: account.password_hash };
        seed::account(&store, &account).await;
        expected.extend(of_user(&account.user));
        owners.push(account.user.id);
    }
    let statuses = [VideoStatus::Ready, VideoStatus::Processing, VideoStatus::Failed("no".to_owned())];
    for (number, status) in statuses.into_iter().cycle().take(9).enumerate() {
        let video = video(owners[number % 5]);
        let video = Video { status, is_published: number % 2 == 0, ..video };
        expected.extend(of_video(&seed::upload(&store, &video).await));
    }
    assert_owned(&store, expected).await;
}

pub async fn owned_files_are_told_with_their_marks(store: Store) {
    let account = account();
    let user = User {
        avatar: account.user.avatar.marked("u1"),
        cover_image: account.user.cover_image.as_ref().map(|cover| cover.marked("u2")),
        ..account.user
    };
    let account = Account { user, password_hash: account.password_hash };
    seed::account(&store, &account).await;
    let video = video(account.user.id);
    let video = Video { file: video.file.marked("a3h"), thumbnail: video.thumbnail.marked("a4"), ..video };
    let video = seed::upload(&store, &video).await;
    let expected = of_user(&account.user).into_iter().chain(of_video(&video)).collect();
    assert_owned(&store, expected).await;
}

pub async fn derived_stills_are_owned_by_nobody(store: Store) {
    let owner = seed::user(&store).await;
    let mut expected = of_user(&owner);
    for number in 0..6 {
        let video = video(owner.id);
        let thumbnail = FileKey::poster_of(&video.file).filter(|_| number != 3).unwrap_or(video.thumbnail);
        let video = Video { thumbnail, ..video };
        expected.extend(of_video(&seed::upload(&store, &video).await));
    }
    assert_eq!(expected.len(), 2 + 6 + 1);
    assert_owned(&store, expected).await;
}

pub async fn a_file_that_a_row_let_go_of_is_not_owned(store: Store) {
    let owner = seed::user(&store).await;
    let [changed, deleted] = [seed::video(&store, owner.id).await, seed::video(&store, owner.id).await];
    let [face, new] = [file_key(FileFormat::Jpeg), file_key(FileFormat::Jpeg)];
    seed::reserve(&store, &[face.clone(), new.clone()]).await;
    let user = store.users.replace_image(owner.id, UserImage::Avatar, &face, at(1)).await.unwrap().unwrap();
    let change = VideoChange { thumbnail: Some(still(&new)), ..VideoChange::default() };
    let changed = store.videos.update(changed.id, &change, at(1)).await.unwrap().unwrap().video;
    assert!(store.videos.delete(deleted.id, at(1)).await.unwrap());
    assert_eq!((&user.avatar, &changed.thumbnail), (&face, &new));
    assert_owned(&store, of_user(&user).into_iter().chain(of_video(&changed)).collect()).await;
}

pub async fn rows_that_come_and_go_do_not_disturb_a_walk_over_the_others(store: Store) {
    let users = seed::users(&store, 4).await;
    let videos = seed::videos(&store, users[0].id, 6).await;
    let mut expected: Vec<OwnedFile> = users.iter().flat_map(of_user).collect();
    expected
        .extend(videos.iter().enumerate().filter(|(number, _)| *number != 3).flat_map(|(_, video)| of_video(video)));
    let mut found = Vec::new();
    let mut place = None;
    for round in 0..1_000 {
        let part = store.files.owned(place, 2).await.unwrap();
        let Some(last) = part.last() else { break };
        place = Some(last.owner.place());
        found.extend(part);
        if round == 1 {
            seed::user(&store).await;
            assert!(store.videos.delete(videos[3].id, at(1)).await.unwrap());
            seed::video(&store, users[1].id).await;
        }
    }
    found.retain(|file| expected.contains(file));
    assert_eq!(found.len(), expected.len(), "all that stayed are told once");
    assert_ownerless(&store, &[&videos[3].file, &videos[3].thumbnail]).await;
}
