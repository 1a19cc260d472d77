//! Access to the collections, within a transaction or without: the few operations that the repositories are made of.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aviary_domain::StoreError;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::options::{AggregateOptions, FindOptions, Hint, ReturnDocument};
use mongodb::{ClientSession, Collection};
use tokio::sync::Mutex;

use super::batch::Batches;
use super::clients::Here;
use super::database::DEADLINE;
use super::error::TxError;
use super::known::Known;
use super::lent::Lent;
use super::questions::Questions;

/// What steps do their work on; clones are the same access. Within a transaction its operations run one at a time.
#[derive(Clone)]
pub(crate) struct Access {
    database: mongodb::Database,
    lane: u8,
    session: Option<Arc<Mutex<ClientSession>>>,
    known: Arc<Known>,
    questions: Arc<Questions>,
    changes_totals: Arc<AtomicBool>,
    is_sharded: bool,
}

/// Runs an operation of the driver in the transaction or snapshot, if there is one, else in a session of its own.
macro_rules! perform {
    ($access:expr, $operation:expr) => {{
        let session = $access.lend().await?;
        let lent = Lent::new($access.database.client(), &session);
        let done = $operation.session(&mut *session.lock().await).await;
        lent.done();
        done
    }};
}

/// The same for an operation that only reads one document, which needs no session of its own.
macro_rules! look {
    ($access:expr, $operation:expr) => {
        match &$access.session {
            None => $operation.max_time(DEADLINE).await,
            Some(_) => perform!($access, $operation),
        }
    };
}

/// Runs an operation of the driver that answers with a cursor, in the transaction or snapshot if there is one, and reads
/// all of it. Without one it is limited by the server itself.
macro_rules! read_all {
    (@ $cursor:expr $(, $session:expr)?) => {{
        let mut cursor = $cursor;
        let mut found = Vec::new();
        while cursor.advance($($session)?).await? {
            found.push(cursor.current().to_owned());
        }
        Ok(found)
    }};
    ($access:expr, $operation:expr) => {
        match &$access.session {
            None => read_all!(@ $operation.max_time(DEADLINE).await?),
            Some(session) => {
                let lent = Lent::new($access.database.client(), session);
                let read = async {
                    let mut session = session.lock().await;
                    read_all!(@ $operation.session(&mut *session).await?, &mut session)
                };
                let read = read.await;
                lent.done();
                read
            }
        }
    };
}

impl Access {
    pub(super) fn plain(here: Here, lane: u8, known: Arc<Known>, is_sharded: bool) -> Self {
        let Here { database, questions } = here;
        Self { database, lane, session: None, known, questions, changes_totals: Arc::default(), is_sharded }
    }

    /// The same within the transaction or snapshot of a session.
    pub(super) fn within(self, session: ClientSession) -> Self {
        Self { session: Some(Arc::new(Mutex::new(session))), ..self }
    }

    /// The same beside the transaction or snapshot, if there is one.
    pub(super) fn outside(&self) -> Self {
        if self.session.is_none() {
            return self.clone();
        }
        // Without the options that a snapshot's has.
        let database = self.client().database(self.database.name());
        Self { database, session: None, ..self.clone() }
    }

    /// The same with other options of the database.
    pub(super) fn over(self, database: mongodb::Database) -> Self {
        Self { database, ..self }
    }

    /// The client of the driver.
    pub(super) fn client(&self) -> &mongodb::Client {
        self.database.client()
    }

    /// Whether this is part of a transaction or snapshot.
    pub(super) fn is_within(&self) -> bool {
        self.session.is_some()
    }

    /// Whether documents of one collection may lie on several shards.
    pub(super) fn is_sharded(&self) -> bool {
        self.is_sharded
    }

    /// Notes that counts of the whole store change with these steps.
    pub(super) fn will_change_totals(&self) {
        self.changes_totals.store(true, Ordering::Relaxed);
    }

    /// To be called when the steps are over, whatever became of them: what they may have changed is remembered no more.
    pub(super) fn forget_changed(&self) {
        if self.changes_totals.load(Ordering::Relaxed) {
            self.known.totals.forget_all();
        }
    }

    /// What this process remembers of the database.
    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// Asks together with others who do at the same moment; within a transaction or snapshot by itself, as part of it.
    /// `line` and `look` are those of [`Batches::ask`].
    pub(super) async fn ask<L, Q, A, F>(
        &self,
        kind: impl Fn(&Questions) -> &Arc<Batches<L, Q, A>>,
        line: L,
        questions: Vec<Q>,
        look: impl Fn(Self, Vec<Q>) -> F + Clone + Send + 'static,
    ) -> Result<Arc<A>, TxError>
    where
        L: Hash + Eq + Clone + Send + Sync + 'static,
        Q: Send + 'static,
        A: Send + Sync + 'static,
        F: Future<Output = Result<A, TxError>> + Send + 'static,
    {
        if self.is_within() {
            return Box::pin(look(self.clone(), questions)).await.map(Arc::new);
        }
        let asker = self.clone();
        kind(&self.questions).ask(line, questions, move |questions| look(asker.clone(), questions)).await
    }

