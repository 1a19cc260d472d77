//! How many matches a search has, remembered until the word index changes: counting is what a search for a common word
//! costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::recent::{Before, Recent};

use super::error::SqlError;

/// How many numbers are remembered.
const MOST: u64 = 1_000;
/// For how long; only the writer of this process changes the index, so this is a matter of memory alone.
const LIFE: Duration = Duration::from_mins(10);
/// What the names of the tables of the word index begin with.
const INDEX: &str = "video_words";

/// The numbers of matches by the expressions that were put to the index.
pub(super) struct Found {
    totals: Recent<String, u64>,
    /// Whether the transaction that is open on the writing connection has changed the index.
    touched: AtomicBool,
}

impl Found {
    /// Follows the changes that the writing connection makes.
    pub(super) fn follow(writer: &mut Connection) -> rusqlite::Result<Arc<Self>> {
        let found = Arc::new(Self { totals: Recent::new(MOST, LIFE), touched: AtomicBool::new(false) });
        let told = Arc::clone(&found);
        writer.update_hook(Some(move |_, _: &str, table: &str, _| {
            if table.starts_with(INDEX) {
                told.touched.store(true, Ordering::Relaxed);
            }
        }))?;
        Ok(found)
    }

    /// To be called before the snapshot of a search begins.
    pub(super) fn ask(self: &Arc<Self>) -> Asked {
        Asked { before: self.totals.before(), found: Arc::clone(self) }
    }

    /// To be called after each commit on the writing connection, before anybody is told of it.
    pub(super) fn committed(&self) {
        if self.touched.swap(false, Ordering::Relaxed) {
            self.totals.forget_all();
        }
    }
}

/// What a search may ask for that began its snapshot later.
pub(super) struct Asked {
    found: Arc<Found>,
    before: Before,
}

impl Asked {
    /// The number of matches of an expression, counted where it is not remembered.
    pub(super) fn total(
        &self,
        expression: &str,
        count: impl FnOnce() -> Result<u64, SqlError>,
    ) -> Result<u64, SqlError> {
        let key = expression.to_owned();
        if let Some(total) = self.found.totals.get(&key) {
            return Ok(total);
        }
        let total = count()?;
        self.found.totals.keep(self.before, &key, total);
        Ok(total)
    }
}
