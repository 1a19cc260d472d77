//! Adding, changing, publishing and deleting videos, each in one transaction with the counts and files that follow.

use std::collections::HashMap;

use aviary_domain::idempotency::Once;
use aviary_domain::video::{TASK_DELAY, Video, VideoCard, VideoChange, VideoStatus, title_sort_key};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use super::super::Database;
use super::super::access::Access;
use super::super::card::{state, user_card_fields, video as stored_video, video_fields};
use super::super::collection::{PURGE_QUEUE, USERS, VIDEOS};
use super::super::document::{date, integer, object_id};
use super::super::error::TxError;
use super::super::file::{claim, claim_all, make_due};
use super::super::idempotency::note;
use super::super::like::{LikeKind, queued};
use super::super::{list, media_task};
use super::credit::{card, credit, hot, keep_within};
use super::words;
use crate::gain::Gain;

/// The video with this id, whoever may see it.
pub(super) async fn find(access: &Access, id: Id<Video>) -> Result<Option<Video>, TxError> {
    let id = object_id(id);
    let found = access.ask(|asked| &asked.videos, (), vec![id], read).await?;
    Ok(found.get(&id).map(|video| stored_video(video)).transpose()?)
}

async fn read(db: Access, ids: Vec<ObjectId>) -> Result<HashMap<ObjectId, RawDocumentBuf>, TxError> {
    list::by_id(db.find_all(VIDEOS, ids, video_fields()).await?)
}

pub(super) async fn create(
    database: &Database,
    video: &Video,
    quota: Option<u64>,
    once: Option<Once>,
) -> Result<VideoCard, StoreError> {
    let video = Video { views: 0, likes_count: 0, comments_count: 0, ..video.clone() };
    let (video, document) = (&video, &document(&video));
    let steps = |tx: Access| async move {
        note(&tx, once.as_ref(), video.id.bytes()).await?;
        claim_all(&tx, &[&video.file, &video.thumbnail], video.created_at).await?;
        tx.insert(VIDEOS, document.clone()).await?;
        if video.status != VideoStatus::Ready {
            media_task::make(&tx, video.id, video.created_at.after(TASK_DELAY)).await?;
        }
        let gain = Gain::of_new(video);
        let owner = credit(&tx, video.owner, gain).await?;
        keep_within(&tx, owner.as_deref(), gain, quota).await?;
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
        "thumbnailBytes": integer(video.thumbnail_bytes),
        "views": integer(video.views),
        "likesCount": integer(video.likes_count),
        "commentsCount": integer(video.comments_count),
        "createdAt": date(video.created_at),
        "updatedAt": date(video.updated_at),
    };
    document.extend(state(video).0);
    document.extend(words::fields(&video.title, &video.description));
    document
}

pub(super) async fn update(
    database: &Database,
    id: Id<Video>,
    change: &VideoChange,
    now: Timestamp,
) -> Result<Option<VideoCard>, StoreError> {
    let hot = match change.thumbnail {
        None => vec![id.bytes()],
        // Its size counts for the owner.
        Some(_) => hot(database, id).await?.into_iter().flatten().collect(),
    };
    let steps = |tx: Access| async move {
        let Some(mut video) = find(&tx, id).await? else { return Ok(None) };
        let owner = if let Some(still) = &change.thumbnail {
            claim(&tx, &still.key, now).await?;
            make_due(&tx, &video.thumbnail, now).await?;
            if !video.is_public() {
                media_task::make(&tx, id, now).await?;
            }
            let gain = Gain::of_still(&video, still);
            let owner = credit(&tx, video.owner, gain).await?;
            keep_within(&tx, owner.as_deref(), gain, change.quota.filter(|_| gain.bytes > 0)).await?;
            owner
        } else {
            tx.find_fields(USERS, doc! { "_id": object_id(video.owner) }, user_card_fields()).await?
        };
        apply(change, &mut video);
        video.updated_at = now;
        tx.update(VIDEOS, by_id(id), doc! { "$set": changed_fields(change, &video) }).await?;
        card(video, owner).map(Some)
    };
    database.transact(&hot, steps).await
}

fn apply(change: &VideoChange, video: &mut Video) {
    if let Some(title) = &change.title {
        video.title = title.clone();
    }
    if let Some(description) = &change.description {
        video.description = description.clone();
    }
    if let Some(still) = &change.thumbnail {
        video.thumbnail = still.key.clone();
        video.thumbnail_bytes = still.bytes;
    }
}

/// The fields that are other than before once the video is as given.
fn changed_fields(change: &VideoChange, video: &Video) -> Document {
    let mut fields = doc! { "updatedAt": date(video.updated_at) };
    if change.thumbnail.is_some() {
        fields.insert("thumbnail", video.thumbnail.as_str());
        fields.insert("thumbnailBytes", integer(video.thumbnail_bytes));
    }
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
        let video = Video { is_published: !before.is_published, updated_at: now, ..before.clone() };
        let (mut kept, absent) = state(&video);
        kept.insert("updatedAt", date(now));
        tx.update(VIDEOS, by_id(id), doc! { "$set": kept, "$unset": absent }).await?;
        media_task::make(&tx, id, now).await?;
        let owner = credit(&tx, video.owner, Gain::of_visibility(&before, &video)).await?;
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
        media_task::remove(&tx, id).await?;
        make_due(&tx, &video.file, now).await?;
        make_due(&tx, &video.thumbnail, now).await?;
        credit(&tx, video.owner, Gain::of_loss(&video)).await?;
        Ok(true)
    };
    database.transact(&hot, steps).await
}

pub(super) fn by_id(id: Id<Video>) -> Document {
    doc! { "_id": object_id(id) }
}
