//! Adding, changing, publishing and deleting videos, each in one transaction with the counts and files that follow.

use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use aviary_domain::user::User;
use aviary_domain::video::{Video, VideoCard, VideoChange, title_sort_key};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::ReturnDocument;

use super::super::Database;
use super::super::access::Access;
use super::super::card::{user_card, user_card_fields, video as stored_video, video_fields};
use super::super::collection::{PURGE_QUEUE, USERS, VIDEOS};
use super::super::document::{Fields, date, integer, object_id};
use super::super::error::TxError;
use super::super::file::{claim, claim_all, make_due};
use super::super::idempotency::note;
use super::super::like::{LikeKind, queued};
use super::super::totals::Total;
use super::words;

/// The video with this id, whoever may see it.
pub(super) async fn find(access: &Access, id: Id<Video>) -> Result<Option<Video>, TxError> {
    let found = access.find_fields(VIDEOS, by_id(id), video_fields()).await?;
    Ok(found.map(|video| stored_video(&video)).transpose()?)
}

pub(super) async fn create(database: &Database, video: &Video, once: Option<Once>) -> Result<VideoCard, StoreError> {
    let video = Video { views: 0, likes_count: 0, comments_count: 0, ..video.clone() };
    let (video, document) = (&video, &document(&video));
    let steps = |tx: Access| async move {
        note(&tx, once.as_ref(), video.id.bytes()).await?;
        claim_all(&tx, &[&video.file, &video.thumbnail], video.created_at).await?;
        tx.insert(VIDEOS, document.clone()).await?;
        let gain = Gain { videos: 1, published: i64::from(video.is_published), ..Gain::default() };
        let owner = credit(&tx, video.owner, gain).await?;
        card(video.clone(), owner)
    };
    database.transact(&[video.owner.bytes()], steps).await
}

/// The document of a new video.
pub(in crate::mongo) fn document(video: &Video) -> Document {
    let mut document = doc! {
        "_id": object_id(video.id),
        "owner": object_id(video.owner),
        "videoFile": video.file.as_str(),
        "thumbnail": video.thumbnail.as_str(),
        "title": video.title.as_str(),
        "titleKey": title_sort_key(&video.title),
        "description": video.description.as_str(),
        "duration": video.duration,
        "width": i64::from(video.width),
        "height": i64::from(video.height),
        "bytes": integer(video.bytes),
        "isPublished": video.is_published,
        "views": integer(video.views),
        "likesCount": integer(video.likes_count),
        "commentsCount": integer(video.comments_count),
        "createdAt": date(video.created_at),
        "updatedAt": date(video.updated_at),
    };
    document.extend(words::fields(&video.title, &video.description));
    document
}

pub(super) async fn update(
    database: &Database,
    id: Id<Video>,
    change: &VideoChange,
    now: Timestamp,
) -> Result<Option<VideoCard>, StoreError> {
    let steps = |tx: Access| async move {
        let Some(mut video) = find(&tx, id).await? else { return Ok(None) };
        if let Some(thumbnail) = &change.thumbnail {
            claim(&tx, thumbnail, now).await?;
            make_due(&tx, &video.thumbnail, now).await?;
        }
        apply(change, &mut video);
        video.updated_at = now;
        tx.update(VIDEOS, by_id(id), doc! { "$set": changed_fields(change, &video) }).await?;
        let owner = tx.find_fields(USERS, doc! { "_id": object_id(video.owner) }, user_card_fields()).await?;
        card(video, owner).map(Some)
    };
    database.transact(&[id.bytes()], steps).await
}

fn apply(change: &VideoChange, video: &mut Video) {
    if let Some(title) = &change.title {
        video.title = title.clone();
    }
    if let Some(description) = &change.description {
        video.description = description.clone();
    }
    if let Some(thumbnail) = &change.thumbnail {
        video.thumbnail = thumbnail.clone();
    }
}

