//! Removes in bounded steps what deleted videos, comments and tweets left. Every step is one transaction that takes
//! documents and what they counted together, so that all counts are exact after each, and starts again from what is
//! still there.

use std::collections::BTreeMap;

use aviary_domain::StoreError;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;

use super::{STEP, remove_some, some};
use crate::mongo::Database;
use crate::mongo::access::Access;
use crate::mongo::collection::{COMMENTS, HISTORY, LIKES, PLAYLIST_VIDEOS, PLAYLISTS, PURGE_QUEUE, VIEWS};
use crate::mongo::document::{Fields, object_id};
use crate::mongo::error::TxError;
use crate::mongo::like::{self, LikeKind};

/// Removes about `limit` documents and answers how many; 0 only when nothing is queued.
pub(super) async fn purge(database: &Database, limit: usize) -> Result<usize, StoreError> {
    let limit = limit.max(1);
    let mut removed = 0;
    while removed < limit {
        let Some((kind, target)) = database.run(|db| async move { next(&db).await }).await? else { break };
        let wanted = STEP.min(limit - removed);
        // Those who purge at once in this process take turns at a target.
        let hot = [target.bytes()];
        removed += database.transact(&hot, |tx| async move { step(&tx, kind, target, wanted).await }).await?;
    }
    Ok(removed)
}

/// What stands first in the queue.
async fn next(db: &Access) -> Result<Option<(LikeKind, ObjectId)>, TxError> {
    let options = FindOptions::builder().sort(doc! { "_id": 1 }).limit(1).build();
    let found = db.find(PURGE_QUEUE, doc! {}, options).await?;
    let Some(first) = found.first() else { return Ok(None) };
    let place = first.document("_id")?;
    let kind = LikeKind::of_field(&place.text("kind")?).ok_or_else(|| place.malformed("kind"))?;
    Ok(Some((kind, object_id(place.id::<()>("target")?))))
}

/// Removes at most `limit` documents that the target left, and once none remain its place in the queue.
async fn step(tx: &Access, kind: LikeKind, target: ObjectId, limit: usize) -> Result<usize, TxError> {
    if !tx.exists(PURGE_QUEUE, like::queued(kind, target)).await? {
        // Another purge came to its end since the queue was read.
        return Ok(0);
    }
    let mut removed = remove_some(tx, LIKES, &kind.likes_of(target), limit).await?;
    if kind == LikeKind::Video {
        removed += remove_comments(tx, target, limit - removed).await?;
        removed += remove_entries(tx, target, limit - removed).await?;
        for name in [HISTORY, VIEWS] {
            removed += remove_some(tx, name, &doc! { "video": target }, limit - removed).await?;
        }
    }
    if removed < limit {
        tx.delete(PURGE_QUEUE, like::queued(kind, target)).await?;
        removed += 1;
    }
    Ok(removed)
}

/// Each comment goes together with what its likes counted for its author; the likes themselves are queued.
async fn remove_comments(tx: &Access, video: ObjectId, limit: usize) -> Result<usize, TxError> {
    let fields = doc! { "owner": 1, "likesCount": 1 };
    let comments = some(tx, COMMENTS, &doc! { "video": video }, fields, limit).await?;
    if comments.is_empty() {
        return Ok(0);
    }
    let mut ids = Vec::with_capacity(comments.len());
    let mut received: BTreeMap<ObjectId, i64> = BTreeMap::new();
    for comment in &comments {
        ids.push(object_id(comment.id::<()>("_id")?));
        *received.entry(object_id(comment.id::<()>("owner")?)).or_default() += comment.whole("likesCount")?;
    }
    for (owner, likes) in received {
        like::change_received(tx, owner, -likes).await?;
    }
    tx.insert_all(PURGE_QUEUE, liked(tx, &ids).await?).await?;
    tx.delete_all(COMMENTS, doc! { "_id": { "$in": ids } }).await?;
    Ok(comments.len())
}

/// The places in the queue for those of these comments that have likes.
async fn liked(tx: &Access, comments: &[ObjectId]) -> Result<Vec<Document>, TxError> {
    let pipeline = vec![
        doc! { "$match": LikeKind::Comment.likes_of_any(comments) },
        doc! { "$group": { "_id": format!("${}", LikeKind::Comment.field()) } },
    ];
    let found = tx.aggregate(LIKES, pipeline).await?;
    let queued = found.iter().map(|row| Ok(like::queued(LikeKind::Comment, object_id(row.id::<()>("_id")?))));
    queued.collect()
}

/// A playlist holds a video at most once, so each one picked loses exactly one entry.
async fn remove_entries(tx: &Access, video: ObjectId, limit: usize) -> Result<usize, TxError> {
    let fields = doc! { "playlist": 1 };
    let entries = some(tx, PLAYLIST_VIDEOS, &doc! { "video": video }, fields, limit).await?;
    if entries.is_empty() {
        return Ok(0);
    }
    let ids = |field| {
        let ids = entries.iter().map(|entry| entry.id::<()>(field).map(object_id));
        ids.collect::<Result<Vec<_>, _>>()
    };
    let shorter = doc! { "$inc": { "entries": -1_i64 } };
    tx.update_all(PLAYLISTS, doc! { "_id": { "$in": ids("playlist")? } }, shorter).await?;
    tx.delete_all(PLAYLIST_VIDEOS, doc! { "_id": { "$in": ids("_id")? } }).await?;
    Ok(entries.len())
}
