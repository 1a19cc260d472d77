//! Rules of a channel's own numbers.

use super::check::{assert_no_drift, stats};
use crate::Store;
use crate::dashboard::ChannelStats;
use crate::like::LikeTarget;
use crate::test_support::fixture::{at, guest, next_id};
use crate::test_support::seed;

pub async fn an_unknown_channel_has_no_numbers(store: Store) {
    assert_eq!(store.dashboard.stats(next_id()).await.unwrap(), None);
}

pub async fn a_new_channel_starts_at_zero(store: Store) {
    let user = seed::user(&store).await;
    assert_eq!(stats(&store, user.id).await, ChannelStats::default());
}

pub async fn the_numbers_are_what_a_channel_has_and_received(store: Store) {
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let videos = seed::videos(&store, owner.id, 2).await;
    let others = seed::video(&store, fan.id).await;
    let comment = seed::comment(&store, others.id, owner.id).await;
    let tweet = seed::tweet(&store, owner.id).await;
    seed::subscribe(&store, fan.id, owner.id).await;
    for video in &videos {
        seed::watch(&store, video.id, guest(1), at(1)).await;
        seed::like(&store, fan.id, LikeTarget::Video(video.id)).await;
        seed::comment(&store, video.id, fan.id).await;
        seed::comment(&store, video.id, owner.id).await;
    }
    seed::like(&store, fan.id, LikeTarget::Comment(comment.id)).await;
    seed::like(&store, fan.id, LikeTarget::Tweet(tweet.id)).await;
    seed::like(&store, owner.id, LikeTarget::Video(others.id)).await;
    let expected = ChannelStats { subscribers: 1, videos: 2, views: 2, likes: 4, comments: 4, tweets: 1 };
    assert_eq!(stats(&store, owner.id).await, expected);
    let expected = ChannelStats { videos: 1, likes: 1, comments: 1, ..ChannelStats::default() };
    assert_eq!(stats(&store, fan.id).await, expected);
    assert_no_drift(&store).await;
}

pub async fn unpublished_videos_are_included(store: Store) {
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let video = seed::video(&store, owner.id).await;
    seed::hidden_video(&store, owner.id).await;
    seed::watch(&store, video.id, guest(1), at(1)).await;
    seed::like(&store, fan.id, LikeTarget::Video(video.id)).await;
    seed::comment(&store, video.id, fan.id).await;
    let before = stats(&store, owner.id).await;
    assert_eq!(before, ChannelStats { videos: 2, views: 1, likes: 1, comments: 1, ..ChannelStats::default() });
    seed::toggle(&store, video.id).await;
    assert_eq!(stats(&store, owner.id).await, before);
}
