//! Rules of the ledger of files, and of claiming a file that is about to go.

use futures_util::future::join_all;

use super::check::{CROWD, assert_conflict, assert_one_winner, assert_ownerless, ownerless};
use crate::file::{DueFile, FileFormat, FileKey};
use crate::test_support::fixture::{account, at, far_future, file_key, video};
use crate::test_support::seed;
use crate::user::UserImage;
use crate::video::Video;
use crate::{Store, Timestamp};

fn key() -> FileKey {
    file_key(FileFormat::Jpeg)
}

async fn reserve(store: &Store, until: Timestamp) -> FileKey {
    let key = key();
    store.files.reserve(std::slice::from_ref(&key), until).await.unwrap();
    key
}

async fn due(store: &Store, now: Timestamp) -> Vec<FileKey> {
    store.files.due(now, 100).await.unwrap().into_iter().map(|file| file.key).collect()
}

pub async fn a_reserved_file_is_due_when_its_time_has_come_and_not_before(store: Store) {
    let key = reserve(&store, at(10)).await;
    let only = std::slice::from_ref(&key);
    assert_eq!(due(&store, Timestamp::from_millis(at(10).millis() - 1)).await, []);
    assert_eq!(due(&store, at(10)).await, only);
    assert_eq!(due(&store, at(11)).await, only, "asking takes nothing away");
}

pub async fn several_files_are_reserved_in_one_step(store: Store) {
    let keys = [key(), key(), key()];
    store.files.reserve(&keys, at(10)).await.unwrap();
    assert_ownerless(&store, &keys.iter().collect::<Vec<_>>()).await;
    store.files.reserve(&[], at(10)).await.unwrap();
    store.files.release(&[], at(10)).await.unwrap();
}

pub async fn due_files_come_longest_due_first_and_no_more_than_asked_for(store: Store) {
    let mut keys = Vec::new();
    for seconds in [30, 10, 40, 20] {
        keys.push(reserve(&store, at(seconds)).await);
    }
    let expected = [&keys[1], &keys[3], &keys[0]].map(|key| DueFile { key: key.clone(), attempts: 0 });
    assert_eq!(store.files.due(at(30), 100).await.unwrap(), expected);
    assert_eq!(store.files.due(at(30), 2).await.unwrap(), expected[..2]);
    assert_eq!(store.files.due(at(30), 0).await.unwrap(), []);
}

pub async fn a_released_file_is_due_now(store: Store) {
    let (released, other) = (reserve(&store, at(100)).await, reserve(&store, at(100)).await);
    store.files.release(std::slice::from_ref(&released), at(5)).await.unwrap();
    assert_eq!(due(&store, at(5)).await, [released]);
    assert_ownerless(&store, &[&due(&store, at(5)).await[0], &other]).await;
}

pub async fn a_released_file_cannot_be_claimed(store: Store) {
    let user = seed::user(&store).await;
    let face = reserve(&store, at(100)).await;
    store.files.release(std::slice::from_ref(&face), at(5)).await.unwrap();
    assert_conflict(store.users.replace_image(user.id, UserImage::Avatar, &face, at(5)).await, "file");
    assert_eq!(store.users.find(user.id).await.unwrap(), Some(user));
    assert_ownerless(&store, &[&face]).await;
}

pub async fn releasing_a_claimed_file_leaves_it_alone(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    store.files.release(&[video.file, video.thumbnail, owner.avatar], at(5)).await.unwrap();
    assert_ownerless(&store, &[]).await;
}

pub async fn a_file_is_claimed_until_it_is_due_and_not_after(store: Store) {
    let user = seed::user(&store).await;
    let last = Timestamp::from_millis(at(10).millis() - 1);
    let (one, other) = (reserve(&store, at(10)).await, reserve(&store, at(10)).await);
    assert_conflict(store.users.replace_image(user.id, UserImage::Cover, &one, at(10)).await, "file");
    let changed = store.users.replace_image(user.id, UserImage::Cover, &other, last).await.unwrap();
    assert_eq!(changed.unwrap().cover_image, Some(other));
}

pub async fn a_file_that_is_due_cannot_be_claimed_by_a_new_row(store: Store) {
    let account = account();
    store.files.reserve(&seed::pictures(&account), account.user.created_at).await.unwrap();
    assert_conflict(store.users.create(&account, None).await, "file");
    assert_eq!(store.users.find(account.user.id).await.unwrap(), None);
    let owner = seed::user(&store).await;
    let video = video(owner.id);
    let files = [video.file.clone(), video.thumbnail.clone()];
    store.files.reserve(&files, video.created_at).await.unwrap();
    assert_conflict(store.videos.create(&video, None, None).await, "file");
    assert_eq!(store.videos.find(video.id).await.unwrap(), None);
    assert_eq!(ownerless(&store).await.len(), 4);
}

