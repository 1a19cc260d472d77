//! Tickets for direct uploads in MongoDB: documents of the ledger of files that know their owner.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::ticket::{Reserved, Ticket, TicketAnswer, TicketRequest, Tickets};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::doc;
use mongodb::options::{FindOptions, ReturnDocument};

use super::Database;
use super::access::Access;
use super::collection::{FILE_LEDGER, USERS};
use super::document::{Fields, date, integer, object_id};
use super::error::TxError;
use super::file::reserved;

/// Tickets in MongoDB.
pub struct MongoTickets {
    database: Database,
}

impl MongoTickets {
    /// The tickets of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Tickets for MongoTickets {
    async fn open(&self, request: &TicketRequest) -> Result<Option<TicketAnswer>, StoreError> {
        self.database.transact(&[request.owner.bytes()], |tx| open(tx, request)).await
    }

    async fn find(&self, name: &FileKey, now: Timestamp) -> Result<Option<Ticket>, StoreError> {
        let mut filter = reserved(now);
        filter.insert("_id", name.name());
        filter.insert("owner", doc! { "$exists": true });
        let found = self.database.run(|db| async move { db.find_one(FILE_LEDGER, filter).await }).await?;
        found.map(|file| Ok(Ticket { owner: file.id("owner")?, bytes: file.count("bytes")? })).transpose()
    }

    async fn reserved_bytes(&self, owner: Id<User>) -> Result<u64, StoreError> {
        let open = self.database.run(|db| async move { open_tickets(&db, owner).await }).await?;
        Ok(Reserved::sum(&open))
    }
}

/// Only a real change of the user collides with all other steps that are held to the quota, which would otherwise not see
/// this ticket in their snapshots, nor this one what they store.
async fn open(tx: Access, request: &TicketRequest) -> Result<Option<TicketAnswer>, TxError> {
    let (owner, opened) = (doc! { "_id": object_id(request.owner) }, doc! { "$inc": { "ticketsOpened": 1_i64 } });
    let owner = tx.find_and_update(USERS, owner, opened, ReturnDocument::After).await?;
    let Some(owner) = owner else { return Ok(None) };
    let stored = owner.optional_count("storedBytes")?.unwrap_or_default();
    let answer = request.answer(stored, &open_tickets(&tx, request.owner).await?)?;
    if let TicketAnswer::Opened { bytes } = answer {
        let ticket = doc! {
            "_id": request.name.name(),
            "dueAt": date(request.until),
            "attempts": 0_i64,
            "owner": object_id(request.owner),
            "bytes": integer(bytes),
        };
        tx.insert(FILE_LEDGER, ticket).await?;
    }
    Ok(Some(answer))
}

/// The open tickets of a user, which are never many. What was given up is none.
pub(super) async fn open_tickets(access: &Access, owner: Id<User>) -> Result<Vec<Reserved>, TxError> {
    let filter = doc! { "owner": object_id(owner), "dueAt": { "$lt": date(Timestamp::NEVER) } };
    let fields = FindOptions::builder().projection(doc! { "bytes": 1, "dueAt": 1 }).build();
    let found = access.find(FILE_LEDGER, filter, fields).await?;
    let open = found.iter().map(|file| Ok(Reserved { bytes: file.count("bytes")?, until: file.time("dueAt")? }));
    Ok(open.collect::<Result<_, StoreError>>()?)
}
