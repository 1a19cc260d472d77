//! Upkeep of the embedded store: purging, expiring and recounting, each in one transaction.

mod purge;
mod reconcile;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aviary_domain::maintenance::{DriftReport, MaintenanceRepository, Reconcile};
use aviary_domain::{StoreError, Timestamp};
use rusqlite::{Connection, params};

use super::database::Database;
use super::error::SqlError;
use super::row::{execute, first, integer};

/// The upkeep of the embedded store.
pub struct SqliteMaintenance {
    database: Database,
}

impl SqliteMaintenance {
    /// The upkeep of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl MaintenanceRepository for SqliteMaintenance {
    async fn ping(&self) -> Result<(), StoreError> {
        // A constant would be answered without a row of the file.
        self.database.read(|c| first(c, "SELECT 1 FROM totals LIMIT 1", [], |_| Ok(()))).map(drop)
    }

    async fn purge(&self, limit: usize) -> Result<usize, StoreError> {
        self.database.write(move |c| purge::purge(c, limit)).await
    }

    async fn expire(&self, now: Timestamp, views_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.database.write(move |c| expire(c, now, views_before, limit)).await
    }

    async fn reconcile(&self, mode: Reconcile) -> Result<DriftReport, StoreError> {
        match mode {
            Reconcile::Report => self.database.scan(move |c| reconcile::reconcile(c, mode)).await,
            Reconcile::Repair => self.database.write(move |c| reconcile::reconcile(c, mode)).await,
        }
    }
}

fn expire(c: &Connection, now: Timestamp, views_before: Timestamp, limit: usize) -> Result<usize, SqlError> {
    let sessions = execute(
        c,
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ?1 LIMIT ?2)",
        params![now.millis(), integer(limit)],
    )?;
    let keys = execute(
        c,
        "DELETE FROM idempotency_keys WHERE key IN (SELECT key FROM idempotency_keys WHERE expires_at <= ?1 LIMIT ?2)",
        params![now.millis(), integer(limit.saturating_sub(sessions))],
    )?;
    let views = execute(
        c,
        "DELETE FROM views WHERE (video, viewer) IN
             (SELECT video, viewer FROM views WHERE counted_at < ?1 LIMIT ?2)",
        params![views_before.millis(), integer(limit.saturating_sub(sessions + keys))],
    )?;
    Ok(sessions + keys + views)
}
