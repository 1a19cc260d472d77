//! The ledger of files that no row owns, in MongoDB: one document a file, named by its key.

use async_trait::async_trait;
use aviary_domain::file::{DueFile, FileKey, FileLedger};
use aviary_domain::{StoreError, Timestamp};
use mongodb::bson::doc;
use mongodb::options::FindOptions;

use super::Database;
use super::access::Access;
use super::collection::FILE_LEDGER;
use super::document::{Fields, date, integer};
use super::error::TxError;

/// The ledger in MongoDB.
pub struct MongoFileLedger {
    database: Database,
}

impl MongoFileLedger {
    /// The ledger of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl FileLedger for MongoFileLedger {
    async fn reserve(&self, keys: &[FileKey], until: Timestamp) -> Result<(), StoreError> {
        let change = doc! { "$set": { "dueAt": date(until) }, "$setOnInsert": { "attempts": 0_i64 } };
        let change = &change;
        self.database
            .transact(&[], |tx| async move {
                for key in keys {
                    tx.upsert(FILE_LEDGER, doc! { "_id": key.as_str() }, change.clone()).await?;
                }
                Ok(())
            })
            .await
    }

    async fn release(&self, keys: &[FileKey], now: Timestamp) -> Result<(), StoreError> {
        let keys: Vec<&str> = keys.iter().map(FileKey::as_str).collect();
        let (filter, change) = (doc! { "_id": { "$in": keys } }, doc! { "$min": { "dueAt": date(now) } });
        let (filter, change) = (&filter, &change);
        self.database
            .transact(
                &[],
                |tx| async move { tx.update_all(FILE_LEDGER, filter.clone(), change.clone()).await.map(drop) },
            )
            .await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueFile>, StoreError> {
        // No limit is what a limit of 0 means to MongoDB.
        if limit == 0 {
            return Ok(Vec::new());
        }
        let options = FindOptions::builder().sort(doc! { "dueAt": 1, "_id": 1 }).limit(integer(limit)).build();
        let filter = doc! { "dueAt": { "$lte": date(now) } };
        let found = self.database.run(|db| async move { db.find(FILE_LEDGER, filter, options).await }).await?;
        let due = found.iter().map(|file| {
            let attempts = u32::try_from(file.count("attempts")?).unwrap_or(u32::MAX);
            Ok(DueFile { key: file.key("_id")?, attempts })
        });
        due.collect()
    }

    async fn forget(&self, key: &FileKey) -> Result<(), StoreError> {
        let filter = doc! { "_id": key.as_str() };
        self.database.run(|db| async move { db.delete(FILE_LEDGER, filter).await.map(drop) }).await
    }

    async fn postpone(&self, key: &FileKey, until: Timestamp) -> Result<(), StoreError> {
        let filter = doc! { "_id": key.as_str() };
        let change = doc! { "$set": { "dueAt": date(until) }, "$inc": { "attempts": 1_i64 } };
        self.database.run(|db| async move { db.update(FILE_LEDGER, filter, change).await.map(drop) }).await
    }
}

/// Takes a reserved file out of the ledger for the row that is to own it; one that is not reserved, or due already,
/// may be gone by the time the row is written.
pub(super) async fn claim(tx: &Access, key: &FileKey, now: Timestamp) -> Result<(), TxError> {
    let reserved = doc! { "_id": key.as_str(), "dueAt": { "$gt": date(now) } };
    if tx.delete(FILE_LEDGER, reserved).await? { Ok(()) } else { Err(StoreError::Conflict { field: "file" }.into()) }
}

/// As [`claim`], for several different files of one row.
pub(super) async fn claim_all(tx: &Access, keys: &[&FileKey], now: Timestamp) -> Result<(), TxError> {
    let names: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    let reserved = doc! { "_id": { "$in": names }, "dueAt": { "$gt": date(now) } };
    if usize::try_from(tx.delete_all(FILE_LEDGER, reserved).await?) == Ok(keys.len()) {
        Ok(())
    } else {
        Err(StoreError::Conflict { field: "file" }.into())
    }
}

/// Puts a file back that its row lets go of.
pub(super) async fn make_due(tx: &Access, key: &FileKey, now: Timestamp) -> Result<(), TxError> {
    let change = doc! { "$min": { "dueAt": date(now) }, "$setOnInsert": { "attempts": 0_i64 } };
    tx.upsert(FILE_LEDGER, doc! { "_id": key.as_str() }, change).await.map(drop)
}
