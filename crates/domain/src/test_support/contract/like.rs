//! Rules of the store of likes: of videos, comments and tweets alike.

use futures_util::future::join_all;

use super::check::{CROWD, Listing, assert_no_drift, first, shuffled, stats, stored};
use crate::like::{Like, LikeNote, LikeState, LikeTarget, LikedVideo};
use crate::page::ListOrder;
use crate::test_support::fixture::{at, like, next_id};
use crate::test_support::seed;
use crate::user::User;
use crate::video::Video;
use crate::{Id, Store};

const LIKED_ONCE: Option<LikeState> = Some(LikeState { is_liked: true, likes_count: 1 });
const NOT_LIKED: Option<LikeState> = Some(LikeState { is_liked: false, likes_count: 0 });

/// One target of each kind, all of one owner.
async fn targets(store: &Store) -> (User, [LikeTarget; 3]) {
    let owner = seed::user(store).await;
    let video = seed::video(store, owner.id).await;
    let comment = seed::comment(store, video.id, owner.id).await;
    let tweet = seed::tweet(store, owner.id).await;
    (owner, [LikeTarget::Video(video.id), LikeTarget::Comment(comment.id), LikeTarget::Tweet(tweet.id)])
}

/// The count that the target itself shows.
async fn shown(store: &Store, target: LikeTarget) -> u64 {
    match target {
        LikeTarget::Video(id) => stored(store, id).await.likes_count,
        LikeTarget::Comment(id) => store.comments.find(id, None).await.unwrap().unwrap().comment.likes_count,
        LikeTarget::Tweet(id) => store.tweets.find(id).await.unwrap().unwrap().likes_count,
    }
}

async fn liked_videos(store: &Store, user: &User) -> Vec<LikedVideo> {
    store.likes.liked_videos(user.id, &first()).await.unwrap().items
}

pub async fn a_like_is_counted_on_its_target_and_for_the_owner(store: Store) {
    let (owner, targets) = targets(&store).await;
    let fan = seed::user(&store).await;
    for (target, received) in targets.into_iter().zip(1..) {
        assert_eq!(store.likes.put(&like(fan.id, target, at(2))).await.unwrap(), LIKED_ONCE, "{target:?}");
        assert_eq!(shown(&store, target).await, 1, "{target:?}");
        assert_eq!(stats(&store, owner.id).await.likes, received, "{target:?}");
    }
    assert_eq!(stats(&store, fan.id).await.likes, 0);
    assert_no_drift(&store).await;
}

pub async fn a_second_like_changes_nothing(store: Store) {
    let (_, targets) = targets(&store).await;
    let fan = seed::user(&store).await;
    for target in targets {
        store.likes.put(&like(fan.id, target, at(2))).await.unwrap();
        assert_eq!(store.likes.put(&like(fan.id, target, at(3))).await.unwrap(), LIKED_ONCE, "{target:?}");
        assert_eq!(shown(&store, target).await, 1, "{target:?}");
    }
    assert_no_drift(&store).await;
}

pub async fn a_like_stays_as_it_was_when_it_is_put_again(store: Store) {
    let (owner, [target, ..]) = targets(&store).await;
    let fan = seed::user(&store).await;
    let first = Like {
        description: Some(LikeNote::parse("My favourite").unwrap()),
        inviter: Some(owner.id),
        ..like(fan.id, target, at(2))
    };
    store.likes.put(&first).await.unwrap();
    let second = Like { description: Some(LikeNote::parse("").unwrap()), ..like(fan.id, target, at(3)) };
    store.likes.put(&second).await.unwrap();
    let liked = liked_videos(&store, &fan).await;
    assert_eq!(liked.iter().map(|liked| &liked.like).collect::<Vec<_>>(), [&first]);
}

pub async fn a_removed_like_leaves_every_count(store: Store) {
    let (owner, targets) = targets(&store).await;
    let fan = seed::user(&store).await;
    for target in targets {
        store.likes.put(&like(fan.id, target, at(2))).await.unwrap();
        for _ in 0..2 {
            assert_eq!(store.likes.remove(fan.id, target).await.unwrap(), NOT_LIKED, "{target:?}");
            assert_eq!(shown(&store, target).await, 0, "{target:?}");
        }
    }
    assert_eq!(stats(&store, owner.id).await.likes, 0);
    assert_eq!(liked_videos(&store, &fan).await, []);
    assert_no_drift(&store).await;
}

pub async fn a_toggle_turns_the_like_round(store: Store) {
    let (_, targets) = targets(&store).await;
    let fan = seed::user(&store).await;
    for target in targets {
        for expected in [LIKED_ONCE, NOT_LIKED, LIKED_ONCE] {
            let state = store.likes.toggle(&like(fan.id, target, at(2))).await.unwrap();
            assert_eq!(state, expected, "{target:?}");
        }
        assert_eq!(shown(&store, target).await, 1, "{target:?}");
    }
    assert_no_drift(&store).await;
}