/// The fields that are other than before once the video is as given.
fn changed_fields(change: &VideoChange, video: &Video) -> Document {
    let mut fields = doc! { "thumbnail": video.thumbnail.as_str(), "updatedAt": date(video.updated_at) };
    if change.title.is_some() || change.description.is_some() {
        fields.insert("title", video.title.as_str());
        fields.insert("titleKey", title_sort_key(&video.title));
        fields.insert("description", video.description.as_str());
        fields.extend(words::fields(&video.title, &video.description));
    }
    fields
}

pub(super) async fn toggle_published(
    database: &Database,
    id: Id<Video>,
    now: Timestamp,
) -> Result<Option<VideoCard>, StoreError> {
    let Some(hot) = hot(database, id).await? else { return Ok(None) };
    let steps = |tx: Access| async move {
        let Some(before) = find(&tx, id).await? else { return Ok(None) };
        let video = Video { is_published: !before.is_published, updated_at: now, ..before };
        let change = doc! { "isPublished": video.is_published, "updatedAt": date(now) };
        tx.update(VIDEOS, by_id(id), doc! { "$set": change }).await?;
        let published = if video.is_published { 1 } else { -1 };
        let owner = credit(&tx, video.owner, Gain { published, ..Gain::default() }).await?;
        card(video, owner).map(Some)
    };
    database.transact(&hot, steps).await
}

/// Costs the same however much hangs on the video: without its document nothing of it is shown, and the rest is
/// purged later.
pub(super) async fn delete(database: &Database, id: Id<Video>, now: Timestamp) -> Result<bool, StoreError> {
    let Some(hot) = hot(database, id).await? else { return Ok(false) };
    let steps = |tx: Access| async move {
        let Some(video) = find(&tx, id).await? else { return Ok(false) };
        tx.delete(VIDEOS, by_id(id)).await?;
        tx.insert(PURGE_QUEUE, queued(LikeKind::Video, object_id(id))).await?;
        make_due(&tx, &video.file, now).await?;
        make_due(&tx, &video.thumbnail, now).await?;
        let loss = Gain {
            videos: -1,
            published: -i64::from(video.is_published),
            views: -integer(video.views),
            likes: -integer(video.likes_count),
            comments: -integer(video.comments_count),
        };
        credit(&tx, video.owner, loss).await?;
        Ok(true)
    };
    database.transact(&hot, steps).await
}

/// What many may change at once when a video changes: the video and its owner. `None` when there is no such video.
async fn hot(database: &Database, id: Id<Video>) -> Result<Option<[RawId; 2]>, StoreError> {
    let found = database.run(|db| async move { db.find_fields(VIDEOS, by_id(id), doc! { "owner": 1 }).await }).await?;
    let owner = found.map(|video| video.id::<User>("owner")).transpose()?;
    Ok(owner.map(|owner| [id.bytes(), owner.bytes()]))
}

fn by_id(id: Id<Video>) -> Document {
    doc! { "_id": object_id(id) }
}

/// What an owner's stored counts gain; negative for a loss.
#[derive(Clone, Copy, Default)]
struct Gain {
    videos: i64,
    published: i64,
    views: i64,
    likes: i64,
    comments: i64,
}

/// Changes the counts of an owner, and those of the whole store that follow from them; answers with the owner.
async fn credit(tx: &Access, owner: Id<User>, gain: Gain) -> Result<Option<RawDocumentBuf>, TxError> {
    let change = doc! {
        "videosCount": gain.videos,
        "publishedCount": gain.published,
        "viewsReceived": gain.views,
        "likesReceived": gain.likes,
        "commentsReceived": gain.comments,
    };
    Total::PublishedVideos.change(tx, gain.published).await?;
    let owner = doc! { "_id": object_id(owner) };
    tx.find_and_update(USERS, owner, doc! { "$inc": change }, ReturnDocument::After).await
}

/// The card of a video that was just written.
fn card(video: Video, owner: Option<RawDocumentBuf>) -> Result<VideoCard, TxError> {
    let owner = owner.ok_or_else(|| StoreError::backend("a video without its owner"))?;
    Ok(VideoCard { video, owner: user_card(&owner)? })
}