pub async fn a_file_belongs_to_one_row(store: Store) {
    let owner = seed::user(&store).await;
    let first = seed::video(&store, owner.id).await;
    let second = Video { file: first.file.clone(), ..video(owner.id) };
    seed::reserve(&store, std::slice::from_ref(&second.thumbnail)).await;
    assert_conflict(store.videos.create(&second, None, None).await, "file");
    assert_ownerless(&store, &[&second.thumbnail]).await;
}

pub async fn a_forgotten_file_is_due_no_more(store: Store) {
    let (key, other) = (reserve(&store, at(10)).await, reserve(&store, at(10)).await);
    for _ in 0..2 {
        store.files.forget(&key).await.unwrap();
        assert_eq!(due(&store, at(10)).await, std::slice::from_ref(&other));
    }
    store.files.forget(&self::key()).await.unwrap();
}

pub async fn a_postponed_file_is_due_later_with_one_more_attempt(store: Store) {
    let (failing, other) = (reserve(&store, at(10)).await, reserve(&store, at(15)).await);
    for (attempts, until) in [(1, at(20)), (2, at(30))] {
        store.files.postpone(&failing, until).await.unwrap();
        let before = Timestamp::from_millis(until.millis() - 1);
        assert_eq!(due(&store, before).await, std::slice::from_ref(&other));
        let expected = [DueFile { key: other.clone(), attempts: 0 }, DueFile { key: failing.clone(), attempts }];
        assert_eq!(store.files.due(until, 100).await.unwrap(), expected, "it goes to the end");
    }
}

pub async fn a_file_whose_removal_was_tried_cannot_be_claimed(store: Store) {
    let user = seed::user(&store).await;
    let [tried, given_up] = [at(20), Timestamp::NEVER];
    for until in [tried, given_up] {
        let face = reserve(&store, at(10)).await;
        store.files.postpone(&face, until).await.unwrap();
        assert_conflict(store.users.replace_image(user.id, UserImage::Avatar, &face, at(11)).await, "file");
        let video = Video { thumbnail: face, created_at: at(11), ..video(user.id) };
        seed::reserve(&store, std::slice::from_ref(&video.file)).await;
        assert_conflict(store.videos.create(&video, None, None).await, "file");
    }
    assert_eq!(store.users.find(user.id).await.unwrap(), Some(user));
}

pub async fn a_reservation_is_prolonged_while_it_lasts(store: Store) {
    let (key, other) = (reserve(&store, at(10)).await, reserve(&store, at(10)).await);
    assert!(store.files.prolong(&key, at(9), at(20)).await.unwrap());
    assert_eq!(due(&store, at(19)).await, std::slice::from_ref(&other));
    assert!(store.files.prolong(&key, at(11), at(15)).await.unwrap(), "it lasts until 20");
    assert_eq!(due(&store, at(19)).await, std::slice::from_ref(&other), "it is not cut short");
    assert!(!store.files.prolong(&key, at(20), at(30)).await.unwrap(), "it is due");
    assert_eq!(due(&store, at(20)).await, [other, key]);
}

pub async fn what_is_not_reserved_is_not_prolonged(store: Store) {
    let user = seed::user(&store).await;
    let (released, tried, given_up) =
        (reserve(&store, at(10)).await, reserve(&store, at(10)).await, reserve(&store, at(10)).await);
    store.files.release(std::slice::from_ref(&released), at(5)).await.unwrap();
    store.files.postpone(&tried, at(50)).await.unwrap();
    store.files.postpone(&given_up, Timestamp::NEVER).await.unwrap();
    for file in [&released, &tried, &given_up, &user.avatar, &key()] {
        assert!(!store.files.prolong(file, at(6), at(100)).await.unwrap(), "{file}");
    }
    assert_eq!(due(&store, at(50)).await, [released, tried]);
    assert_eq!(due(&store, far_future()).await.len(), 2);
}