pub async fn likes_of_users_are_apart(store: Store) {
    let (owner, targets) = targets(&store).await;
    let fan = seed::user(&store).await;
    for target in targets {
        store.likes.put(&like(fan.id, target, at(2))).await.unwrap();
        let both = Some(LikeState { is_liked: true, likes_count: 2 });
        assert_eq!(store.likes.put(&like(owner.id, target, at(2))).await.unwrap(), both, "one may like one's own");
        let left = Some(LikeState { is_liked: false, likes_count: 1 });
        assert_eq!(store.likes.remove(fan.id, target).await.unwrap(), left);
        assert_eq!(store.likes.remove(fan.id, target).await.unwrap(), left);
    }
    assert_no_drift(&store).await;
}

async fn assert_absent(store: &Store, user: Id<User>, target: LikeTarget) {
    let like = like(user, target, at(2));
    assert_eq!(store.likes.put(&like).await.unwrap(), None, "put {target:?}");
    assert_eq!(store.likes.toggle(&like).await.unwrap(), None, "toggle {target:?}");
    assert_eq!(store.likes.remove(user, target).await.unwrap(), None, "remove {target:?}");
}

pub async fn an_unknown_target_cannot_be_liked(store: Store) {
    let user = seed::user(&store).await;
    let other_kind = seed::tweet(&store, user.id).await.id;
    for target in [LikeTarget::Video(next_id()), LikeTarget::Comment(next_id()), LikeTarget::Tweet(next_id())] {
        assert_absent(&store, user.id, target).await;
    }
    assert_absent(&store, user.id, LikeTarget::Video(Id::from_bytes(other_kind.bytes()))).await;
    assert_no_drift(&store).await;
}

pub async fn what_a_user_cannot_see_cannot_be_liked(store: Store) {
    let (owner, [video, comment, _]) = targets(&store).await;
    let fan = seed::user(&store).await;
    store.likes.put(&like(fan.id, comment, at(2))).await.unwrap();
    let LikeTarget::Video(id) = video else { unreachable!("the first target is the video") };
    seed::toggle(&store, id).await;
    for target in [video, comment] {
        assert_absent(&store, fan.id, target).await;
    }
    assert_eq!(store.likes.put(&like(owner.id, video, at(2))).await.unwrap(), LIKED_ONCE, "its owner can see it");
    let both = Some(LikeState { is_liked: true, likes_count: 2 });
    assert_eq!(store.likes.put(&like(owner.id, comment, at(2))).await.unwrap(), both, "the old like still counts");
    assert_no_drift(&store).await;
}

pub async fn a_deleted_comment_or_tweet_cannot_be_liked(store: Store) {
    let (owner, [_, comment, tweet]) = targets(&store).await;
    for target in [comment, tweet] {
        store.likes.put(&like(owner.id, target, at(2))).await.unwrap();
    }
    let (LikeTarget::Comment(comment_id), LikeTarget::Tweet(tweet_id)) = (comment, tweet) else {
        unreachable!("the targets are of each kind in turn")
    };
    store.comments.delete(comment_id).await.unwrap();
    store.tweets.delete(tweet_id).await.unwrap();
    for target in [comment, tweet] {
        assert_absent(&store, owner.id, target).await;
    }
    assert_no_drift(&store).await;
}

pub async fn liked_videos_are_walked_latest_like_first_alike_by_page_and_cursor(store: Store) {
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let videos = seed::videos(&store, owner.id, 12).await;
    let ids: Vec<Id<Like>> = videos.iter().map(|_| next_id()).collect();
    let mut expected = Vec::new();
    for ((place, seconds), video) in shuffled(ids.len()).zip((0..3).cycle()).zip(&videos) {
        let like = Like { id: ids[place], ..like(fan.id, LikeTarget::Video(video.id), at(seconds)) };
        store.likes.put(&like).await.unwrap();
        seed::like(&store, owner.id, LikeTarget::Video(video.id)).await;
        expected.push((like.created_at, like.id.bytes()));
    }
    expected.sort_unstable();
    let expected: Vec<_> = expected.into_iter().rev().map(|(_, id)| id).collect();
    Listing { what: "liked videos", order: ListOrder::Newest, counted: false }
        .assert_holds(
            &expected,
            |liked: &LikedVideo| liked.like.id.bytes(),
            async |page| store.likes.liked_videos(fan.id, &page).await.unwrap(),
        )
        .await;
}

