//! Recounts every stored count from the facts, in one snapshot that stands beside whatever others write. The server
//! compares and tells only what differs, document by document, so that memory stays bounded on both sides.
//!
//! `videos.views` is not among the counts: views are forgotten, so that field is itself the fact from which
//! `users.viewsReceived` is derived. What a deleted video left still counts for its authors until it is purged.

pub(in crate::mongo) mod facts;

use std::time::Duration;

use aviary_domain::maintenance::{Drift, DriftReport, Reconcile};
use aviary_domain::{Id, StoreError};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawDocument, RawDocumentBuf, doc};
use tokio::time::timeout;

use self::facts::{COUNTED, Counted, total_facts};
use super::STEP;
use crate::mongo::Database;
use crate::mongo::access::Access;
use crate::mongo::collection::META;
use crate::mongo::document::{Fields, object_id};
use crate::mongo::error::{OutOfTime, TxError};
use crate::mongo::snapshot;
use crate::mongo::totals::Total;

/// The longest that a recount may take. The server itself gives a snapshot up earlier, after
/// `minSnapshotHistoryWindowInSeconds` (5 minutes unless set): who has more to count sets that.
const LONGEST: Duration = Duration::from_hours(1);

/// How often a repair starts again because another one was at work.
const ATTEMPTS: usize = 5;

/// The document in the collection of marks that tells how many repairs were made; by it two repairs at once notice
/// each other.
const REPAIRS: &str = "repairs";

/// What a refused repair is known by within this file; no caller sees it.
const OVERTAKEN: &str = "repairs";

/// Compares every count with the facts and sets it right if asked to.
pub(super) async fn reconcile(database: &Database, mode: Reconcile) -> Result<DriftReport, StoreError> {
    let mut recount = Recount { database, mode, repairs: 0, found: Vec::new(), report: DriftReport::default() };
    timeout(LONGEST, recount.run()).await.map_err(|_| StoreError::unavailable(OutOfTime))??;
    Ok(recount.report)
}

/// A count that differs, and where it stands.
struct Found {
    drift: Drift,
    place: Place,
}

enum Place {
    Field { collection: &'static str, id: ObjectId, field: &'static str },
    Total(Total),
}

struct Recount<'a> {
    database: &'a Database,
    mode: Reconcile,
    /// How many repairs there were when the snapshot was taken, and by this recount since.
    repairs: i64,
    /// What is to be told, and repaired, next.
    found: Vec<Found>,
    report: DriftReport,
}

impl Recount<'_> {
    async fn run(&mut self) -> Result<(), StoreError> {
        if self.mode == Reconcile::Repair {
            let begin = doc! { "$setOnInsert": { "made": 0_i64 } };
            self.database.run(|db| async move { db.upsert(META, doc! { "_id": REPAIRS }, begin).await }).await?;
        }
        for _ in 0..ATTEMPTS {
            match self.recount().await {
                Err(TxError::Store(StoreError::Conflict { field: OVERTAKEN })) => self.found.clear(),
                done => return done.map_err(StoreError::from),
            }
        }
        Err(StoreError::unavailable("other repairs are at work"))
    }

    async fn recount(&mut self) -> Result<(), TxError> {
        let access = snapshot::begin(self.database).await?;
        // The first read takes the snapshot that all others look at.
        let mark = access.find_one(META, doc! { "_id": REPAIRS }).await?;
        self.repairs = mark.map_or(Ok(0), |mark| mark.whole("made"))?;
        for counted in &COUNTED {
            self.look_at(&access, counted).await?;
        }
        for total in Total::ALL {
            self.look_at_total(&access, total).await?;
        }
        self.settle().await
    }

    /// Gathers what drifted in one collection.
    async fn look_at(&mut self, access: &Access, counted: &Counted) -> Result<(), TxError> {
        let mut session = access.clone().session()?.lock_owned().await;
        let collection = access.collection(counted.collection);
        let drifted = collection.aggregate(counted.drifted()).with_type::<RawDocumentBuf>();
        let mut cursor = drifted.session(&mut *session).await?;
        while cursor.advance(&mut session).await? {
            self.gather(counted, cursor.current())?;
            if self.found.len() >= STEP {
                self.settle().await?;
            }
        }
        Ok(())
    }

    fn gather(&mut self, counted: &Counted, document: &RawDocument) -> Result<(), StoreError> {
        let id: Id<()> = document.id("_id")?;
        let (stored, actual) = (document.document("stored")?, document.document("actual")?);
        for counter in counted.counters {
            let (stored, actual) = (stored.whole(counter.field)?, actual.whole(counter.field)?);
            if stored != actual {
                let drift = Drift { counter: counter.name, row: id.to_string(), stored, actual };
                let (collection, id, field) = (counted.collection, object_id(id), counter.field);
                self.found.push(Found { drift, place: Place::Field { collection, id, field } });
            }
        }
        Ok(())
    }

    async fn look_at_total(&mut self, access: &Access, total: Total) -> Result<(), TxError> {
        let (counter, collection, rows) = total_facts(total);
        let facts = vec![doc! { "$match": rows }, doc! { "$count": "actual" }];
        let facts = access.aggregate(collection, facts).await?;
        let actual = facts.first().map_or(Ok(0), |facts| facts.whole("actual"))?;
        let stored = total.stored(access).await?;
        if stored != actual {
            let drift = Drift { counter, row: String::new(), stored, actual };
            self.found.push(Found { drift, place: Place::Total(total) });
        }
        Ok(())
    }

    /// Repairs what was gathered if that is asked for, and takes it into the report.
    async fn settle(&mut self) -> Result<(), TxError> {
        if self.found.is_empty() {
            return Ok(());
        }
        if self.mode == Reconcile::Repair {
            let (repairs, found) = (self.repairs, self.found.as_slice());
            self.database.transact(&[], |tx| async move { repair(&tx, repairs, found).await }).await?;
            self.repairs += 1;
        }
        for Found { drift, .. } in self.found.drain(..) {
            self.report.drifted += 1;
            if self.report.examples.len() < DriftReport::SHOWN {
                self.report.examples.push(drift);
            }
        }
        Ok(())
    }
}

/// Changes each count by what it was off in the snapshot. Whatever others did since changed counts and facts alike, so
/// that the difference still holds, unless another repair took it away: then nothing is changed.
async fn repair(tx: &Access, repairs: i64, found: &[Found]) -> Result<(), TxError> {
    let mark = doc! { "_id": REPAIRS, "made": repairs };
    if !tx.update(META, mark, doc! { "$inc": { "made": 1_i64 } }).await? {
        return Err(StoreError::Conflict { field: OVERTAKEN }.into());
    }
    for Found { drift, place } in found {
        let change = drift.actual.saturating_sub(drift.stored);
        match place {
            Place::Field { collection, id, field } => {
                tx.update(collection, doc! { "_id": *id }, doc! { "$inc": { *field: change } }).await?;
            }
            Place::Total(total) => total.change(tx, change).await?,
        }
    }
    Ok(())
}
