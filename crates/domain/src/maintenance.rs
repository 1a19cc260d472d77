//! What keeps a store healthy: purging what deletes left, expiring what is over, recounting.

use async_trait::async_trait;

use crate::{StoreError, Timestamp};

/// A stored count that differs from the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What is counted and where: `videos.likes_count`.
    pub counter: &'static str,
    /// The id of the counted row in hexadecimal digits; empty for counts of the whole store.
    pub row: String,
    /// What the store says.
    pub stored: i64,
    /// What the facts say.
    pub actual: i64,
}

/// The outcome of a recount.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriftReport {
    /// How many counts differed.
    pub drifted: u64,
    /// The first of them, at most [`DriftReport::SHOWN`].
    pub examples: Vec<Drift>,
}

impl DriftReport {
    /// How many drifted counts a report spells out.
    pub const SHOWN: usize = 100;
}

/// What a recount does with what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconcile {
    /// Only tells.
    Report,
    /// Sets every drifted count to the facts.
    Repair,
}

/// The store's own upkeep.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait MaintenanceRepository: Send + Sync {
    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Removes rows that deleted videos, comments and tweets left, in steps that each keep all counts exact; about
    /// `limit` rows. Answers how many were removed: 0 when nothing is left.
    async fn purge(&self, limit: usize) -> Result<usize, StoreError>;

    /// Removes sessions and notes of keys that ended before `now` and remembered views from before `views_before`, about
    /// `limit` rows. Answers how many.
    async fn expire(&self, now: Timestamp, views_before: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Recomputes every stored count from the facts, in one consistent view of them.
    async fn reconcile(&self, mode: Reconcile) -> Result<DriftReport, StoreError>;
}