pub async fn a_liked_video_is_told_with_its_like_and_its_owner(store: Store) {
    let (owner, [target, comment, tweet]) = targets(&store).await;
    let fan = seed::user(&store).await;
    let like = Like {
        description: Some(LikeNote::parse("Zwei\nZeilen").unwrap()),
        inviter: Some(next_id()),
        ..like(fan.id, target, at(2))
    };
    store.likes.put(&like).await.unwrap();
    seed::like(&store, fan.id, comment).await;
    seed::like(&store, fan.id, tweet).await;
    let liked = liked_videos(&store, &fan).await;
    assert_eq!(liked.len(), 1, "comments and tweets are not among liked videos");
    let LikedVideo { like: told, video } = liked.into_iter().next().unwrap();
    assert_eq!(told, like);
    assert_eq!((video.owner.id, video.video.likes_count), (owner.id, 1));
    assert_eq!(video.video, stored(&store, video.video.id).await);
}

pub async fn a_liked_video_that_the_user_cannot_see_is_left_out(store: Store) {
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let videos = seed::videos(&store, owner.id, 3).await;
    for video in &videos {
        seed::like(&store, fan.id, LikeTarget::Video(video.id)).await;
        seed::like(&store, owner.id, LikeTarget::Video(video.id)).await;
    }
    seed::toggle(&store, videos[1].id).await;
    let ids = async |user: &User| -> Vec<Id<Video>> {
        liked_videos(&store, user).await.into_iter().map(|liked| liked.video.video.id).collect()
    };
    assert_eq!(ids(&fan).await, [videos[2].id, videos[0].id]);
    assert_eq!(ids(&owner).await, [videos[2].id, videos[1].id, videos[0].id], "the owner sees it");
    seed::toggle(&store, videos[1].id).await;
    assert_eq!(ids(&fan).await, [videos[2].id, videos[1].id, videos[0].id], "published again");
}

pub async fn pages_of_liked_videos_are_full_where_hidden_ones_lie_between(store: Store) {
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let videos = seed::videos(&store, owner.id, 12).await;
    let mut expected = Vec::new();
    for (place, video) in videos.iter().enumerate() {
        let like = seed::like(&store, fan.id, LikeTarget::Video(video.id)).await;
        if place % 3 == 0 {
            expected.push(like.id.bytes());
        } else {
            seed::toggle(&store, video.id).await;
        }
    }
    expected.reverse();
    Listing { what: "liked videos between hidden ones", order: ListOrder::Newest, counted: false }
        .assert_holds(
            &expected,
            |liked: &LikedVideo| liked.like.id.bytes(),
            async |page| store.likes.liked_videos(fan.id, &page).await.unwrap(),
        )
        .await;
}

pub async fn identical_likes_at_once_are_one_like(store: Store) {
    let (owner, targets) = targets(&store).await;
    let fan = seed::user(&store).await;
    for target in targets {
        let likes: Vec<_> = (0..CROWD).map(|_| like(fan.id, target, at(2))).collect();
        let states = join_all(likes.iter().map(|like| store.likes.put(like))).await;
        assert!(states.into_iter().all(|state| state.unwrap() == LIKED_ONCE), "{target:?}");
        assert_eq!(shown(&store, target).await, 1, "{target:?}");
    }
    assert_eq!(liked_videos(&store, &fan).await.len(), 1);
    assert_eq!(stats(&store, owner.id).await.likes, 3);
    assert_no_drift(&store).await;
}

pub async fn toggles_of_one_user_at_once_take_turns(store: Store) {
    let (_, targets) = targets(&store).await;
    let fan = seed::user(&store).await;
    for target in targets {
        let likes: Vec<_> = (0..CROWD).map(|_| like(fan.id, target, at(2))).collect();
        let states = join_all(likes.iter().map(|like| store.likes.toggle(like))).await;
        let added = states.into_iter().filter(|state| *state.as_ref().unwrap() == LIKED_ONCE).count();
        assert_eq!(added, CROWD / 2, "every second one likes {target:?}");
        assert_eq!(shown(&store, target).await, 0, "{target:?}");
    }
    assert_no_drift(&store).await;
}

pub async fn likes_of_many_users_at_once_are_counted_one_by_one(store: Store) {
    let (owner, targets) = targets(&store).await;
    let fans = seed::users(&store, CROWD).await;
    for target in targets {
        let likes: Vec<_> = fans.iter().map(|fan| like(fan.id, target, at(2))).collect();
        let states = join_all(likes.iter().map(|like| store.likes.put(like))).await;
        let mut counts: Vec<_> = states.into_iter().map(|state| state.unwrap().unwrap().likes_count).collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=50).collect::<Vec<_>>(), "each answer includes its own like of {target:?}");
        let removals = fans.iter().take(20).flat_map(|fan| [fan.id, fan.id]);
        join_all(removals.map(|fan| store.likes.remove(fan, target))).await;
        assert_eq!(shown(&store, target).await, 30, "{target:?}");
    }
    assert_eq!(stats(&store, owner.id).await.likes, 90);
    assert_no_drift(&store).await;
}
