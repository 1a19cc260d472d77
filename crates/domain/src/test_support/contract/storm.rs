//! A storm: writes of every kind at once, round after round, and then every count held against the facts, once by
//! the store itself and once through what its ports answer.

use futures_util::future::{join, join_all};

use super::check::{CROWD, assert_no_drift, first, ownerless, purge_all, shuffled, stats};
use super::video_status::statuses;
use crate::comment::{Comment, CommentText};
use crate::file::FileFormat;
use crate::like::LikeTarget;
use crate::maintenance::{DriftReport, Reconcile};
use crate::page::SortDirection;
use crate::playlist::Playlist;
use crate::test_support::fixture::{
    WINDOW, at, comment, file_key, guest, like, next_id, still, subscription, title, tweet, video, visit,
};
use crate::test_support::seed;
use crate::tweet::{Tweet, TweetText};
use crate::user::{User, UserImage};
use crate::video::{
    NewStill, Settlement, StatusChange, Video, VideoChange, VideoOrder, VideoQuery, VideoScope, VideoSort, Viewer,
};
use crate::{Id, Store, StoreError};

const KINDS: usize = 28;
const ROUNDS: usize = 12;

/// What the storm is about.
struct Sea {
    users: Vec<User>,
    videos: Vec<Video>,
    comments: Vec<Comment>,
    tweets: Vec<Tweet>,
    playlists: Vec<Playlist>,
}

async fn sea(store: &Store) -> Sea {
    let users = seed::users(store, 6).await;
    let mut sea = Sea { users, videos: vec![], comments: vec![], tweets: vec![], playlists: vec![] };
    for (turn, user) in sea.users.iter().cycle().take(18).enumerate() {
        sea.videos.push(seed::video(store, user.id).await);
        let other = &sea.users[(turn * 5 + 1) % sea.users.len()];
        sea.comments.push(seed::comment(store, sea.videos[turn / 2].id, other.id).await);
        sea.tweets.push(seed::tweet(store, user.id).await);
    }
    for user in &sea.users {
        sea.playlists.push(seed::playlist(store, user.id, &sea.videos[..3]).await);
    }
    sea
}

/// One item, chosen by a number; the stride keeps choices of different nouns apart.
fn pick<T>(items: &[T], number: usize, stride: usize) -> &T {
    &items[number * stride / 7 % items.len()]
}

/// One write. The kind goes through all of them; `number` decides about whom and what.
async fn write(store: &Store, sea: &Sea, number: usize) -> Result<(), StoreError> {
    let user = pick(&sea.users, number, 11).id;
    let video = pick(&sea.videos, number, 5).id;
    let now = at(i64::try_from(number).unwrap());
    match number % KINDS {
        kind @ 0..=8 => like_something(store, sea, number, kind).await,
        kind @ 9..=11 => subscribe(store, sea, number, kind).await,
        12 => store.videos.watch(&visit(video, Viewer::User(user), now)).await.map(drop),
        13 => {
            let viewer = guest(u8::try_from(number % 200).unwrap());
            store.videos.watch(&visit(video, viewer, now.after(WINDOW))).await.map(drop)
        }
        14 => store.comments.create(&comment(video, user, now), None).await.map(drop),
        15 => store.tweets.create(&tweet(user, now), None).await.map(drop),
        16 => store.videos.toggle_published(video, now).await.map(drop),
        17 => store.playlists.add_video(pick(&sea.playlists, number, 3).id, video, now).await.map(drop),
        18 => store.playlists.remove_video(pick(&sea.playlists, number, 3).id, video, now).await.map(drop),
        19 => change_something(store, sea, number).await,
        20 => new_face(store, user, number).await,
        21 => upload(store, user, number).await,
        22 => delete_something(store, sea, number).await,
        23..=24 => settle_something(store, sea, number).await,
        25 => new_still(store, video, number).await,
        26 => do_tasks(store, number).await,
        _ => store.maintenance.purge(5).await.map(drop),
    }
}

async fn like_something(store: &Store, sea: &Sea, number: usize, kind: usize) -> Result<(), StoreError> {
    let user = pick(&sea.users, number, 11).id;
    let target = match kind % 3 {
        0 => LikeTarget::Video(pick(&sea.videos, number, 5).id),
        1 => LikeTarget::Comment(pick(&sea.comments, number, 5).id),
        _ => LikeTarget::Tweet(pick(&sea.tweets, number, 5).id),
    };
    let like = like(user, target, at(2));
    match kind / 3 {
        0 => store.likes.put(&like).await.map(drop),
        1 => store.likes.toggle(&like).await.map(drop),
        _ => store.likes.remove(user, target).await.map(drop),
    }
}

