//! Visits: what a viewer sees, whether the visit counts as a view, and what becomes of the watch history.

use aviary_domain::id::RawId;
use aviary_domain::user::User;
use aviary_domain::video::{HISTORY_PRECISION, Video, VideoDetail, Viewer, Visit};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::{Binary, Document, RawDocument, doc};

use super::super::Database;
use super::super::access::Access;
use super::super::card::{OWNER_CARD, user_card_fields, video_card, video_fields, visible_to};
use super::super::collection::{HISTORY, LIKES, SUBSCRIPTIONS, USERS, VIDEOS, VIEWS};
use super::super::document::{Fields, binary, date, integer, object_id};
use super::super::error::TxError;
use super::super::like::LikeKind;
use super::super::snapshot;

/// Most visits change nothing: they are answered from one read. A view is counted in one transaction with all that
/// follows from it; a step in the history alone is one write.
pub(super) async fn watch(database: &Database, visit: &Visit) -> Result<Option<VideoDetail>, StoreError> {
    let pipeline = page_pipeline(visit);
    let found = database.run(|db| async move { snapshot::look(&db, VIDEOS, pipeline).await }).await?;
    let Some(seen) = found.first().map(|page| Seen::read(page, visit)).transpose()? else { return Ok(None) };
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
    let found = tx.aggregate(VIDEOS, page_pipeline(visit)).await?;
    let Some(mut seen) = found.first().map(|page| Seen::read(page, visit)).transpose()? else { return Ok(None) };
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

impl Seen {
    fn read(page: &RawDocument, visit: &Visit) -> Result<Self, StoreError> {
        let viewer = visit.viewer.user();
        let personal = |field| if viewer.is_some() { page.found(field) } else { Ok(false) };
        let detail = VideoDetail {
            card: video_card(page)?,
            subscribers_count: page.document(OWNER_CARD)?.count("subscribersCount")?,
            is_subscribed: personal(SUBSCRIBED)?,
            is_liked: personal(LIKED)?,
        };
        let is_view_due = is_view_due(page, visit, &detail.card.video)?;
        let time = if viewer.is_some() { history_time(page, visit)? } else { None };
        let entry = viewer.zip(time).map(|(user, watched_at)| Entry { user, video: visit.video, watched_at });
        Ok(Self { detail, is_view_due, entry })
    }
}

/// The fields in which the pipeline puts what it looks up besides the owner.
const SUBSCRIBED: &str = "subscribed";
const LIKED: &str = "liked";
const COUNTED: &str = "counted";
const NEWEST: &str = "newest";

/// The page as the viewer sees it, the viewer's last counted view and the front of the viewer's history.
fn page_pipeline(visit: &Visit) -> Vec<Document> {
    let viewer = visit.viewer.user();
    let mut visible = visible_to(viewer);
    visible.insert("_id", object_id(visit.video));
    let mut owner_fields = user_card_fields();
    owner_fields.insert("subscribersCount", 1);
    let view = doc! { "video": object_id(visit.video), "viewer": viewer_key(visit.viewer) };
    let mut stages = vec![
        doc! { "$match": visible },
        doc! { "$project": video_fields() },
        doc! { "$lookup": {
            "from": USERS, "localField": "owner", "foreignField": "_id", "as": OWNER_CARD,
            "pipeline": [{ "$project": owner_fields }],
        } },
        doc! { "$unwind": format!("${OWNER_CARD}") },
        doc! { "$lookup": { "from": VIEWS, "as": COUNTED, "pipeline": [{ "$match": view }] } },
    ];
    stages.extend(viewer.into_iter().flat_map(|viewer| personal_stages(visit.video, viewer)));
    stages
}

fn personal_stages(video: Id<Video>, viewer: Id<User>) -> [Document; 3] {
    let mut like = LikeKind::Video.likes_of(object_id(video));
    like.insert("likedBy", object_id(viewer));
    [
        doc! { "$lookup": {
            "from": SUBSCRIPTIONS, "localField": "owner", "foreignField": "channel", "as": SUBSCRIBED,
            "pipeline": [{ "$match": { "subscriber": object_id(viewer) } }, { "$project": { "_id": 1 } }],
        } },
        doc! { "$lookup": {
            "from": LIKES, "as": LIKED, "pipeline": [{ "$match": like }, { "$project": { "_id": 1 } }],
        } },
        doc! { "$lookup": {
            "from": HISTORY, "as": NEWEST,
            "pipeline": [
                { "$match": { "user": object_id(viewer) } },
                { "$sort": { "watchedAt": -1, "video": -1 } },
                { "$limit": 1 },
            ],
        } },
    ]
}

/// Whether the visitor is not the owner and was not counted within the window.
fn is_view_due(page: &RawDocument, visit: &Visit, video: &Video) -> Result<bool, StoreError> {
    if visit.viewer.user() == Some(video.owner) {
        return Ok(false);
    }
    let counted = page.documents(COUNTED)?.first().map(|view| view.time("countedAt")).transpose()?;
    let window = integer(visit.window.as_millis());
    Ok(counted.is_none_or(|counted| visit.now.millis().saturating_sub(counted.millis()) >= window))
}

async fn count_view(tx: &Access, visit: &Visit, owner: Id<User>) -> Result<(), TxError> {
    let view = doc! { "video": object_id(visit.video), "viewer": viewer_key(visit.viewer) };
    tx.upsert(VIEWS, view, doc! { "$set": { "countedAt": date(visit.now) } }).await?;
    tx.update(VIDEOS, doc! { "_id": object_id(visit.video) }, doc! { "$inc": { "views": 1_i64 } }).await?;
    tx.update(USERS, doc! { "_id": object_id(owner) }, doc! { "$inc": { "viewsReceived": 1_i64 } }).await?;
    Ok(())
}

/// The time to enter into the viewer's history, or `None` when nothing is to be entered because the video stands in
/// front and was entered a moment ago.
fn history_time(page: &RawDocument, visit: &Visit) -> Result<Option<Timestamp>, StoreError> {
    let now = visit.now;
    let newest = page.documents(NEWEST)?;
    let Some(newest) = newest.first() else { return Ok(Some(now)) };
    let time = newest.time("watchedAt")?;
    if newest.id("video")? == visit.video {
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
fn viewer_key(viewer: Viewer) -> Binary {
    match viewer {
        Viewer::User(id) => binary(&id.bytes()),
        Viewer::Guest(key) => binary(&key.0),
    }
}
