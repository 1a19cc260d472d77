//! Access to the collections, within a transaction or without: the few operations that the repositories are made of.

use std::sync::Arc;

use aviary_domain::StoreError;
use mongodb::bson::{Document, RawDocumentBuf};
use mongodb::options::{AggregateOptions, FindOptions, ReturnDocument};
use mongodb::{ClientSession, Collection, Cursor};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::error::TxError;

/// What steps do their work on; clones are the same access. Within a transaction its operations run one at a time.
#[derive(Clone)]
pub(crate) struct Access {
    database: mongodb::Database,
    lane: u8,
    session: Option<Arc<Mutex<ClientSession>>>,
}

/// Runs an operation of the driver in the transaction, if there is one.
macro_rules! perform {
    ($access:expr, $operation:expr) => {
        match &$access.session {
            None => $operation.await,
            Some(session) => {
                let mut session = session.lock().await;
                $operation.session(&mut *session).await
            }
        }
    };
}

impl Access {
    pub(super) fn plain(database: mongodb::Database, lane: u8) -> Self {
        Self { database, lane, session: None }
    }

    pub(super) fn within(database: mongodb::Database, lane: u8, session: ClientSession) -> Self {
        Self { database, lane, session: Some(Arc::new(Mutex::new(session))) }
    }

    /// The session of the transaction.
    pub(super) async fn session(self) -> Result<OwnedMutexGuard<ClientSession>, TxError> {
        let session = self.session.ok_or_else(|| StoreError::backend("there is no transaction"))?;
        Ok(session.lock_owned().await)
    }

    /// A number that no other call of this process has now.
    pub(super) fn lane(&self) -> u8 {
        self.lane
    }

    /// A collection of the driver, for what the operations here do not cover.
    pub(crate) fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.database.collection(name)
    }

    /// The first document that matches.
    pub(crate) async fn find_one(&self, name: &str, filter: Document) -> Result<Option<RawDocumentBuf>, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.find_one(filter))?)
    }

    /// The named fields of the first document that matches.
    pub(crate) async fn find_fields(
        &self,
        name: &str,
        filter: Document,
        fields: Document,
    ) -> Result<Option<RawDocumentBuf>, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.find_one(filter).projection(fields))?)
    }

    /// All documents that match.
    pub(crate) async fn find(
        &self,
        name: &str,
        filter: Document,
        options: FindOptions,
    ) -> Result<Vec<RawDocumentBuf>, TxError> {
        let collection = self.collection(name);
        let find = collection.find(filter).with_options(options);
        match &self.session {
            None => all(find.await?).await,
            Some(session) => {
                let mut session = session.lock().await;
                let mut cursor = find.session(&mut *session).await?;
                let mut found = Vec::new();
                while cursor.advance(&mut session).await? {
                    found.push(cursor.current().to_owned());
                }
                Ok(found)
            }
        }
    }

    /// What a pipeline gives.
    pub(crate) async fn aggregate(&self, name: &str, pipeline: Vec<Document>) -> Result<Vec<RawDocumentBuf>, TxError> {
        self.aggregate_with(name, pipeline, AggregateOptions::default()).await
    }

    /// What a pipeline gives, with options.
    pub(crate) async fn aggregate_with(
        &self,
        name: &str,
        pipeline: Vec<Document>,
        options: AggregateOptions,
    ) -> Result<Vec<RawDocumentBuf>, TxError> {
        let collection = self.collection(name);
        let aggregate = collection.aggregate(pipeline).with_options(options).with_type::<RawDocumentBuf>();
        match &self.session {
            None => all(aggregate.await?).await,
            Some(session) => {
                let mut session = session.lock().await;
                let mut cursor = aggregate.session(&mut *session).await?;
                let mut found = Vec::new();
                while cursor.advance(&mut session).await? {
                    found.push(cursor.current().to_owned());
                }
                Ok(found)
            }
        }
    }

    /// Adds a document.
    pub(crate) async fn insert(&self, name: &str, document: Document) -> Result<(), TxError> {
        let collection = self.database.collection::<Document>(name);
        perform!(self, collection.insert_one(&document))?;
        Ok(())
    }

    /// Adds documents, in their order.
    pub(crate) async fn insert_all(&self, name: &str, documents: Vec<Document>) -> Result<(), TxError> {
        if documents.is_empty() {
            return Ok(());
        }
        let collection = self.database.collection::<Document>(name);
        perform!(self, collection.insert_many(&documents))?;
        Ok(())
    }

    /// Changes the first document that matches; tells whether there was one.
    pub(crate) async fn update(
        &self,
        name: &str,
        filter: Document,
        change: impl Into<mongodb::options::UpdateModifications>,
    ) -> Result<bool, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.update_one(filter, change))?.matched_count > 0)
    }

    /// Changes the first document that matches or adds one; tells whether it was added.
    pub(crate) async fn upsert(
        &self,
        name: &str,
        filter: Document,
        change: impl Into<mongodb::options::UpdateModifications>,
    ) -> Result<bool, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.update_one(filter, change).upsert(true))?.upserted_id.is_some())
    }

    /// Changes all documents that match; tells how many there were.
    pub(crate) async fn update_all(
        &self,
        name: &str,
        filter: Document,
        change: impl Into<mongodb::options::UpdateModifications>,
    ) -> Result<u64, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.update_many(filter, change))?.matched_count)
    }

    /// Changes the first document that matches and answers with it as it was before or is after.
    pub(crate) async fn find_and_update(
        &self,
        name: &str,
        filter: Document,
        change: impl Into<mongodb::options::UpdateModifications>,
        answer: ReturnDocument,
    ) -> Result<Option<RawDocumentBuf>, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.find_one_and_update(filter, change).return_document(answer))?)
    }

    /// Removes the first document that matches and answers with it.
    pub(crate) async fn find_and_delete(
        &self,
        name: &str,
        filter: Document,
    ) -> Result<Option<RawDocumentBuf>, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.find_one_and_delete(filter))?)
    }

    /// Removes the first document that matches; tells whether there was one.
    pub(crate) async fn delete(&self, name: &str, filter: Document) -> Result<bool, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.delete_one(filter))?.deleted_count > 0)
    }

    /// Removes all documents that match; tells how many there were.
    pub(crate) async fn delete_all(&self, name: &str, filter: Document) -> Result<u64, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.delete_many(filter))?.deleted_count)
    }

    /// Whether any document matches.
    pub(crate) async fn exists(&self, name: &str, filter: Document) -> Result<bool, TxError> {
        Ok(self.find_fields(name, filter, mongodb::bson::doc! { "_id": 1 }).await?.is_some())
    }
}

async fn all(mut cursor: Cursor<RawDocumentBuf>) -> Result<Vec<RawDocumentBuf>, TxError> {
    let mut found = Vec::new();
    while cursor.advance().await? {
        found.push(cursor.current().to_owned());
    }
    Ok(found)
}
