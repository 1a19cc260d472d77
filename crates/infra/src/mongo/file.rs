//! The ledger of files that no row owns, in MongoDB: one document a file, by its name. What rows own is read from them.

mod owned;

use async_trait::async_trait;
use aviary_domain::file::{DueFile, FileKey, FileLedger, OwnedFile, OwnedPlace};
use aviary_domain::{StoreError, Timestamp};
use mongodb::bson::{Bson, Document, RawDocument, doc};
use mongodb::options::FindOptions;

use super::Database;
use super::access::Access;
use super::collection::FILE_LEDGER;
use super::document::{Fields, date, integer};
use super::error::TxError;

/// How many files that were given up are taken up again in one transaction.
const STEP: usize = 500;

/// The ledger in MongoDB.
pub struct MongoFileLedger {
    database: Database,
}

impl MongoFileLedger {
    /// The ledger of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// At most so many documents, in this order.
    async fn some(&self, filter: Document, order: Document, limit: usize) -> Result<Vec<DueFile>, StoreError> {
        // No limit is what a limit of 0 means to MongoDB.
        if limit == 0 {
            return Ok(Vec::new());
        }
        let options = FindOptions::builder().sort(order).limit(integer(limit)).build();
        let found = self.database.run(|db| async move { db.find(FILE_LEDGER, filter, options).await }).await?;
        found.iter().map(|file| due_file(file)).collect()
    }
}

#[async_trait]
impl FileLedger for MongoFileLedger {
    async fn reserve(&self, keys: &[FileKey], until: Timestamp) -> Result<(), StoreError> {
        let change = doc! { "$set": { "dueAt": date(until) }, "$setOnInsert": { "attempts": 0_i64 } };
        let (names, change) = (&names(keys), &change);
        self.database
            .transact(&[], |tx| async move {
                for name in names {
                    tx.upsert(FILE_LEDGER, doc! { "_id": *name }, change.clone()).await?;
                }
                Ok(())
            })
            .await
    }

    async fn release(&self, keys: &[FileKey], now: Timestamp) -> Result<(), StoreError> {
        let (filter, change) = (doc! { "_id": { "$in": names(keys) } }, doc! { "$min": { "dueAt": date(now) } });
        let (filter, change) = (&filter, &change);
        self.database
            .transact(
                &[],
                |tx| async move { tx.update_all(FILE_LEDGER, filter.clone(), change.clone()).await.map(drop) },
            )
            .await
    }

    async fn prolong(&self, key: &FileKey, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let mut filter = reserved(now);
        filter.insert("_id", key.name());
        let change = doc! { "$max": { "dueAt": date(until) } };
        self.database.run(|db| async move { db.update(FILE_LEDGER, filter, change).await }).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueFile>, StoreError> {
        let filter = doc! { "dueAt": { "$lte": date(now), "$lt": date(Timestamp::NEVER) } };
        self.some(filter, doc! { "dueAt": 1, "_id": 1 }, limit).await
    }

    async fn forget(&self, key: &FileKey) -> Result<(), StoreError> {
        let filter = doc! { "_id": key.name() };
        self.database.run(|db| async move { db.delete(FILE_LEDGER, filter).await.map(drop) }).await
    }

    async fn postpone(&self, key: &FileKey, until: Timestamp) -> Result<(), StoreError> {
        let filter = doc! { "_id": key.name() };
        let change = doc! { "$set": { "dueAt": date(until) }, "$inc": { "attempts": 1_i64 } };
        self.database.run(|db| async move { db.update(FILE_LEDGER, filter, change).await.map(drop) }).await
    }

    async fn given_up(&self, limit: usize) -> Result<Vec<DueFile>, StoreError> {
        self.some(doc! { "dueAt": date(Timestamp::NEVER) }, doc! { "dueAt": 1, "_id": 1 }, limit).await
    }

    /// In steps, because an outage of days may have made many give up.
    async fn retry_given_up(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut taken_up = 0;
        loop {
            let some = self.given_up(STEP).await?;
            if some.is_empty() {
                return Ok(taken_up);
            }
            let names: Vec<&str> = some.iter().map(|file| file.key.as_str()).collect();
            let filter = doc! { "_id": { "$in": names }, "dueAt": date(Timestamp::NEVER) };
            let change = doc! { "$set": { "dueAt": date(now), "attempts": 0_i64 } };
            let (filter, change) = (&filter, &change);
            let steps = |tx: Access| async move { tx.update_all(FILE_LEDGER, filter.clone(), change.clone()).await };
            taken_up += self.database.transact(&[], steps).await?;
        }
    }

    async fn list(&self, after: Option<FileKey>, limit: usize) -> Result<Vec<FileKey>, StoreError> {
        let filter = after.map_or_else(Document::new, |after| doc! { "_id": { "$gt": after.name() } });
        let found = self.some(filter, doc! { "_id": 1 }, limit).await?;
        Ok(found.into_iter().map(|file| file.key).collect())
    }

    async fn owned(&self, after: Option<OwnedPlace>, limit: usize) -> Result<Vec<OwnedFile>, StoreError> {
        owned::owned(&self.database, after, limit).await
    }
}

fn due_file(document: &RawDocument) -> Result<DueFile, StoreError> {
    let attempts = u32::try_from(document.count("attempts")?).unwrap_or(u32::MAX);
    Ok(DueFile { key: document.key("_id")?, attempts })
}

/// The names of those of these files that the ledger knows at all.
fn names<'a>(keys: impl IntoIterator<Item = &'a FileKey>) -> Vec<&'a str> {
    keys.into_iter().filter(|key| !key.is_derived()).map(FileKey::name).collect()
}

/// The condition that a file is reserved. One whose removal was tried may be gone, whatever the store answered.
pub(super) fn reserved(now: Timestamp) -> Document {
    doc! { "dueAt": { "$gt": date(now), "$lt": date(Timestamp::NEVER) }, "attempts": 0 }
}

/// Takes a reserved file out of the ledger for the row that is to own it; any other may be gone by the time the row is
/// written.
pub(super) async fn claim(tx: &Access, key: &FileKey, now: Timestamp) -> Result<(), TxError> {
    claim_all(tx, &[key], now).await
}

/// As [`claim`], for several different files of one row.
pub(super) async fn claim_all(tx: &Access, keys: &[&FileKey], now: Timestamp) -> Result<(), TxError> {
    let names: Vec<Bson> = names(keys.iter().copied()).into_iter().map(Bson::from).collect();
    let wanted = names.len();
    if usize::try_from(tx.delete_among(FILE_LEDGER, names, reserved(now)).await?) == Ok(wanted) {
        Ok(())
    } else {
        Err(StoreError::Conflict { field: "file" }.into())
    }
}

/// Puts a file back that its row lets go of.
pub(super) async fn make_due(tx: &Access, key: &FileKey, now: Timestamp) -> Result<(), TxError> {
    let change = doc! { "$min": { "dueAt": date(now) }, "$setOnInsert": { "attempts": 0_i64 } };
    for name in names([key]) {
        tx.upsert(FILE_LEDGER, doc! { "_id": name }, change.clone()).await?;
    }
    Ok(())
}
