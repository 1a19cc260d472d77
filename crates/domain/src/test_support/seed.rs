//! Fixtures put into a store, each in the one way in which the application does it. A refusal fails the test.

use crate::comment::Comment;
use crate::file::FileKey;
use crate::like::{Like, LikeState, LikeTarget};
use crate::playlist::{Added, Playlist};
use crate::session::Session;
use crate::tweet::Tweet;
use crate::user::{Account, User};
use crate::video::{Settlement, StatusChange, Video, VideoDetail, VideoStatus, Viewer};
use crate::{Id, Store, Timestamp};

use super::fixture;

/// Notes files in the ledger, as somebody does who is about to store them.
pub async fn reserve(store: &Store, keys: &[FileKey]) {
    store.files.reserve(keys, fixture::far_future()).await.unwrap();
}

/// The pictures of an account.
pub fn pictures(account: &Account) -> Vec<FileKey> {
    std::iter::once(account.user.avatar.clone()).chain(account.user.cover_image.clone()).collect()
}

/// Registers an account with its pictures.
pub async fn account(store: &Store, account: &Account) {
    reserve(store, &pictures(account)).await;
    store.users.create(account, None).await.unwrap();
}

/// Registers somebody.
pub async fn user(store: &Store) -> User {
    let account = fixture::account();
    self::account(store, &account).await;
    account.user
}

/// Registers several users, in the order of their ids.
pub async fn users(store: &Store, number: usize) -> Vec<User> {
    let accounts: Vec<Account> = (0..number).map(|_| fixture::account()).collect();
    futures_util::future::join_all(accounts.iter().map(|account| self::account(store, account))).await;
    accounts.into_iter().map(|account| account.user).collect()
}

/// Adds this video and answers with it as it is stored.
pub async fn upload(store: &Store, video: &Video) -> Video {
    reserve(store, &[video.file.clone(), video.thumbnail.clone()]).await;
    store.videos.create(video, None, None).await.unwrap().video
}

/// Adds a published video.
pub async fn video(store: &Store, owner: Id<User>) -> Video {
    upload(store, &fixture::video(owner)).await
}

/// Adds an unpublished video.
pub async fn hidden_video(store: &Store, owner: Id<User>) -> Video {
    upload(store, &Video { is_published: false, ..fixture::video(owner) }).await
}

/// Adds a video that is processing, and that its owner wants others to see.
pub async fn processing_video(store: &Store, owner: Id<User>) -> Video {
    upload(store, &Video { status: VideoStatus::Processing, ..fixture::video(owner) }).await
}

/// Notes that the media store has come from one status to another; it must have been the video's.
pub async fn settle(store: &Store, video: Id<Video>, from: VideoStatus, to: VideoStatus) -> Video {
    let said = Settlement { status: Some(StatusChange { from, to: to.clone() }), ..Settlement::default() };
    let settled = store.videos.settle(video, &said, fixture::at(1)).await.unwrap().unwrap();
    assert_eq!(settled.status, to, "a change of status was not taken");
    settled
}

/// Adds several published videos, in the order of their ids.
pub async fn videos(store: &Store, owner: Id<User>, number: usize) -> Vec<Video> {
    let videos: Vec<Video> = (0..number).map(|_| fixture::video(owner)).collect();
    futures_util::future::join_all(videos.iter().map(|video| upload(store, video))).await
}

/// Publishes an unpublished video and the other way round.
pub async fn toggle(store: &Store, video: Id<Video>) -> Video {
    store.videos.toggle_published(video, fixture::at(1)).await.unwrap().unwrap().video
}

/// Writes a comment.
pub async fn comment(store: &Store, video: Id<Video>, owner: Id<User>) -> Comment {
    let comment = fixture::comment(video, owner, fixture::at(1));
    store.comments.create(&comment, None).await.unwrap().unwrap().comment
}

/// Writes a tweet.
pub async fn tweet(store: &Store, owner: Id<User>) -> Tweet {
    store.tweets.create(&fixture::tweet(owner, fixture::at(1)), None).await.unwrap().tweet
}

/// Makes a playlist of these videos, in this order.
pub async fn playlist(store: &Store, owner: Id<User>, videos: &[Video]) -> Playlist {
    let playlist = store.playlists.create(&fixture::playlist(owner, fixture::at(1)), None).await.unwrap().playlist;
    for video in videos {
        let added = store.playlists.add_video(playlist.id, video.id, fixture::at(1)).await.unwrap();
        assert_eq!(added, Added::Present, "a video for a playlist was refused");
    }
    playlist
}

/// Likes something and answers with the like.
pub async fn like(store: &Store, user: Id<User>, target: LikeTarget) -> Like {
    let like = fixture::like(user, target, fixture::at(1));
    let state = store.likes.put(&like).await.unwrap();
    assert!(matches!(state, Some(LikeState { is_liked: true, .. })), "a like was refused");
    like
}

/// Subscribes somebody to a channel.
pub async fn subscribe(store: &Store, subscriber: Id<User>, channel: Id<User>) {
    let subscription = fixture::subscription(subscriber, channel, fixture::at(1));
    store.subscriptions.put(&subscription).await.unwrap().unwrap();
}

/// Opens a video's page, which the viewer can see.
pub async fn watch(store: &Store, video: Id<Video>, viewer: Viewer, now: Timestamp) -> VideoDetail {
    store.videos.watch(&fixture::visit(video, viewer, now)).await.unwrap().unwrap()
}

/// Signs somebody in.
pub async fn session(store: &Store, user: Id<User>) -> Session {
    open(store, fixture::session(user)).await
}

/// This session, open.
pub async fn open(store: &Store, session: Session) -> Session {
    let checked = store.users.password_hash(session.user).await.unwrap().unwrap();
    assert!(store.sessions.open(&session, &checked).await.unwrap());
    session
}
