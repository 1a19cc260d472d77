//! Rules of a store's own upkeep.

use super::check::{assert_no_drift, first, purge_all, stats, stored};
use crate::Store;
use crate::like::LikeTarget;
use crate::maintenance::{DriftReport, Reconcile};
use crate::session::Session;
use crate::test_support::fixture::{at, far_future, guest, session};
use crate::test_support::seed;
use crate::user::User;
use crate::video::{Video, Viewer};

pub async fn a_store_that_is_open_answers(store: Store) {
    store.maintenance.ping().await.unwrap();
}

/// A video with a few hundred rows hanging on it, and how many these are.
async fn burdened(store: &Store) -> (User, Video, usize) {
    let owner = seed::user(store).await;
    let fans = seed::users(store, 12).await;
    let video = seed::video(store, owner.id).await;
    let mut rows = 0;
    for fan in &fans {
        seed::like(store, fan.id, LikeTarget::Video(video.id)).await;
        seed::watch(store, video.id, Viewer::User(fan.id), at(1)).await;
        seed::playlist(store, fan.id, std::slice::from_ref(&video)).await;
        let comment = seed::comment(store, video.id, fan.id).await;
        rows += 4;
        for liker in &fans {
            seed::like(store, liker.id, LikeTarget::Comment(comment.id)).await;
            rows += 1;
        }
    }
    (owner, video, rows)
}

pub async fn a_purge_goes_in_steps_that_each_keep_every_count_exact(store: Store) {
    let (owner, video, rows) = burdened(&store).await;
    store.videos.delete(video.id, at(2)).await.unwrap();
    let (mut removed, mut steps) = (0, 0);
    loop {
        let step = store.maintenance.purge(10).await.unwrap();
        assert_no_drift(&store).await;
        assert!(step <= 100, "{step} rows are not about 10");
        if step == 0 {
            break;
        }
        removed += step;
        steps += 1;
        assert!(steps < 1000, "the purge does not come to an end");
    }
    assert!(removed >= rows, "all {rows} rows are removed, not {removed}");
    assert!(steps > 3, "{rows} rows take more than {steps} steps of about 10");
    assert_eq!(stats(&store, owner.id).await.videos, 0);
}

pub async fn nothing_is_purged_where_nothing_was_deleted(store: Store) {
    let (_, video, _) = burdened(&store).await;
    let before = stored(&store, video.id).await;
    assert_eq!(store.maintenance.purge(10).await.unwrap(), 0);
    assert_eq!(stored(&store, video.id).await, before);
    assert_eq!(store.comments.list(video.id, None, &first()).await.unwrap().unwrap().items.len(), 12);
}

pub async fn a_finished_purge_has_nothing_left(store: Store) {
    let (_, video, _) = burdened(&store).await;
    store.videos.delete(video.id, at(2)).await.unwrap();
    purge_all(&store, 1000).await;
    assert_eq!(store.maintenance.purge(1000).await.unwrap(), 0);
}

pub async fn purges_at_once_do_not_disturb_each_other(store: Store) {
    let (owner, video, _) = burdened(&store).await;
    let kept = seed::video(&store, owner.id).await;
    store.videos.delete(video.id, at(2)).await.unwrap();
    for _ in 0..5 {
        let purges = futures_util::future::join_all((0..10).map(|_| store.maintenance.purge(7))).await;
        assert!(purges.iter().all(Result::is_ok));
        assert_no_drift(&store).await;
    }
    purge_all(&store, 7).await;
    assert_no_drift(&store).await;
    assert_eq!(stored(&store, kept.id).await, kept);
}

async fn expire_all(store: &Store, now: crate::Timestamp, views_before: crate::Timestamp) -> usize {
    let mut removed = 0;
    for _ in 0..1000 {
        let step = store.maintenance.expire(now, views_before, 2).await.unwrap();
        if step == 0 {
            return removed;
        }
        removed += step;
    }
    panic!("expiring does not come to an end");
}

pub async fn sessions_that_ended_are_removed_and_no_other(store: Store) {
    let user = seed::user(&store).await;
    let mut sessions = Vec::new();
    for end in [10, 20, 30, 40, 50] {
        let session = Session { expires_at: at(end), ..session(user.id) };
        sessions.push(seed::open(&store, session).await);
    }
    assert_eq!(expire_all(&store, at(35), at(0)).await, 3);
    for (session, kept) in sessions.iter().zip([false, false, false, true, true]) {
        let active = store.sessions.is_active(session.id, user.id, at(1)).await.unwrap();
        assert_eq!(active, kept, "the session that ends at {}", session.expires_at);
    }
    assert_eq!(expire_all(&store, at(35), at(0)).await, 0);
}

pub async fn remembered_views_from_before_are_forgotten_and_stay_counted(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    for (number, seconds) in [(1, 10), (2, 20), (3, 30)] {
        seed::watch(&store, video.id, guest(number), at(seconds)).await;
    }
    assert_eq!(expire_all(&store, at(40), at(25)).await, 2);
    assert_eq!(stored(&store, video.id).await.views, 3, "the views stay counted");
    assert_no_drift(&store).await;
    for (number, views) in [(3, 3), (2, 4), (1, 5)] {
        let detail = seed::watch(&store, video.id, guest(number), at(40)).await;
        assert_eq!(detail.card.video.views, views, "guest {number} comes again");
    }
}

pub async fn a_recount_of_a_sound_store_finds_and_changes_nothing(store: Store) {
    let (owner, video, _) = burdened(&store).await;
    seed::tweet(&store, owner.id).await;
    let unready = seed::processing_video(&store, owner.id).await;
    let numbers = async || (stats(&store, owner.id).await, store.users.stored_bytes(owner.id).await.unwrap());
    let before = (stored(&store, video.id).await, numbers().await);
    for mode in [Reconcile::Report, Reconcile::Repair, Reconcile::Report] {
        assert_eq!(store.maintenance.reconcile(mode).await.unwrap(), DriftReport::default(), "{mode:?}");
    }
    assert_eq!((stored(&store, video.id).await, numbers().await), before);
    assert_eq!(stored(&store, unready.id).await, unready);
}

pub async fn an_empty_store_needs_no_upkeep(store: Store) {
    assert_eq!(store.maintenance.purge(10).await.unwrap(), 0);
    assert_eq!(store.maintenance.expire(far_future(), far_future(), 10).await.unwrap(), 0);
    assert_eq!(store.maintenance.reconcile(Reconcile::Repair).await.unwrap(), DriftReport::default());
    assert_eq!(store.files.due(far_future(), 10).await.unwrap(), []);
}
