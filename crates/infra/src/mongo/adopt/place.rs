//! Where documents are read and written during an adoption: in collections that were set aside and in ours, or, when
//! it is only rehearsed, in those that are there and in scratch ones.

use std::collections::HashSet;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocument, RawDocumentBuf, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{FindOptions, Hint};
use mongodb::{Collection, Database};

use super::entries::WATCH_HISTORY;
use super::report::Stage;
use crate::mongo::OpenError;
use crate::mongo::error::DUPLICATE_KEY;

/// What the names of collections that were set aside begin with.
const ASIDE: &str = "legacy.";

/// What the names of a rehearsal's collections begin with.
pub(super) const SCRATCH: &str = "aviary_dryrun.";

/// The most documents, and about the most bytes, that are looked at together.
pub(super) const MOST_DOCUMENTS: usize = 1_000;
pub(super) const MOST_BYTES: usize = 2 << 20;

/// How many ids are looked up together.
const TOGETHER: usize = 10_000;

/// How many small documents are written together.
const WRITTEN_TOGETHER: usize = 5_000;

/// The largest document that the server takes.
pub(super) const MOST_DOCUMENT_BYTES: usize = 16 << 20;

/// The name of a collection that was set aside.
pub(super) fn aside(name: &str) -> String {
    format!("{ASIDE}{name}")
}

/// A document as it was found.
pub(super) struct Source {
    pub(super) id: Bson,
    pub(super) document: RawDocumentBuf,
}

/// Where documents are read and written.
pub(super) struct Places {
    database: Database,
    /// Whether the adoption is only rehearsed.
    pub(super) is_rehearsal: bool,
}

impl Places {
    pub(super) fn new(database: Database, is_rehearsal: bool) -> Self {
        Self { database, is_rehearsal }
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// Where the documents of a stage are.
    pub(super) fn source(&self, stage: Stage) -> Collection<RawDocumentBuf> {
        let name = stage.collection();
        self.database.collection(&if self.is_rehearsal { name.to_owned() } else { aside(name) })
    }

    /// Where documents go that ours are to hold under this name.
    pub(super) fn target(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.database.collection(&self.target_name(name))
    }

    pub(super) fn target_name(&self, name: &str) -> String {
        if self.is_rehearsal { format!("{SCRATCH}{name}") } else { name.to_owned() }
    }

    /// The documents after a place in the order of their ids, as many as are looked at together.
    pub(super) async fn read(&self, stage: Stage, after: Option<&Document>) -> Result<Vec<Source>, OpenError> {
        // Not by a filter: a comparison finds only ids of the same type, and another application's may be of several.
        let fields = (stage == Stage::Histories).then(|| doc! { WATCH_HISTORY: 1, "createdAt": 1, "updatedAt": 1 });
        let options = FindOptions::builder()
            .sort(doc! { "_id": 1 })
            .hint(Hint::Keys(doc! { "_id": 1 }))
            .min(after.cloned())
            .projection(fields)
            .limit(i64::try_from(MOST_DOCUMENTS + 1).unwrap_or(i64::MAX))
            .batch_size(u32::try_from(MOST_DOCUMENTS + 1).unwrap_or(u32::MAX))
            .build();
        let mut cursor = self.source(stage).find(doc! {}).with_options(options).await?;
        let last = after.and_then(|after| after.get("_id")).and_then(raw_id);
        let (mut found, mut bytes) = (Vec::new(), 0);
        while found.len() < MOST_DOCUMENTS && bytes < MOST_BYTES && cursor.advance().await? {
            let document = cursor.current().to_owned();
            let id = id_of(&document)?;
            // The index is walked from that very place. By their bytes: a number that is none equals nothing.
            if last.is_some() && last == raw_id(&id) {
                continue;
            }
            bytes += document.as_bytes().len();
            found.push(Source { id, document });
        }
        Ok(found)
    }

    /// Which of these ids are in a collection of ours.
    pub(super) async fn existing(
        &self,
        name: &str,
        ids: impl IntoIterator<Item = ObjectId>,
    ) -> Result<HashSet<ObjectId>, OpenError> {
        let wanted: Vec<ObjectId> = ids.into_iter().collect::<HashSet<_>>().into_iter().collect();
        let mut found = HashSet::new();
        for ids in wanted.chunks(TOGETHER) {
            let filter = doc! { "_id": { "$in": ids } };
            let options = FindOptions::builder().projection(doc! { "_id": 1 }).hint(Hint::Keys(doc! { "_id": 1 }));
            let mut cursor = self.target(name).find(filter).with_options(options.build()).await?;
            while cursor.advance().await? {
                found.insert(cursor.current().get_object_id("_id").map_err(Error::custom)?);
            }
        }
        Ok(found)
    }

    /// Adds documents; answers with the places of those that a unique index refused.
    pub(super) async fn insert(&self, name: &str, documents: &[RawDocumentBuf]) -> Result<Vec<usize>, OpenError> {
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        refused(self.target(name).insert_many(documents).ordered(false).await)
    }

    /// Adds small documents that may be there already, because an earlier run had come so far.
    pub(super) async fn insert_again(
        &self,
        name: &str,
        mut documents: impl Iterator<Item = Document>,
    ) -> Result<(), OpenError> {
        let collection = self.database.collection::<Document>(&self.target_name(name));
        loop {
            let some: Vec<Document> = documents.by_ref().take(WRITTEN_TOGETHER).collect();
            if some.is_empty() {
                return Ok(());
            }
            refused(collection.insert_many(some).ordered(false).await)?;
        }
    }
}

/// The id of a document, of whatever type.
pub(super) fn id_of(document: &RawDocument) -> Result<Bson, OpenError> {
    let id = document.get("_id").ok().flatten().and_then(|id| Bson::try_from(id).ok());
    id.ok_or_else(|| Error::custom("a document has an _id that is no BSON").into())
}

/// An id as its bytes.
pub(super) fn raw_id(id: &Bson) -> Option<Vec<u8>> {
    RawDocumentBuf::try_from(&doc! { "_id": id }).ok().map(RawDocumentBuf::into_bytes)
}

/// The places of the documents that a unique index refused; any other refusal is a failure.
fn refused<T>(inserted: Result<T, Error>) -> Result<Vec<usize>, OpenError> {
    let Err(error) = inserted else { return Ok(Vec::new()) };
    if let ErrorKind::InsertMany(failure) = error.kind.as_ref()
        && failure.write_concern_error.is_none()
        && let Some(refusals) = &failure.write_errors
        && refusals.iter().all(|refusal| refusal.code == DUPLICATE_KEY)
    {
        return Ok(refusals.iter().map(|refusal| refusal.index).collect());
    }
    Err(error.into())
}
