//! Who may migrate: a lock with a lease in the database itself, in a collection that holds nothing else, judged by the
//! server's clock alone, so that two nodes never migrate at once and the lock of a dead one ends by itself.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};
use tokio::task::{AbortHandle, spawn};
use tokio::time::{Instant, sleep};

use super::super::OpenError;
use super::super::collection;
use super::super::error::TxError;
use crate::progress::Progress;
use crate::system::random_bytes;

/// The `_id` of the lock's document.
const LOCK: &str = "migration";

/// How long the lock outlives its last renewal.
const LIFE: Duration = Duration::from_secs(30);

/// How often it is renewed while the work goes on, however long a single command takes.
const RENEWAL: Duration = Duration::from_secs(10);

/// How often one who waits asks again.
const PAUSE: Duration = Duration::from_millis(500);

/// How long to wait for somebody else's lock: longer than the lock of a dead one lives.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

/// The lock, held. Dropped without [`release`](Self::release) it ends with its lease.
pub(crate) struct MigrationLock {
    lease: Lease,
    renewal: AbortHandle,
}

impl MigrationLock {
    /// Takes the lock of a database, waiting for whoever holds it for at most so long.
    pub(crate) async fn take(
        database: &Database,
        patience: Duration,
        progress: &dyn Progress,
    ) -> Result<Self, OpenError> {
        let lease = Lease::new(database);
        if lease.acquire().await? {
            return Ok(Self::held(lease));
        }
        let life = LIFE.as_secs();
        let part = format!("waiting for another process that migrates (the lock of a killed one ends within {life} s)");
        progress.begin(&part, None);
        let taken = lease.wait(patience).await;
        progress.finish();
        if taken? { Ok(Self::held(lease)) } else { Err(OpenError::Locked { database: lease.database }) }
    }

    fn held(lease: Lease) -> Self {
        let renewed = lease.clone();
        let renewal = spawn(async move {
            loop {
                sleep(RENEWAL).await;
                // A failure may pass before the lease ends; if it does not, the work finds out by itself.
                if matches!(renewed.renew().await, Ok(false)) {
                    break;
                }
            }
        });
        Self { lease, renewal: renewal.abort_handle() }
    }

    /// Renews the lock, and fails where somebody else has taken it meanwhile. To be asked before every write, or
    /// batch of writes, of a migration: nothing may be written after a failure.
    ///
    /// Who stands still for longer than the lease between this and the write may still write beside the next holder,
    /// which is why every write of a migration must be one that can be repeated.
    pub(crate) async fn still_mine(&self) -> Result<(), OpenError> {
        if self.lease.renew().await? {
            Ok(())
        } else {
            Err(OpenError::LockLost { database: self.lease.database.clone() })
        }
    }

    /// Lets go of it at once, and leaves no trace.
    ///
    /// The collection is dropped while the lock in it is held, so that nobody else's can be in it. Only where this
    /// process stands still between the two for longer than the lease may that be the next holder's, who then finds
    /// it lost before anything more is written; nothing but the lock is ever in there to be lost.
    pub(crate) async fn release(self) -> Result<(), OpenError> {
        self.renewal.abort();
        if self.lease.renew().await? {
            // Who waits for the lock takes it by making the collection anew.
            self.lease.locks.drop().await?;
        }
        Ok(())
    }
}

impl Drop for MigrationLock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// The document of the lock, as one who wants it sees it.
#[derive(Clone)]
struct Lease {
    locks: Collection<Document>,
    holder: String,
    database: String,
}

impl Lease {
    fn new(database: &Database) -> Self {
        let holder = format!("{:032x}", u128::from_be_bytes(random_bytes()));
        Self { locks: database.collection(collection::LOCK), holder, database: database.name().to_owned() }
    }

    /// Takes the lock where nobody has it or its lease has ended; tells whether it is held now.
    async fn acquire(&self) -> Result<bool, OpenError> {
        let mine = doc! { "$eq": ["$holder", &self.holder] };
        let free = doc! { "$lte": [{ "$ifNull": ["$until", "$$NOW"] }, "$$NOW"] };
        let may = doc! { "$or": [mine, free] };
        let change = doc! { "$set": {
            "holder": { "$cond": [&may, &self.holder, "$holder"] },
            "until": { "$cond": [&may, end(), "$until"] },
        } };
        let found = self.locks.find_one_and_update(doc! { "_id": LOCK }, vec![change]).upsert(true);
        match found.return_document(ReturnDocument::After).await {
            Ok(lock) => Ok(lock.is_some_and(|lock| lock.get_str("holder").is_ok_and(|holder| holder == self.holder))),
            // Somebody else made the document in the same instant.
            Err(error) if TxError::from(error.clone()).is_duplicate("_id_") => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn wait(&self, patience: Duration) -> Result<bool, OpenError> {
        let start = Instant::now();
        while start.elapsed() < patience {
            sleep(PAUSE).await;
            if self.acquire().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts the end of the lease off; tells whether it was still ours. One that has ended without anybody taking it
    /// still is.
    async fn renew(&self) -> Result<bool, OpenError> {
        let change = doc! { "$set": { "until": end() } };
        let renewed = self.locks.update_one(doc! { "_id": LOCK, "holder": &self.holder }, vec![change]).await?;
        Ok(renewed.matched_count > 0)
    }
}

/// When a lease that begins now will end, by the server's clock.
fn end() -> Document {
    doc! { "$add": ["$$NOW", i64::try_from(LIFE.as_millis()).unwrap_or(i64::MAX)] }
}