async fn subscribe(store: &Store, sea: &Sea, number: usize, kind: usize) -> Result<(), StoreError> {
    let subscriber = pick(&sea.users, number, 11).id;
    let others: Vec<_> = sea.users.iter().filter(|user| user.id != subscriber).collect();
    let channel = pick(&others, number / KINDS, 7).id;
    let subscription = subscription(subscriber, channel, at(2));
    match kind {
        9 => store.subscriptions.put(&subscription).await.map(drop),
        10 => store.subscriptions.toggle(&subscription).await.map(drop),
        _ => store.subscriptions.remove(subscriber, channel).await.map(drop),
    }
}

async fn change_something(store: &Store, sea: &Sea, number: usize) -> Result<(), StoreError> {
    let change = VideoChange { title: Some(title(&format!("Storm {number}"))), ..VideoChange::default() };
    store.videos.update(pick(&sea.videos, number, 5).id, &change, at(3)).await?;
    let text = CommentText::parse("Changed").unwrap();
    store.comments.update(pick(&sea.comments, number, 5).id, &text, at(3)).await?;
    let text = TweetText::parse("Changed").unwrap();
    store.tweets.update(pick(&sea.tweets, number, 5).id, &text, at(3)).await.map(drop)
}

/// A picture that is reserved and then claimed, or released because something else failed.
async fn new_face(store: &Store, user: Id<User>, number: usize) -> Result<(), StoreError> {
    let face = file_key(FileFormat::Jpeg);
    seed::reserve(store, std::slice::from_ref(&face)).await;
    if number.is_multiple_of(5) {
        return store.files.release(&[face], at(3)).await;
    }
    store.users.replace_image(user, UserImage::Avatar, &face, at(3)).await.map(drop)
}

async fn upload(store: &Store, owner: Id<User>, number: usize) -> Result<(), StoreError> {
    let status = pick(&statuses(), number, 9).clone();
    let video = Video { id: next_id(), status, is_published: number.is_multiple_of(2), ..video(owner) };
    seed::reserve(store, &[video.file.clone(), video.thumbnail.clone()]).await;
    store.videos.create(&video, None, None).await.map(drop)
}

/// The media store has come from one status to another, or the film has another key.
async fn settle_something(store: &Store, sea: &Sea, number: usize) -> Result<(), StoreError> {
    let id = pick(&sea.videos, number, 5).id;
    let Some(video) = store.videos.find(id).await? else { return Ok(()) };
    let to = pick(&statuses(), number, 13).clone();
    let said = Settlement {
        film: Some((video.file.clone(), video.file.marked(&format!("u{number}")))),
        still: None,
        status: Some(StatusChange { from: video.status, to }),
    };
    store.videos.settle(id, &said, at(3)).await.map(drop)
}

/// A still of another size, claimed by a video that may be gone meanwhile.
async fn new_still(store: &Store, video: Id<Video>, number: usize) -> Result<(), StoreError> {
    let key = file_key(FileFormat::Png);
    seed::reserve(store, std::slice::from_ref(&key)).await;
    let bytes = u64::try_from(number % 700).unwrap();
    let thumbnail = NewStill { bytes, ..still(&key) };
    let change = VideoChange { thumbnail: Some(thumbnail), ..VideoChange::default() };
    match store.videos.update(video, &change, at(3)).await? {
        Some(_) => Ok(()),
        None => store.files.release(&[key], at(3)).await,
    }
}

async fn do_tasks(store: &Store, number: usize) -> Result<(), StoreError> {
    for task in store.media_tasks.due(at(1_000), 3).await? {
        if number.is_multiple_of(3) {
            store.media_tasks.postpone(&task, at(900)).await?;
        } else {
            store.media_tasks.done(&task).await?;
        }
    }
    Ok(())
}

async fn delete_something(store: &Store, sea: &Sea, number: usize) -> Result<(), StoreError> {
    match number / KINDS % 3 {
        0 => store.videos.delete(pick(&sea.videos, number, 3).id, at(4)).await.map(drop),
        1 => store.comments.delete(pick(&sea.comments, number, 3).id).await.map(drop),
        _ => store.tweets.delete(pick(&sea.tweets, number, 3).id).await.map(drop),
    }
}

async fn rage(store: &Store) -> Sea {
    let sea = sea(store).await;
    for round in 0..ROUNDS {
        let writes = shuffled(CROWD).map(|turn| write(store, &sea, round * CROWD + turn));
        for result in join_all(writes).await {
            result.expect("a write that nothing stands against succeeds");
        }
    }
    sea
}