pub async fn a_file_that_was_given_up_is_due_no_more(store: Store) {
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(reserve(&store, at(10)).await);
    }
    let other = reserve(&store, at(10)).await;
    store.files.postpone(&keys[1], at(20)).await.unwrap();
    for key in [&keys[2], &keys[0], &keys[1]] {
        store.files.postpone(key, Timestamp::NEVER).await.unwrap();
    }
    for now in [far_future(), Timestamp::NEVER] {
        assert_eq!(due(&store, now).await, std::slice::from_ref(&other));
    }
    let expected: Vec<DueFile> =
        keys.iter().zip([1, 2, 1]).map(|(key, attempts)| DueFile { key: key.clone(), attempts }).collect();
    assert_eq!(store.files.given_up(100).await.unwrap(), expected, "by name");
    assert_eq!(store.files.given_up(2).await.unwrap(), expected[..2]);
    assert_eq!(store.files.given_up(0).await.unwrap(), []);
    assert_eq!(store.files.list(None, 100).await.unwrap().len(), 4, "it stays in the ledger");
}

pub async fn files_that_were_given_up_are_taken_up_again(store: Store) {
    assert_eq!(store.files.retry_given_up(at(5)).await.unwrap(), 0);
    let (one, two) = (reserve(&store, at(10)).await, reserve(&store, at(10)).await);
    let (failing, reserved) = (reserve(&store, at(10)).await, reserve(&store, at(90)).await);
    store.files.postpone(&failing, at(70)).await.unwrap();
    for key in [&one, &two, &one] {
        store.files.postpone(key, Timestamp::NEVER).await.unwrap();
    }
    assert_eq!(store.files.retry_given_up(at(50)).await.unwrap(), 2);
    let fresh = [&one, &two].map(|key| DueFile { key: key.clone(), attempts: 0 });
    assert_eq!(store.files.due(at(50), 100).await.unwrap(), fresh);
    assert_eq!(store.files.given_up(100).await.unwrap(), []);
    assert_eq!(store.files.retry_given_up(at(50)).await.unwrap(), 0);
    let others = [DueFile { key: failing, attempts: 1 }, DueFile { key: reserved, attempts: 0 }];
    assert_eq!(store.files.due(at(90), 100).await.unwrap()[2..], others, "others are left alone");
}

pub async fn many_files_that_were_given_up_are_all_taken_up_again(store: Store) {
    let keys: Vec<FileKey> = (0..1_100).map(|_| key()).collect();
    store.files.reserve(&keys, at(10)).await.unwrap();
    for some in keys.chunks(CROWD) {
        let given_up = join_all(some.iter().map(|key| store.files.postpone(key, Timestamp::NEVER))).await;
        assert!(given_up.iter().all(Result::is_ok));
    }
    assert_eq!(store.files.retry_given_up(at(50)).await.unwrap(), 1_100);
    assert_eq!(store.files.due(at(50), 2_000).await.unwrap().len(), 1_100);
}

pub async fn of_many_claims_of_one_file_exactly_one_succeeds(store: Store) {
    let users = seed::users(&store, CROWD).await;
    let wanted = reserve(&store, at(100)).await;
    let image = UserImage::Avatar;
    let results = join_all(users.iter().map(|user| store.users.replace_image(user.id, image, &wanted, at(1)))).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().zip(&users).partition(|(result, _)| result.is_ok());
    assert!(lost.iter().all(|(_, user)| !won.iter().any(|(_, winner)| winner.id == user.id)));
    let old = won.iter().map(|(_, user)| &user.avatar).collect::<Vec<_>>();
    assert_ownerless(&store, &old).await;
    assert_one_winner(won.into_iter().chain(lost).map(|(result, _)| result).collect(), "file");
}

pub async fn a_release_that_races_a_claim_leaves_each_file_owned_or_due(store: Store) {
    let users = seed::users(&store, CROWD).await;
    let files: Vec<_> = users.iter().map(|_| key()).collect();
    store.files.reserve(&files, at(100)).await.unwrap();
    let pairs = users.iter().zip(&files);
    let claims = join_all(
        pairs
            .clone()
            .map(async |(user, file)| store.users.replace_image(user.id, UserImage::Avatar, file, at(1)).await),
    );
    let releases = join_all(files.iter().map(|file| store.files.release(std::slice::from_ref(file), at(1))));
    let (claims, releases) = futures_util::future::join(claims, releases).await;
    assert!(releases.iter().all(Result::is_ok));
    let due = ownerless(&store).await;
    for ((user, file), claim) in pairs.zip(claims) {
        let owned = store.users.find(user.id).await.unwrap().unwrap().avatar == *file;
        assert_eq!(owned, claim.is_ok(), "a claim that succeeded owns its file");
        assert_eq!(owned, !due.contains(file), "a file is owned or due");
        assert_eq!(owned, due.contains(&user.avatar), "what was replaced is due");
    }
}
