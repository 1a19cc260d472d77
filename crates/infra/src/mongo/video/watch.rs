//! Visits: what a viewer sees, whether the visit counts as a view, and what becomes of the watch history.

use aviary_domain::id::RawId;
use aviary_domain::user::User;
use aviary_domain::video::{HISTORY_PRECISION, Video, VideoCard, VideoDetail, Viewer, Visit};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::{Document, doc};
use tokio::try_join;

use super::super::Database;
use super::super::access::Access;
use super::super::collection::{HISTORY, USERS, VIDEOS, VIEWS};
use super::super::document::{Fields, binary, date, integer, object_id};
use super::super::error::TxError;
use super::super::like::{LikeKind, is_liked};
use super::super::user::is_subscribed;
use super::super::{history, people};
use super::change::find;

/// Most visits change nothing: they are answered from reads. A view is counted in one transaction with all that follows
/// from it; a step in the history alone is one write.
pub(super) async fn watch(database: &Database, visit: &Visit) -> Result<Option<VideoDetail>, StoreError> {
    let Some(seen) = database.run(|db| async move { look(&db, visit).await }).await? else { return Ok(None) };
    if seen.is_view_due {
        return database.transact(&hot(visit, &seen), |tx| async move { enter(&tx, visit).await }).await;
    }
    if let Some(entry) = seen.entry {
        database.run(|db| async move { remember(&db, entry).await }).await?;
    }
    Ok(Some(seen.detail))
}

/// What many may change at once by such a visit: the video, its owner's counts, the viewer's history.
fn hot(visit: &Visit, seen: &Seen) -> Vec<RawId> {
    let viewer = visit.viewer.user().map(|user| user.bytes());
    [visit.video.bytes(), seen.detail.card.owner.id.bytes()].into_iter().chain(viewer).collect()
}

/// Counts the view and moves the history entry, each if it is still due, and answers with the page.
async fn enter(tx: &Access, visit: &Visit) -> Result<Option<VideoDetail>, TxError> {
    let Some(mut seen) = look(tx, visit).await? else { return Ok(None) };
    if seen.is_view_due {
        count_view(tx, visit, seen.detail.card.owner.id).await?;
        seen.detail.card.video.views += 1;
    }
    if let Some(entry) = seen.entry {
        entry.write(tx).await?;
    }
    Ok(Some(seen.detail))
}

/// Moves the history entry. Outside a transaction nothing keeps the video from being deleted and purged meanwhile,
/// so whoever comes later looks after the entry: this step if the video is gone, else the purge.
async fn remember(access: &Access, entry: Entry) -> Result<(), TxError> {
    entry.write(access).await?;
    if !access.exists(VIDEOS, doc! { "_id": object_id(entry.video) }).await? {
        access.delete(HISTORY, entry.key()).await?;
    }
    Ok(())
}

/// What one look at the page finds.
struct Seen {
    detail: VideoDetail,
    is_view_due: bool,
    entry: Option<Entry>,
}

/// Looks at the page as the viewer sees it, at the viewer's last counted view and at the front of the viewer's history.
async fn look(db: &Access, visit: &Visit) -> Result<Option<Seen>, TxError> {
    let viewer = visit.viewer.user();
    // Before the video: whose view is counted sees it among the views.
    let is_counted = Box::pin(is_counted(db, visit)).await?;
    // By the id alone, which needs no plan.
    let video = find(db, visit.video).await?.filter(|video| video.is_visible_to(viewer));
    let Some(video) = video else { return Ok(None) };
    let is_view_due = !is_counted && viewer != Some(video.owner);
    let (owner, is_subscribed, is_liked, time) = try_join!(
        Box::pin(people::find(db, video.owner)),
        Box::pin(is_subscriber(db, viewer, video.owner)),
        Box::pin(is_fan(db, viewer, &video)),
        Box::pin(history_time(db, visit)),
    )?;
    let Some(owner) = owner else { return Ok(None) };
    let card = VideoCard { video, owner: owner.card.clone() };
    let detail = VideoDetail { card, subscribers_count: owner.subscribers, is_subscribed, is_liked };
    let entry = viewer.zip(time).map(|(user, watched_at)| Entry { user, video: visit.video, watched_at });
    Ok(Some(Seen { detail, is_view_due, entry }))
}