pub async fn a_storm_of_writes_leaves_no_count_drifted(store: Store) {
    rage(&store).await;
    assert_no_drift(&store).await;
    purge_all(&store, 20).await;
    assert_no_drift(&store).await;
}

pub async fn a_recount_beside_writes_looks_at_one_consistent_state(store: Store) {
    let sea = sea(&store).await;
    for round in 0..ROUNDS {
        let mode = if round % 2 == 0 { Reconcile::Report } else { Reconcile::Repair };
        let writes = shuffled(CROWD).map(|turn| write(&store, &sea, round * CROWD + turn));
        let (report, written) = join(store.maintenance.reconcile(mode), join_all(writes)).await;
        assert_eq!(report.unwrap(), DriftReport::default(), "{mode:?} while others write");
        assert!(written.iter().all(Result::is_ok));
    }
    assert_no_drift(&store).await;
}

async fn videos_of(store: &Store, owner: &User) -> Vec<Video> {
    let order = VideoOrder::By(VideoSort::CreatedAt, SortDirection::Ascending);
    let query = VideoQuery { scope: VideoScope::AllOf(owner.id), words: None, order };
    let page = store.videos.list(&query, &first()).await.unwrap();
    assert_eq!(page.next, None, "the storm makes fewer videos than a page holds");
    assert_eq!(page.total, u64::try_from(page.items.len()).ok(), "the stored number of videos");
    page.items.into_iter().map(|card| card.video).collect()
}

/// A page of everything, with its length.
fn length<T>(page: &crate::page::Page<T>) -> u64 {
    assert_eq!(page.next, None, "the storm makes fewer than a page holds");
    u64::try_from(page.items.len()).unwrap()
}

pub async fn after_a_storm_counts_equal_the_lists_that_they_count(store: Store) {
    let sea = rage(&store).await;
    for user in &sea.users {
        let videos = videos_of(&store, user).await;
        let stats = stats(&store, user.id).await;
        for video in &videos {
            let comments = store.comments.list(video.id, Some(user.id), &first()).await.unwrap().unwrap();
            assert_eq!(length(&comments), video.comments_count, "comments of {video:?}");
        }
        let stored = store.users.stored_bytes(user.id).await.unwrap();
        assert_eq!(stored, Some(videos.iter().map(Video::stored_bytes).sum()), "bytes of {}", user.username.as_str());
        assert_eq!(stats.comments, videos.iter().map(|video| video.comments_count).sum::<u64>());
        assert_eq!(stats.views, videos.iter().map(|video| video.views).sum::<u64>());
        let tweets = store.tweets.list_by(user.id, None, &first()).await.unwrap().unwrap();
        assert_eq!(stats.tweets, length(&tweets));
        let channel = store.users.channel(&user.username, None).await.unwrap().unwrap();
        let subscribers = store.subscriptions.subscribers(user.id, &first()).await.unwrap().unwrap();
        assert_eq!((channel.subscribers_count, stats.subscribers), (length(&subscribers), length(&subscribers)));
        let channels = store.subscriptions.channels(user.id, &first()).await.unwrap().unwrap();
        assert_eq!(channel.subscriptions_count, length(&channels));
    }
}

pub async fn after_a_storm_each_like_is_counted_once(store: Store) {
    let sea = rage(&store).await;
    for owner in &sea.users {
        for video in videos_of(&store, owner).await.into_iter().filter(Video::is_public) {
            let mut found = 0;
            for user in &sea.users {
                let liked = store.likes.liked_videos(user.id, &first()).await.unwrap();
                found += liked.items.iter().filter(|liked| liked.video.video.id == video.id).count();
            }
            assert_eq!(u64::try_from(found).unwrap(), video.likes_count, "likes of {video:?}");
        }
    }
}

pub async fn after_a_storm_each_file_is_owned_or_due(store: Store) {
    let sea = rage(&store).await;
    purge_all(&store, 20).await;
    let due = ownerless(&store).await;
    let mut owned = Vec::new();
    for user in &sea.users {
        let now = store.users.find(user.id).await.unwrap().unwrap();
        owned.extend([now.avatar].into_iter().chain(now.cover_image));
        for video in videos_of(&store, user).await {
            owned.extend([video.file.unmarked(), video.thumbnail]);
        }
    }
    assert!(owned.iter().all(|file| !due.contains(file)), "what is owned is not due");
    let before = sea.users.iter().map(|user| &user.avatar);
    let before = before.chain(sea.videos.iter().flat_map(|video| [&video.file, &video.thumbnail]));
    for file in before {
        assert!(owned.contains(file) || due.contains(file), "{file} is owned or due");
    }
}
