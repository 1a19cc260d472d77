//! The proof that nothing was lost, before the originals go: what was read is there, or in the quarantine.

use std::collections::BTreeMap;

use mongodb::Collection;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::error::Error;

use super::place::Places;
use super::report::{Reason, Stage, Tally};
use crate::mongo::OpenError;
use crate::mongo::collection::{HISTORY, PLAYLIST_VIDEOS, QUARANTINE};
use crate::mongo::document::Fields;

/// Numbers that differ.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) stage: Stage,
    /// Where they were counted.
    pub(super) place: String,
    pub(super) found: u64,
    pub(super) expected: u64,
}

/// Compares what was counted while copying with what is there; answers with the first numbers that differ.
pub(super) async fn verify(places: &Places, tallies: &BTreeMap<Stage, Tally>) -> Result<Option<Difference>, OpenError> {
    let quarantined = quarantined(places).await?;
    for (stage, tally) in tallies {
        let differs = |place: &str, found, expected| {
            (found != expected).then(|| Difference { stage: *stage, place: place.to_owned(), found, expected })
        };
        let lists = match stage {
            Stage::Histories => Some((HISTORY, Stage::Users)),
            Stage::Playlists => Some((PLAYLIST_VIDEOS, Stage::Playlists)),
            _ => None,
        };
        if let Some((name, holders)) = lists {
            let mut found = number(&places.target(name)).await?;
            // The lists of those whose originals have gone were not counted again.
            if tallies.get(&holders).is_some_and(|tally| tally.originals_gone > 0) {
                found = found.min(tally.entries_kept);
            }
            let difference = differs(name, found, tally.entries_kept);
            if difference.is_some() {
                return Ok(difference);
            }
        }
        if *stage == Stage::Histories {
            continue;
        }
        let name = stage.collection();
        let moved: u64 = tally.quarantined.values().sum();
        let in_quarantine = quarantined.get(name).copied().unwrap_or_default();
        let (source, target) = (places.source(*stage), places.target(name));
        // More is in the quarantine where what had kept a document out was itself moved away.
        let difference = differs(QUARANTINE, in_quarantine.min(moved), moved)
            .or(differs(name, tally.kept + moved, tally.read))
            .or(differs(source.name(), number(&source).await?, tally.read))
            .or(differs(name, number(&target).await?, tally.kept + tally.originals_gone));
        if difference.is_some() {
            return Ok(difference);
        }
    }
    Ok(None)
}

async fn number(collection: &Collection<RawDocumentBuf>) -> Result<u64, OpenError> {
    Ok(collection.count_documents(Document::new()).await?)
}

/// How many documents of each collection are in the quarantine.
async fn quarantined(places: &Places) -> Result<BTreeMap<String, u64>, OpenError> {
    let meanwhile = doc! { "$match": { "reason": { "$ne": Reason::WrittenMeanwhile.code() } } };
    let grouped = vec![meanwhile, doc! { "$group": { "_id": "$_id.collection", "number": { "$sum": 1_i64 } } }];
    let mut found = places.target(QUARANTINE).aggregate(grouped).with_type::<RawDocumentBuf>().await?;
    let mut numbers = BTreeMap::new();
    while found.advance().await? {
        let group = found.current();
        let number = group.count("number").map_err(Error::custom)?;
        numbers.insert(group.text("_id").map_err(Error::custom)?, number);
    }
    Ok(numbers)
}
