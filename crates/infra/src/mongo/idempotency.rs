//! What keys made, in MongoDB. The note is written by the transaction that creates, through `note`.

use async_trait::async_trait;
use aviary_domain::id::RawId;
use aviary_domain::idempotency::{Fingerprint, IdempotencyRepository, KEY_FIELD, KeyHash, Once, Remembered};
use aviary_domain::{StoreError, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawDocument, doc};

use super::Database;
use super::access::Access;
use super::collection::IDEMPOTENCY_KEYS;
use super::document::{Fields, binary, date};
use super::error::TxError;
use super::list::any_of;

/// The keys in MongoDB.
pub struct MongoIdempotency {
    database: Database,
}

impl MongoIdempotency {
    /// The keys of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl IdempotencyRepository for MongoIdempotency {
    /// A transaction although it only reads. A creation may be refused because of a note that a majority does not have
    /// yet, which a plain read does not see; and the end of a transaction waits until what it saw cannot be lost.
    async fn find(&self, key: KeyHash, now: Timestamp) -> Result<Option<Remembered>, StoreError> {
        let filter = doc! { "_id": binary(&key.0), "expiresAt": { "$gt": date(now) } };
        let filter = &filter;
        let found = self
            .database
            .transact(&[], |tx| async move { tx.find_one(IDEMPOTENCY_KEYS, filter.clone()).await })
            .await?;
        found.map(|note| remembered(&note)).transpose()
    }

    async fn remember_answer(&self, once: Once, answer: &[u8]) -> Result<(), StoreError> {
        let note = doc! {
            "_id": binary(&once.key.0), "fingerprint": binary(&once.fingerprint.0), "answer": { "$exists": false },
        };
        let change = doc! { "$set": { "answer": binary(answer) } };
        self.database.run(|db| async move { db.update(IDEMPOTENCY_KEYS, note, change).await.map(drop) }).await
    }
}

/// Notes what a key makes, in the transaction that makes it. Only a note that is over gives way.
pub(super) async fn note(tx: &Access, once: Option<&Once>, made: RawId) -> Result<(), TxError> {
    note_all(tx, [(once, made)]).await
}

/// The same for several creations.
pub(super) async fn note_all<'a>(
    tx: &Access,
    creations: impl IntoIterator<Item = (Option<&'a Once>, RawId)>,
) -> Result<(), TxError> {
    let creations = creations.into_iter().filter_map(|(once, made)| Some((once?, made)));
    let note = |(once, made): (&Once, RawId)| {
        let note = doc! {
            "_id": binary(&once.key.0),
            "fingerprint": binary(&once.fingerprint.0),
            "made": ObjectId::from_bytes(made),
            "expiresAt": date(once.expires_at()),
        };
        (doc! { "_id": binary(&once.key.0), "expiresAt": { "$lte": date(once.now) } }, note)
    };
    let (over, notes): (Vec<_>, Vec<_>) = creations.map(note).unzip();
    if notes.is_empty() {
        return Ok(());
    }
    tx.delete_by(IDEMPOTENCY_KEYS, any_of(over), doc! { "_id": 1 }).await?;
    tx.insert_all(IDEMPOTENCY_KEYS, notes).await.map_err(|error| {
        if error.is_duplicate("_id_") { StoreError::Conflict { field: KEY_FIELD }.into() } else { error }
    })
}

fn remembered(note: &RawDocument) -> Result<Remembered, StoreError> {
    let fingerprint = note.required("fingerprint", |value| value.as_binary()?.bytes.try_into().ok())?;
    Ok(Remembered {
        fingerprint: Fingerprint(fingerprint),
        made: note.id::<()>("made")?.bytes(),
        answer: note.optional("answer", |value| value.as_binary().map(|binary| binary.bytes.to_vec()))?,
    })
}
