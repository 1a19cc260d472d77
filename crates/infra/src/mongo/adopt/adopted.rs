//! What a finished adoption leaves in the database for good: when it was, and what it made.

use std::collections::BTreeMap;

use mongodb::bson::{DateTime, Document, deserialize_from_document, doc, serialize_to_document};
use mongodb::{Collection, Database};
use serde::{Deserialize, Serialize};

use super::error::AdoptionError;
use super::report::{Adopted, AdoptionReport, Stage, Tally};
use super::state::State;
use crate::mongo::OpenError;
use crate::mongo::collection::META;
use crate::mongo::document::timestamp;

/// The document that tells.
const ADOPTED: &str = "adopted";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Noted {
    begun_at: DateTime,
    /// Missing where an earlier version noted it.
    ended_at: Option<DateTime>,
    set_aside: Vec<String>,
    left_alone: Vec<String>,
    tallies: BTreeMap<Stage, Tally>,
}

/// Notes what was made, and that it was finished at this time.
pub(super) async fn note(database: &Database, state: &State, ended_at: DateTime) -> Result<(), OpenError> {
    let AdoptionReport { stages, set_aside, left_alone } = state.report();
    let noted = Noted { begun_at: state.begun_at, ended_at: Some(ended_at), set_aside, left_alone, tallies: stages };
    let noted = serialize_to_document(&noted).map_err(|error| AdoptionError::Note(error.to_string()))?;
    meta(database).replace_one(doc! { "_id": ADOPTED }, noted).upsert(true).await?;
    Ok(())
}

/// What was noted, if the database was adopted.
pub(in crate::mongo) async fn load(database: &Database) -> Result<Option<Adopted>, OpenError> {
    let Some(noted) = meta(database).find_one(doc! { "_id": ADOPTED }).await? else { return Ok(None) };
    // Nothing depends on it: a database must not be refused for the sake of a note that another version wrote.
    let noted: Noted = match deserialize_from_document(noted) {
        Ok(noted) => noted,
        Err(error) => {
            tracing::warn!(%error, "what was noted about the adoption of this database cannot be read");
            return Ok(None);
        }
    };
    let report = AdoptionReport::new(noted.tallies, noted.set_aside, noted.left_alone);
    Ok(Some(Adopted { at: timestamp(noted.ended_at.unwrap_or(noted.begun_at)), report }))
}

fn meta(database: &Database) -> Collection<Document> {
    database.collection(META)
}
