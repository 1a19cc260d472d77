//! Videos whose files need attention, in MongoDB: one document a video. The steps that make such a need write it, through
//! `make`.

use async_trait::async_trait;
use aviary_domain::video::{MediaTask, MediaTasks, Video};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::{Document, RawDocument, doc};
use mongodb::options::FindOptions;

use super::Database;
use super::access::Access;
use super::collection::MEDIA_TASKS;
use super::document::{Fields, date, integer, object_id};
use super::error::TxError;
use crate::system::random_bytes;

/// The tasks in MongoDB.
pub struct MongoMediaTasks {
    database: Database,
}

impl MongoMediaTasks {
    /// The tasks of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl MediaTasks for MongoMediaTasks {
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<MediaTask>, StoreError> {
        // No limit is what a limit of 0 means to MongoDB.
        if limit == 0 {
            return Ok(Vec::new());
        }
        let options = FindOptions::builder().sort(doc! { "dueAt": 1, "_id": 1 }).limit(integer(limit)).build();
        let filter = doc! { "dueAt": { "$lte": date(now) } };
        let found = self.database.run(|db| async move { db.find(MEDIA_TASKS, filter, options).await }).await?;
        found.iter().map(|task| read(task)).collect()
    }

    async fn postpone(&self, task: &MediaTask, until: Timestamp) -> Result<(), StoreError> {
        let filter = this(task);
        let change = doc! { "$set": { "dueAt": date(until) }, "$inc": { "attempts": 1_i64 } };
        self.database.run(|db| async move { db.update(MEDIA_TASKS, filter, change).await.map(drop) }).await
    }

    async fn done(&self, task: &MediaTask) -> Result<(), StoreError> {
        let filter = this(task);
        self.database.run(|db| async move { db.delete(MEDIA_TASKS, filter).await.map(drop) }).await
    }
}

/// The task as it was read, and none that was renewed since.
fn this(task: &MediaTask) -> Document {
    doc! { "_id": object_id(task.video), "stamp": integer(task.stamp) }
}

fn read(document: &RawDocument) -> Result<MediaTask, StoreError> {
    let attempts = u32::try_from(document.count("attempts")?).unwrap_or(u32::MAX);
    let is_renewed = document.count("timesMade")? > 1;
    Ok(MediaTask { video: document.id("_id")?, attempts, is_renewed, stamp: document.count("stamp")? })
}

/// Makes the task of a video, or renews the one that is there.
pub(super) async fn make(tx: &Access, video: Id<Video>, due: Timestamp) -> Result<(), TxError> {
    // By chance and not counted on: a task that was done is gone, and with it how far anybody had counted.
    let stamp = i64::from_be_bytes(random_bytes()) & i64::MAX;
    let set = doc! { "dueAt": date(due), "attempts": 0_i64, "stamp": stamp };
    let change = doc! { "$set": set, "$inc": { "timesMade": 1_i64 } };
    tx.upsert(MEDIA_TASKS, doc! { "_id": object_id(video) }, change).await.map(drop)
}

/// Nothing is to be done for a video that is deleted.
pub(super) async fn remove(tx: &Access, video: Id<Video>) -> Result<(), TxError> {
    tx.delete(MEDIA_TASKS, doc! { "_id": object_id(video) }).await.map(drop)
}
