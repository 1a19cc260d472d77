//! How far an adoption has come, noted in the database itself, so that it goes on wherever it was killed.

use std::collections::BTreeMap;

use mongodb::bson::{DateTime, Document, deserialize_from_document, doc, serialize_to_document};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};
use serde::{Deserialize, Serialize};

use super::adopted;
use super::error::AdoptionError;
use super::report::{AdoptionReport, Stage, Tally};
use crate::mongo::OpenError;
use crate::mongo::collection::META;
use crate::mongo::schema::ADOPTION;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Phase {
    /// Collections that have our names are renamed.
    SettingAside,
    /// Our collections and indexes are made.
    Making,
    /// Documents are converted, one kind after the other.
    Copying(Stage),
    /// Counts are taken from what was copied: those of the so manieth collection.
    Counting(usize),
    /// The numbers differed: what somebody else wrote moves away, and all is copied again where it is not there.
    Mending,
    /// The originals are dropped.
    Finishing,
}

/// How far an adoption has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// How often it was written; a process whose number is not the last one has been overtaken.
    revision: i64,
    pub(super) phase: Phase,
    /// The last document that was looked at in this phase: its id alone, which may be of any type, null included.
    pub(super) position: Option<Document>,
    /// When it began, by the server's clock.
    pub(super) begun_at: DateTime,
    /// The collections that are renamed.
    pub(super) set_aside: Vec<String>,
    /// The collections that are none of ours.
    pub(super) left_alone: Vec<String>,
    pub(super) tallies: BTreeMap<Stage, Tally>,
}

impl State {
    /// The beginning.
    pub(super) fn new(begun_at: DateTime, set_aside: Vec<String>, left_alone: Vec<String>) -> Self {
        Self {
            revision: 0,
            phase: Phase::SettingAside,
            position: None,
            begun_at,
            set_aside,
            left_alone,
            tallies: BTreeMap::new(),
        }
    }

    /// What was noted, if an adoption was begun.
    pub(super) async fn load(database: &Database) -> Result<Option<Self>, OpenError> {
        let Some(noted) = meta(database).find_one(doc! { "_id": ADOPTION }).await? else { return Ok(None) };
        let state = deserialize_from_document(noted).map_err(|error| AdoptionError::Note(error.to_string()))?;
        Ok(Some(state))
    }

    /// Notes the beginning.
    pub(super) async fn begin(&self, database: &Database) -> Result<(), OpenError> {
        let made = doc! { "$setOnInsert": self.noted()? };
        let meta = meta(database);
        let begun = meta.find_one_and_update(doc! { "_id": ADOPTION }, made).upsert(true);
        // Whoever had noted one before is the one who goes on.
        match begun.return_document(ReturnDocument::Before).await? {
            None => Ok(()),
            Some(_) => Err(AdoptionError::Overtaken.into()),
        }
    }

    /// Notes how far it has come. Fails where somebody else has noted anything since.
    pub(super) async fn save(&mut self, database: &Database) -> Result<(), OpenError> {
        let before = doc! { "_id": ADOPTION, "revision": self.revision };
        self.revision += 1;
        let saved = meta(database).replace_one(before, self.noted()?).await?;
        if saved.matched_count == 0 { Err(AdoptionError::Overtaken.into()) } else { Ok(()) }
    }

    /// Notes for good what was made, and that it was made at this time, and forgets how.
    pub(super) async fn end(&self, database: &Database, ended_at: DateTime) -> Result<(), OpenError> {
        adopted::note(database, self, ended_at).await?;
        meta(database).delete_one(doc! { "_id": ADOPTION }).await?;
        Ok(())
    }

    /// What can be told of it.
    pub(super) fn report(&self) -> AdoptionReport {
        AdoptionReport::new(self.tallies.clone(), self.set_aside.clone(), self.left_alone.clone())
    }

    fn noted(&self) -> Result<Document, OpenError> {
        Ok(serialize_to_document(self).map_err(|error| AdoptionError::Note(error.to_string()))?)
    }
}

fn meta(database: &Database) -> Collection<Document> {
    database.collection(META)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mongodb::bson::{Bson, DateTime, deserialize_from_document, doc};

    use super::super::report::{EntryReason, Note, Reason, Stage, Tally};
    use super::{Phase, State};

    #[test]
    fn what_is_noted_is_read_back() {
        let mut state = State::new(DateTime::from_millis(7), vec!["users".to_owned()], vec!["others".to_owned()]);
        let tally = Tally {
            read: 3,
            kept: 1,
            quarantined: BTreeMap::from([(Reason::EmailTaken, 2)]),
            entries_read: 5,
            entries_kept: 4,
            entries_quarantined: BTreeMap::from([(EntryReason::Surplus, 1)]),
            notes: BTreeMap::from([(Note::TokenDropped, 1)]),
            malformed: BTreeMap::from([("owner".to_owned(), 1)]),
            ..Tally::default()
        };
        state.tallies.insert(Stage::Histories, tally);
        for phase in
            [Phase::SettingAside, Phase::Copying(Stage::Likes), Phase::Counting(3), Phase::Mending, Phase::Finishing]
        {
            for position in [None, Some(doc! { "_id": 7 }), Some(doc! { "_id": Bson::Null })] {
                state.phase = phase;
                state.position = position;
                let read: State = deserialize_from_document(state.noted().unwrap()).unwrap();
                assert_eq!(read.noted().unwrap(), state.noted().unwrap());
                assert_eq!((read.phase, read.position), (phase, state.position.clone()));
                assert_eq!(read.tallies, state.tallies);
            }
        }
    }
}
