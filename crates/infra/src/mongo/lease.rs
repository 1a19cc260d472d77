//! Leases in MongoDB: one document each. Whether one is over, the server's clock says, not that of a node.

use std::time::Duration;

use async_trait::async_trait;
use aviary_domain::StoreError;
use aviary_domain::lease::Leases;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::ReturnDocument;

use super::Database;
use super::access::Access;
use super::collection::LEASES;
use super::document::{Fields, integer};
use super::error::TxError;

/// The leases in MongoDB.
pub struct MongoLeases {
    database: Database,
}

impl MongoLeases {
    /// The leases of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Leases for MongoLeases {
    async fn acquire(&self, name: &str, holder: &str, life: Duration) -> Result<bool, StoreError> {
        let change = taking(holder, life);
        let change = &change;
        let attempt = async || self.database.run(|db| async move { take(&db, name, change).await }).await;
        let lease = match attempt().await? {
            Some(lease) => Some(lease),
            // Somebody else wrote it first in this very instant, so that now there is one to look at.
            None => attempt().await?,
        };
        let lease = lease.ok_or_else(|| StoreError::unavailable("a lease comes and goes too fast"))?;
        Ok(lease.text("holder")? == holder)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let own = doc! { "_id": name, "holder": holder };
        self.database.run(|db| async move { db.delete(LEASES, own).await.map(drop) }).await
    }
}

/// Changes the lease, or makes it, and answers with it as it is then; `None` when two made it at once and the other
/// one did.
async fn take(db: &Access, name: &str, change: &[Document]) -> Result<Option<RawDocumentBuf>, TxError> {
    let leases = db.collection(LEASES);
    let taken = leases.find_one_and_update(doc! { "_id": name }, change.to_vec());
    match taken.upsert(true).return_document(ReturnDocument::After).await.map_err(TxError::from) {
        Err(error) if error.is_duplicate("_id_") => Ok(None),
        taken => taken,
    }
}

/// Gives the lease to this holder if it has it, or nobody does any more. The question stands in the change and not in
/// the filter, where an upsert may not ask for the time.
fn taking(holder: &str, life: Duration) -> Vec<Document> {
    let holder = doc! { "$literal": holder };
    let over = doc! { "$lte": [{ "$ifNull": ["$until", "$$NOW"] }, "$$NOW"] };
    let free = doc! { "$or": [{ "$eq": ["$holder", holder.clone()] }, over] };
    let end = doc! { "$add": ["$$NOW", integer(life.as_millis())] };
    // Within one stage all expressions see the document as it was before.
    let change = doc! {
        "holder": { "$cond": [free.clone(), holder, "$holder"] },
        "until": { "$cond": [free, end, "$until"] },
    };
    vec![doc! { "$set": change }]
}
