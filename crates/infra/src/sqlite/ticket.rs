//! Tickets for direct uploads in SQLite: rows of the ledger of files that know their owner.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::ticket::{Reserved, Ticket, TicketAnswer, TicketRequest, Tickets};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, params};

use super::Database;
use super::error::SqlError;
use super::row::{all, count, execute, first, id_from, integer, timestamp};
use super::user::stored_bytes;

/// The open tickets of ?1, which are those due before ?2: what was given up is due then.
pub(super) const OPEN: &str = "SELECT bytes, due_at FROM file_ledger WHERE owner = ?1 AND due_at < ?2";

/// Tickets in SQLite.
pub struct SqliteTickets {
    database: Database,
}

impl SqliteTickets {
    /// The tickets of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Tickets for SqliteTickets {
    async fn open(&self, request: &TicketRequest) -> Result<Option<TicketAnswer>, StoreError> {
        let request = request.clone();
        self.database.write(move |c| open(c, &request)).await
    }

    async fn find(&self, name: &FileKey, now: Timestamp) -> Result<Option<Ticket>, StoreError> {
        const SQL: &str = "SELECT owner, bytes FROM file_ledger
             WHERE key = ?1 AND due_at > ?2 AND attempts = 0 AND owner IS NOT NULL";
        let values = params![name.name(), now.millis()];
        self.database
            .read(|c| first(c, SQL, values, |row| Ok(Ticket { owner: id_from(row, 0)?, bytes: count(row, 1)? })))
    }

    async fn reserved_bytes(&self, owner: Id<User>) -> Result<u64, StoreError> {
        self.database.read(|c| reserved_bytes(c, owner))
    }
}

/// Nobody else writes until this job is done.
fn open(c: &Connection, request: &TicketRequest) -> Result<Option<TicketAnswer>, SqlError> {
    const SQL: &str = "INSERT INTO file_ledger (key, due_at, owner, bytes) VALUES (?1, ?2, ?3, ?4)";
    let Some(stored) = stored_bytes(c, request.owner)? else { return Ok(None) };
    let answer = request.answer(stored, &open_tickets(c, request.owner)?)?;
    if let TicketAnswer::Opened { bytes } = answer {
        let (name, owner) = (request.name.name(), request.owner.bytes());
        execute(c, SQL, params![name, request.until.millis(), owner, integer(bytes)])?;
    }
    Ok(Some(answer))
}

fn open_tickets(c: &Connection, owner: Id<User>) -> Result<Vec<Reserved>, SqlError> {
    let values = params![owner.bytes(), Timestamp::NEVER.millis()];
    all(c, OPEN, values, |row| Ok(Reserved { bytes: count(row, 0)?, until: timestamp(row, 1)? }))
}

/// How many bytes the open tickets of a user may bring.
pub(super) fn reserved_bytes(c: &Connection, owner: Id<User>) -> Result<u64, SqlError> {
    Ok(Reserved::sum(&open_tickets(c, owner)?))
}
