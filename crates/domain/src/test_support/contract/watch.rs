//! Rules of opening a video's page: views and their window, the front of the history, what the page tells.

use std::time::Duration;

use futures_util::future::join_all;

use super::check::{CROWD, assert_no_drift, first, stats, stored};
use crate::like::LikeTarget;
use crate::test_support::fixture::{WINDOW, at, guest, next_id, visit};
use crate::test_support::seed;
use crate::user::User;
use crate::video::{HISTORY_PRECISION, Video, VideoCard, VideoDetail, Viewer};
use crate::{Id, Store, Timestamp};

const MILLISECOND: Duration = Duration::from_millis(1);

async fn published(store: &Store) -> (User, Video) {
    let owner = seed::user(store).await;
    let video = seed::video(store, owner.id).await;
    (owner, video)
}

/// The views that the answer to a visit shows.
async fn views(store: &Store, video: Id<Video>, viewer: Viewer, now: Timestamp) -> u64 {
    seed::watch(store, video, viewer, now).await.card.video.views
}

async fn history(store: &Store, user: &User) -> Vec<(Id<Video>, Timestamp)> {
    let page = store.history.list(user.id, &first()).await.unwrap();
    page.items.into_iter().map(|entry| (entry.video.video.id, entry.watched_at)).collect()
}

pub async fn the_first_visit_of_each_viewer_is_a_view_and_the_answer_includes_it(store: Store) {
    let (owner, video) = published(&store).await;
    let (one, other) = (seed::user(&store).await, seed::user(&store).await);
    let viewers = [Viewer::User(one.id), Viewer::User(other.id), guest(1), guest(2)];
    for (viewer, expected) in viewers.into_iter().zip(1..) {
        assert_eq!(views(&store, video.id, viewer, at(0)).await, expected, "{viewer:?}");
        assert_eq!(stored(&store, video.id).await.views, expected);
    }
    assert_eq!(stats(&store, owner.id).await.views, 4);
    assert_no_drift(&store).await;
}

pub async fn a_viewer_counts_again_when_the_window_is_over_and_not_before(store: Store) {
    let (_, video) = published(&store).await;
    let user = seed::user(&store).await;
    for viewer in [Viewer::User(user.id), guest(1)] {
        let before = stored(&store, video.id).await.views;
        for (now, expected) in [
            (at(0), 1),
            (at(0), 1),
            (at(0).after(WINDOW / 2), 1),
            (at(0).after(WINDOW).before(MILLISECOND), 1),
            (at(0).after(WINDOW), 2),
            (at(0).after(WINDOW + WINDOW).before(MILLISECOND), 2),
            (at(0).after(WINDOW + WINDOW), 3),
        ] {
            assert_eq!(views(&store, video.id, viewer, now).await, before + expected, "{viewer:?} at {now}");
        }
    }
    assert_no_drift(&store).await;
}

pub async fn views_of_one_viewer_are_counted_for_each_video(store: Store) {
    let (owner, video) = published(&store).await;
    let other = seed::video(&store, owner.id).await;
    assert_eq!(views(&store, video.id, guest(1), at(0)).await, 1);
    assert_eq!(views(&store, other.id, guest(1), at(0)).await, 1);
}

pub async fn the_owners_own_visits_are_no_views_but_enter_the_history(store: Store) {
    let (owner, video) = published(&store).await;
    assert_eq!(views(&store, video.id, Viewer::User(owner.id), at(0)).await, 0);
    assert_eq!(views(&store, video.id, Viewer::User(owner.id), at(9999)).await, 0);
    assert_eq!(history(&store, &owner).await, [(video.id, at(9999))]);
    assert_no_drift(&store).await;
}

pub async fn an_unpublished_video_is_opened_by_its_owner_alone(store: Store) {
    let owner = seed::user(&store).await;
    let stranger = seed::user(&store).await;
    let video = seed::hidden_video(&store, owner.id).await;
    for viewer in [Viewer::User(stranger.id), guest(1)] {
        assert_eq!(store.videos.watch(&visit(video.id, viewer, at(0))).await.unwrap(), None, "{viewer:?}");
    }
    assert_eq!(seed::watch(&store, video.id, Viewer::User(owner.id), at(0)).await.card.video, video);
    assert_eq!(history(&store, &stranger).await, []);
    assert_eq!(stored(&store, video.id).await.views, 0);
}

pub async fn an_unknown_video_cannot_be_opened(store: Store) {
    let user = seed::user(&store).await;
    assert_eq!(store.videos.watch(&visit(next_id(), Viewer::User(user.id), at(0))).await.unwrap(), None);
    assert_eq!(store.videos.watch(&visit(next_id(), guest(1), at(0))).await.unwrap(), None);
    assert_eq!(history(&store, &user).await, []);
}

