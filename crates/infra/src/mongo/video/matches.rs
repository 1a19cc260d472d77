//! How many videos match the words of a search, as it was a moment ago: counting is what a search for a common word costs.
//!
//! Those who search for the same at the same moment share a count. What many search for is counted again before it is
//! forgotten, while they go on with the number that there is: else all who come in that moment would wait for it, and the
//! counts would keep everybody else waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aviary_domain::page::SEARCH_TOTAL_CAP;
use aviary_domain::search::{SearchTier, SearchWords};
use aviary_domain::video::VideoScope;
use mongodb::bson::{Document, doc};

use super::super::access::Access;
use super::super::collection::VIDEOS;
use super::super::document::{Fields, integer};
use super::super::error::TxError;
use super::super::snapshot;
use super::words;

/// How old a number is when it is counted again while it still serves.
const AGAIN: Duration = Duration::from_secs(1);

/// A number of matches, and when it was counted.
#[derive(Debug, Clone)]
pub(in crate::mongo) struct Counted {
    total: u64,
    at: Instant,
    is_counted_again: Arc<AtomicBool>,
}

impl Counted {
    fn now(total: u64) -> Self {
        Self { total, at: Instant::now(), is_counted_again: Arc::default() }
    }

    /// Whether it is time to count again; told once.
    fn is_due(&self) -> bool {
        self.at.elapsed() >= AGAIN && !self.is_counted_again.swap(true, Ordering::Relaxed)
    }
}

/// How many videos of a scope match the words, counted up to a cap.
pub(super) async fn total(
    access: &Access,
    scope: VideoScope,
    words: &SearchWords,
    matching: Document,
) -> Result<u64, TxError> {
    let key = (scope, words.clone());
    let Some(counted) = access.known().matches.get(&key) else { return anew(access, key, matching).await };
    if counted.is_due() {
        let access = access.outside();
        tokio::spawn(async move {
            if let Err(error) = anew(&access, key, matching).await {
                tracing::debug!(?error, "the matches of a search could not be counted again");
            }
        });
    }
    Ok(counted.total)
}

/// Counts, together with others who want the same number at the same moment, and remembers it.
async fn anew(access: &Access, key: (VideoScope, SearchWords), matching: Document) -> Result<u64, TxError> {
    let known = access.known();
    let asked = known.matches.before();
    let look = move |access: Access, _| {
        let matching = matching.clone();
        async move { count(&access, matching, SearchTier::Anywhere, SEARCH_TOTAL_CAP).await }
    };
    let total = *access.ask(|questions| &questions.matches, key.clone(), vec![()], look).await?;
    known.matches.keep(asked, &key, Counted::now(total));
    Ok(total)
}

/// The number of matches, counted up to a cap.
pub(super) async fn count(access: &Access, filter: Document, tier: SearchTier, cap: u64) -> Result<u64, TxError> {
    let stages = vec![doc! { "$match": filter }, doc! { "$limit": integer(cap) }, doc! { "$count": "matches" }];
    let counted = snapshot::walk(access, VIDEOS, stages, words::index(tier)).await?;
    Ok(counted.first().map_or(Ok(0), |counted| counted.count("matches"))?)
}

#[cfg(test)]
mod tests {
    use super::{AGAIN, Counted, Duration, Instant};

    #[test]
    fn one_asker_counts_again_once_the_number_is_old() {
        let fresh = Counted::now(7);
        assert!(!fresh.is_due());
        let old = Counted { at: Instant::now().checked_sub(AGAIN + Duration::from_millis(1)).unwrap(), ..fresh };
        let shared = old.clone();
        assert!(old.is_due());
        assert!(!old.is_due() && !shared.is_due());
    }
}
