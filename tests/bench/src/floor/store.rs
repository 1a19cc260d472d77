//! MongoDB with the settings that serve a single process best: a client for each worker, documents as they come.

use anyhow::{Context, anyhow};
use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawDocumentBuf, doc, rawdoc};
use mongodb::options::{Acknowledgment, CollectionOptions, WriteConcern};

use super::rows;

/// The database of the floors.
const DATABASE: &str = "floor";

/// The floors' database.
pub(super) struct Store(mongodb::Database);

/// A client that lives on the runtime that calls.
pub(super) async fn open(uri: &str) -> anyhow::Result<Store> {
    let client = mongodb::Client::with_uri_str(uri).await.context("cannot use the floors' MongoDB")?;
    Ok(Store(client.database(DATABASE)))
}

impl Store {
    /// Removes what an earlier run has left.
    pub(super) async fn drop(&self) -> anyhow::Result<()> {
        self.0.drop().await.context("cannot drop the floors' database")
    }

    /// The documents to read.
    pub(super) fn rows(&self) -> Collection<RawDocumentBuf> {
        self.0.collection("rows")
    }

    /// What is inserted: told once a majority has it in its journals.
    fn inserted(&self) -> Collection<RawDocumentBuf> {
        let durable = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
        let options = CollectionOptions::builder().write_concern(durable).build();
        self.0.collection_with_options("inserted", options)
    }
}

/// The collections over the client of one worker; none where no MongoDB is measured.
pub(super) struct Client(Option<(Collection<RawDocumentBuf>, Collection<RawDocumentBuf>)>);

impl Client {
    /// A client of its own.
    pub(super) async fn open(uri: Option<String>) -> anyhow::Result<Self> {
        let Some(uri) = uri else { return Ok(Self(None)) };
        let store = open(&uri).await?;
        Ok(Self(Some((store.rows(), store.inserted()))))
    }

    /// Reads the document of this number whole; whether it is there.
    pub(super) async fn document(&self, number: usize) -> anyhow::Result<bool> {
        let (rows, _) = self.collections()?;
        let found = rows.find_one(doc! { "_id": ObjectId::from_bytes(rows::key(number)) }).await?;
        Ok(found.is_some())
    }

    /// Inserts a document and waits until it would survive the loss of any minority.
    pub(super) async fn insert(&self) -> anyhow::Result<()> {
        let (_, inserted) = self.collections()?;
        inserted.insert_one(rawdoc! { "_id": ObjectId::new(), "text": rows::text() }).await?;
        Ok(())
    }

    fn collections(&self) -> anyhow::Result<&(Collection<RawDocumentBuf>, Collection<RawDocumentBuf>)> {
        self.0.as_ref().ok_or_else(|| anyhow!("the floors were started without a MongoDB"))
    }
}