async fn is_subscriber(db: &Access, viewer: Option<Id<User>>, owner: Id<User>) -> Result<bool, TxError> {
    match viewer {
        None => Ok(false),
        Some(viewer) => is_subscribed(db, viewer, owner).await,
    }
}

/// Nobody likes what has no likes.
async fn is_fan(db: &Access, viewer: Option<Id<User>>, video: &Video) -> Result<bool, TxError> {
    is_liked(db, LikeKind::Video, object_id(video.id), viewer.filter(|_| video.likes_count > 0)).await
}

/// Whether the visitor was counted within the window.
///
/// That a view was counted is remembered, because it stays true; but who counts one asks within the transaction.
async fn is_counted(db: &Access, visit: &Visit) -> Result<bool, TxError> {
    let known = &db.known().views;
    let is_fresh = |counted: Timestamp| {
        let window = integer(visit.window.as_millis());
        visit.now.millis().saturating_sub(counted.millis()) < window
    };
    if !db.is_within() && known.get(&counted_key(visit)).is_some_and(is_fresh) {
        return Ok(true);
    }
    let asked = known.before();
    let found = db.find_fields(VIEWS, view(visit), doc! { "countedAt": 1 }).await?;
    let counted = found.map(|view| view.time("countedAt")).transpose()?.filter(|counted| is_fresh(*counted));
    if let Some(counted) = counted {
        known.keep(asked, &counted_key(visit), counted);
    }
    Ok(counted.is_some())
}

/// What is counted once a window.
fn view(visit: &Visit) -> Document {
    doc! { "video": object_id(visit.video), "viewer": binary(&viewer_key(visit.viewer)) }
}

/// By what a counted view is remembered.
fn counted_key(visit: &Visit) -> (RawId, Vec<u8>) {
    (visit.video.bytes(), viewer_key(visit.viewer))
}

async fn count_view(tx: &Access, visit: &Visit, owner: Id<User>) -> Result<(), TxError> {
    tx.upsert(VIEWS, view(visit), doc! { "$set": { "countedAt": date(visit.now) } }).await?;
    tx.update(VIDEOS, doc! { "_id": object_id(visit.video) }, doc! { "$inc": { "views": 1_i64 } }).await?;
    tx.update(USERS, doc! { "_id": object_id(owner) }, doc! { "$inc": { "viewsReceived": 1_i64 } }).await?;
    Ok(())
}

/// The time to enter into the viewer's history, or `None` when nothing is to be entered because the video stands in
/// front and was entered a moment ago.
async fn history_time(db: &Access, visit: &Visit) -> Result<Option<Timestamp>, TxError> {
    let Some(user) = visit.viewer.user() else { return Ok(None) };
    let now = visit.now;
    let Some((time, video)) = history::front(db, user).await? else { return Ok(Some(now)) };
    if video == visit.video {
        let age = now.millis().saturating_sub(time.millis());
        return Ok((age >= integer(HISTORY_PRECISION.as_millis())).then_some(now));
    }
    // In front even if the clock went back, or the two were opened in the same millisecond.
    Ok(Some(now.max(Timestamp::from_millis(time.millis().saturating_add(1)))))
}

/// A video in somebody's history.
#[derive(Clone, Copy)]
struct Entry {
    user: Id<User>,
    video: Id<Video>,
    watched_at: Timestamp,
}

impl Entry {
    fn key(self) -> Document {
        doc! { "user": object_id(self.user), "video": object_id(self.video) }
    }

    /// An entry moves to the front only: of visits at once the latest counts.
    async fn write(self, access: &Access) -> Result<(), TxError> {
        let change = doc! { "$max": { "watchedAt": date(self.watched_at) } };
        access.upsert(HISTORY, self.key(), change).await.map(drop)
    }
}

/// Users and guests share a field: their keys differ in length.
fn viewer_key(viewer: Viewer) -> Vec<u8> {
    match viewer {
        Viewer::User(id) => id.bytes().to_vec(),
        Viewer::Guest(key) => key.0.to_vec(),
    }
}