pub async fn the_page_tells_what_stands_between_viewer_and_video(store: Store) {
    let (owner, video) = published(&store).await;
    let (fan, passer) = (seed::user(&store).await, seed::user(&store).await);
    seed::subscribe(&store, fan.id, owner.id).await;
    seed::like(&store, fan.id, LikeTarget::Video(video.id)).await;
    let fan = Viewer::User(fan.id);
    for (viewer, views, close) in
        [(fan, 1, true), (Viewer::User(passer.id), 2, false), (guest(1), 3, false), (fan, 3, true)]
    {
        let detail = seed::watch(&store, video.id, viewer, at(0)).await;
        let VideoDetail { card: VideoCard { video: seen, owner: face }, .. } = detail.clone();
        assert_eq!(seen, Video { views, likes_count: 1, ..video.clone() });
        assert_eq!((face.id, face.avatar), (owner.id, owner.avatar.clone()));
        assert_eq!(detail.subscribers_count, 1);
        assert_eq!((detail.is_subscribed, detail.is_liked), (close, close), "{viewer:?}");
    }
}

pub async fn a_watched_video_moves_to_the_front_of_the_history(store: Store) {
    let (owner, one) = published(&store).await;
    let other = seed::video(&store, owner.id).await;
    let user = seed::user(&store).await;
    let viewer = Viewer::User(user.id);
    seed::watch(&store, one.id, viewer, at(0)).await;
    seed::watch(&store, other.id, viewer, at(1)).await;
    assert_eq!(history(&store, &user).await, [(other.id, at(1)), (one.id, at(0))]);
    seed::watch(&store, one.id, viewer, at(2)).await;
    assert_eq!(history(&store, &user).await, [(one.id, at(2)), (other.id, at(1))], "though no view was counted");
}

pub async fn a_watched_video_moves_to_the_front_even_when_the_clock_did_not_move_on(store: Store) {
    let (owner, one) = published(&store).await;
    let other = seed::video(&store, owner.id).await;
    let user = seed::user(&store).await;
    for (video, now) in [(&one, at(10)), (&other, at(10)), (&one, at(10)), (&other, at(5)), (&one, at(4))] {
        seed::watch(&store, video.id, Viewer::User(user.id), now).await;
        let front = history(&store, &user).await.first().map(|(id, _)| *id);
        assert_eq!(front, Some(video.id), "watched at {now}");
    }
}

pub async fn a_fresh_entry_at_the_front_of_the_history_is_left_as_it_is(store: Store) {
    let (_, video) = published(&store).await;
    let user = seed::user(&store).await;
    let viewer = Viewer::User(user.id);
    let over = at(0).after(HISTORY_PRECISION);
    for (now, expected) in [(at(0), at(0)), (over.before(MILLISECOND), at(0)), (over, over)] {
        seed::watch(&store, video.id, viewer, now).await;
        assert_eq!(history(&store, &user).await, [(video.id, expected)], "watched at {now}");
    }
}

pub async fn an_entry_that_was_removed_comes_back_with_the_next_visit(store: Store) {
    let (_, video) = published(&store).await;
    let user = seed::user(&store).await;
    seed::watch(&store, video.id, Viewer::User(user.id), at(0)).await;
    store.history.remove(user.id, video.id).await.unwrap();
    seed::watch(&store, video.id, Viewer::User(user.id), at(1)).await;
    assert_eq!(history(&store, &user).await, [(video.id, at(1))]);
}

pub async fn histories_of_users_are_apart(store: Store) {
    let (_, video) = published(&store).await;
    let (one, other) = (seed::user(&store).await, seed::user(&store).await);
    seed::watch(&store, video.id, Viewer::User(one.id), at(0)).await;
    seed::watch(&store, video.id, guest(1), at(0)).await;
    assert_eq!(history(&store, &one).await.len(), 1);
    assert_eq!(history(&store, &other).await, []);
}

pub async fn many_visits_of_one_viewer_at_once_are_one_view(store: Store) {
    let (_, video) = published(&store).await;
    let user = seed::user(&store).await;
    for (viewer, expected) in [(Viewer::User(user.id), 1), (guest(1), 2)] {
        let visit = visit(video.id, viewer, at(0));
        let visits = join_all((0..CROWD).map(|_| store.videos.watch(&visit))).await;
        let shown = visits.into_iter().all(|seen| seen.unwrap().unwrap().card.video.views == expected);
        assert!(shown, "each answer includes the one view");
        assert_eq!(stored(&store, video.id).await.views, expected);
    }
    assert_eq!(history(&store, &user).await.len(), 1);
    assert_no_drift(&store).await;
}

pub async fn many_viewers_at_once_are_a_view_each(store: Store) {
    let (owner, video) = published(&store).await;
    let visits: Vec<_> = (1..=50).map(|number| visit(video.id, guest(number), at(0))).collect();
    let answers = join_all(visits.iter().map(|visit| store.videos.watch(visit))).await;
    let mut shown: Vec<_> = answers.into_iter().map(|seen| seen.unwrap().unwrap().card.video.views).collect();
    shown.sort_unstable();
    assert_eq!(shown, (1..=50).collect::<Vec<_>>(), "each answer includes its own view");
    assert_eq!(stats(&store, owner.id).await.views, 50);
    assert_no_drift(&store).await;
}