    /// The session of the transaction or snapshot, else one of its own, as long as an operation needs it.
    async fn lend(&self) -> Result<Arc<Mutex<ClientSession>>, TxError> {
        if let Some(session) = &self.session {
            return Ok(Arc::clone(session));
        }
        let session = self.database.client().start_session().causal_consistency(false).await?;
        Ok(Arc::new(Mutex::new(session)))
    }

    /// The session of the transaction or snapshot.
    pub(super) fn session(self) -> Result<Arc<Mutex<ClientSession>>, StoreError> {
        self.session.ok_or_else(|| StoreError::backend("there is no transaction"))
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
        Ok(look!(self, collection.find_one(filter))?)
    }

    /// The named fields of the first document that matches.
    pub(crate) async fn find_fields(
        &self,
        name: &str,
        filter: Document,
        fields: Document,
    ) -> Result<Option<RawDocumentBuf>, TxError> {
        let collection = self.collection(name);
        Ok(look!(self, collection.find_one(filter).projection(fields))?)
    }

    /// All documents that match.
    pub(crate) async fn find(
        &self,
        name: &str,
        filter: Document,
        options: FindOptions,
    ) -> Result<Vec<RawDocumentBuf>, TxError> {
        let collection = self.collection(name);
        read_all!(self, collection.find(filter).with_options(options))
    }

    /// The named fields of those documents with these ids that are there.
    pub(crate) async fn find_all(
        &self,
        name: &str,
        mut ids: Vec<ObjectId>,
        fields: Document,
    ) -> Result<Vec<RawDocumentBuf>, TxError> {
        let options = FindOptions::builder().projection(fields).build();
        ids.sort_unstable();
        ids.dedup();
        match ids.as_slice() {
            [] => Ok(Vec::new()),
            // One id needs no plan.
            [id] => self.find(name, doc! { "_id": id }, options).await,
            _ => self.find(name, doc! { "_id": { "$in": ids } }, options).await,
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
        read_all!(self, collection.aggregate(pipeline).with_options(options).with_type::<RawDocumentBuf>())
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

    /// Removes those of these documents that still match; tells how many there were. The index is named: by that of what
    /// they match the planner might walk all others that do.
    pub(crate) async fn delete_among(&self, name: &str, ids: Vec<Bson>, mut filter: Document) -> Result<u64, TxError> {
        let collection = self.collection(name);
        filter.insert("_id", doc! { "$in": ids });
        let delete = collection.delete_many(filter).hint(Hint::Keys(doc! { "_id": 1 }));
        Ok(perform!(self, delete)?.deleted_count)
    }

    /// Removes all documents that match; tells how many there were. The index is named by its key.
    pub(crate) async fn delete_by(&self, name: &str, filter: Document, index: Document) -> Result<u64, TxError> {
        let collection = self.collection(name);
        Ok(perform!(self, collection.delete_many(filter).hint(Hint::Keys(index)))?.deleted_count)
    }

    /// Does each of these changes to the first document that matches its filter, all in one operation within a
    /// transaction; tells how many found one.
    pub(crate) async fn update_each(&self, name: &str, changes: Vec<(Document, Document)>) -> Result<usize, TxError> {
        if changes.is_empty() {
            return Ok(0);
        }
        if !self.is_within() {
            return Err(StoreError::backend("outside a transaction the driver does not repeat this").into());
        }
        let changes: Vec<Bson> = changes.into_iter().map(|(q, u)| doc! { "q": q, "u": u }.into()).collect();
        // The driver has an operation for this, which asks for MongoDB 8.0.
        let command = doc! { "update": name, "updates": changes };
        let done = perform!(self, self.database.run_command(command))?;
        if done.contains_key("writeErrors") {
            return Err(StoreError::backend(format!("some of many changes failed: {done}")).into());
        }
        let found = done.get_i32("n").map_err(StoreError::backend)?;
        Ok(usize::try_from(found).unwrap_or_default())
    }

    /// Whether any document matches.
    pub(crate) async fn exists(&self, name: &str, filter: Document) -> Result<bool, TxError> {
        Ok(self.find_fields(name, filter, doc! { "_id": 1 }).await?.is_some())
    }
}
