//! Upkeep of the database: purging and expiring in bounded steps, recounting in one snapshot.

mod purge;
pub(super) mod reconcile;

use async_trait::async_trait;
use aviary_domain::maintenance::{DriftReport, MaintenanceRepository, Reconcile};
use aviary_domain::{StoreError, Timestamp};
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;

use super::Database;
use super::access::Access;
use super::collection::{IDEMPOTENCY_KEYS, META, SESSIONS, VIEWS};
use super::document::{Fields, date, integer};
use super::error::TxError;

/// The most documents that one step removes, however many are asked for: a step is one command or one transaction,
/// and a long one would stand in the way of everybody else.
const STEP: usize = 500;

/// The upkeep of the database.
pub struct MongoMaintenance {
    database: Database,
}

impl MongoMaintenance {
    /// The upkeep of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl MaintenanceRepository for MongoMaintenance {
    async fn ping(&self) -> Result<(), StoreError> {
        // A `ping` would be answered without a look at any data.
        self.database.run(|db| async move { db.exists(META, doc! { "_id": "schema" }).await }).await.map(drop)
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        purge::purge(&self.database, limit).await
    }

    async fn expire(&self, now: Timestamp, views_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let ended = doc! { "expiresAt": { "$lte": date(now) } };
        let sessions = self.expire_from(SESSIONS, &ended, limit).await?;
        let keys = self.expire_from(IDEMPOTENCY_KEYS, &ended, limit.saturating_sub(sessions)).await?;
        let forgotten = doc! { "countedAt": { "$lt": date(views_before) } };
        let views = self.expire_from(VIEWS, &forgotten, limit.saturating_sub(sessions + keys)).await?;
        if views > 0 {
            self.database.known().views.forget_all();
        }
        Ok(sessions + keys + views)
    }

    async fn reconcile(&self, mode: Reconcile) -> Result<DriftReport, StoreError> {
        reconcile::reconcile(&self.database, mode).await
    }
}

impl MongoMaintenance {
    /// Removes documents that are over, step by step; each is atomic by itself and counted nowhere.
    async fn expire_from(&self, name: &str, over: &Document, limit: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        while removed < limit {
            let wanted = STEP.min(limit - removed);
            let step = self.database.run(|db| async move { remove_some(&db, name, over, wanted).await }).await?;
            removed += step;
            if step == 0 {
                break;
            }
        }
        Ok(removed)
    }
}

/// Removes at most so many documents that match, and answers how many went. The filter holds for each until the end:
/// what was picked and no longer matches stays.
async fn remove_some(access: &Access, name: &str, filter: &Document, limit: usize) -> Result<usize, TxError> {
    let picked = some(access, name, filter, doc! { "_id": 1 }, limit).await?;
    if picked.is_empty() {
        return Ok(0);
    }
    let ids = picked.iter().map(|row| row_id(row)).collect::<Result<Vec<_>, _>>()?;
    Ok(usize::try_from(access.delete_among(name, ids, filter.clone()).await?).unwrap_or(usize::MAX))
}

/// Some fields of at most so many documents that match; none for a limit of 0, which MongoDB takes for no limit.
async fn some(
    access: &Access,
    name: &str,
    filter: &Document,
    fields: Document,
    limit: usize,
) -> Result<Vec<mongodb::bson::RawDocumentBuf>, TxError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let options = FindOptions::builder().projection(fields).limit(integer(limit)).build();
    access.find(name, filter.clone(), options).await
}

/// The id of a document of any collection, of whatever type it is.
fn row_id(document: &mongodb::bson::RawDocument) -> Result<Bson, StoreError> {
    let id = document.value("_id")?.ok_or_else(|| document.malformed("_id"))?;
    id.try_into().map_err(StoreError::backend)
}
