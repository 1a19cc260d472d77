//! Adoption: a database that another application of the family has filled becomes ours. Its collections are renamed,
//! converted into ours, counted and, once nothing is missing, dropped. Killed anywhere, it goes on from there.

mod adopted;
mod convert;
mod copy;
mod count;
mod entries;
mod error;
mod legacy;
mod mend;
mod place;
mod quarantine;
mod report;
mod state;
mod survey;
mod value;
mod verify;

use std::collections::BTreeMap;

use mongodb::Database;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::error::{Error, ErrorKind};

use self::copy::Copier;
use self::mend::Mender;
use self::place::{Places, SCRATCH, aside};
use self::state::{Phase, State};
use self::survey::{inventory, is_filled, now};
use self::verify::Difference;
use super::OpenError;
use super::maintenance::reconcile::facts::COUNTED;
use super::migrate::MigrateMode;
use super::migrate::lock::MigrationLock;
use super::schema;
use crate::progress::Progress;

pub(super) use self::adopted::load as adopted;
pub(super) use self::survey::{looked_for, survey};

pub use self::error::AdoptionError;
pub use self::report::{Adopted, AdoptionReport, EntryReason, Note, Reason, Stage, Tally};

/// The server's code for a collection that is not there.
const NAMESPACE_NOT_FOUND: i32 = 26;

/// Adopts a database, or goes on where that was left; or only tells what would become of it, by converting all of it
/// into scratch collections that are dropped again.
pub(super) async fn run(
    database: &Database,
    lock: &MigrationLock,
    mode: MigrateMode,
    progress: &dyn Progress,
) -> Result<AdoptionReport, OpenError> {
    let is_rehearsal = mode == MigrateMode::DryRun;
    let state = match State::load(database).await? {
        Some(state) if !is_rehearsal => state,
        _ => inventory(database).await?,
    };
    let places = Places::new(database.clone(), is_rehearsal);
    let mut adoption = Adoption { places, lock, progress, state, is_mended: false };
    match mode {
        MigrateMode::Apply => adoption.adopt().await?,
        MigrateMode::DryRun => adoption.rehearse().await?,
    }
    Ok(adoption.state.report())
}

struct Adoption<'a> {
    places: Places,
    lock: &'a MigrationLock,
    progress: &'a dyn Progress,
    state: State,
    /// Whether numbers that differed were mended already: once is enough, unless somebody still writes.
    is_mended: bool,
}

impl Adoption<'_> {
    async fn adopt(&mut self) -> Result<(), OpenError> {
        self.lock.still_mine().await?;
        // Of a rehearsal that was killed.
        self.drop_scratch().await?;
        if State::load(self.database()).await?.is_none() {
            self.state.begin(self.database()).await?;
        }
        loop {
            match self.state.phase {
                Phase::SettingAside => {
                    self.set_aside().await?;
                    self.go_on(Phase::Making).await?;
                }
                Phase::Making => {
                    self.lock.still_mine().await?;
                    schema::make(self.database()).await?;
                    self.go_on(Phase::Copying(Stage::Users)).await?;
                }
                Phase::Copying(stage) => {
                    self.copy(stage).await?;
                    self.go_on(stage.next().map_or(Phase::Counting(0), Phase::Copying)).await?;
                }
                Phase::Counting(place) => {
                    let next = self.count(place).await?;
                    self.go_on(next).await?;
                }
                Phase::Mending => {
                    self.mend().await?;
                    self.go_on(Phase::Copying(Stage::Users)).await?;
                }
                Phase::Finishing => return self.finish().await,
            }
        }
    }

    /// Tells what adopting would make, and leaves nothing of it.
    async fn rehearse(&mut self) -> Result<(), OpenError> {
        self.drop_scratch().await?;
        let rehearsed = self.rehearse_all().await;
        let dropped = self.drop_scratch().await;
        // The first failure says more.
        rehearsed.and(dropped)
    }

    async fn rehearse_all(&mut self) -> Result<(), OpenError> {
        for (name, indexes) in schema::shape()? {
            let is_unique = |index: &Document| index.get_bool("unique").unwrap_or_default();
            let indexes: Vec<Document> = indexes.into_iter().filter(is_unique).collect();
            if !indexes.is_empty() {
                self.lock.still_mine().await?;
                let command = doc! { "createIndexes": self.places.target_name(&name), "indexes": indexes };
                self.database().run_command(command).await?;
            }
        }
        for stage in Stage::ALL {
            self.state.position = None;
            self.copy(stage).await?;
        }
        Ok(())
    }

    async fn drop_scratch(&self) -> Result<(), OpenError> {
        for name in self.database().list_collection_names().await? {
            if name.starts_with(SCRATCH) {
                self.lock.still_mine().await?;
                self.database().collection::<Document>(&name).drop().await?;
            }
        }
        Ok(())
    }

    fn database(&self) -> &Database {
        self.places.database()
    }

    /// Notes that a phase is over.
    async fn go_on(&mut self, phase: Phase) -> Result<(), OpenError> {
        self.state.phase = phase;
        self.state.position = None;
        self.note().await
    }

    async fn note(&mut self) -> Result<(), OpenError> {
        if self.places.is_rehearsal {
            return Ok(());
        }
        self.lock.still_mine().await?;
        let database = self.places.database().clone();
        self.state.save(&database).await
    }

    /// Renames what has our names, so that none of it stands where we write.
    async fn set_aside(&self) -> Result<(), OpenError> {
        let database = self.database();
        for name in &self.state.set_aside {
            let present = database.list_collection_names().await?;
            if present.contains(&aside(name)) {
                continue;
            }
            self.lock.still_mine().await?;
            let (from, to) = (self.full_name(name), self.full_name(&aside(name)));
            let admin = database.client().database("admin");
            match admin.run_command(doc! { "renameCollection": from, "to": to }).await {
                // One who was killed may have been heard nevertheless.
                Err(error) if is_not_found(&error) => {}
                done => drop(done?),
            }
        }
        self.check_nobody_writes().await
    }

    fn full_name(&self, collection: &str) -> String {
        format!("{}.{collection}", self.database().name())
    }

    /// An application that still runs makes its collections anew, with its own indexes.
    async fn check_nobody_writes(&self) -> Result<(), OpenError> {
        let present = self.database().list_collection_names().await?;
        for (name, _) in schema::shape()? {
            if !present.contains(&name) {
                continue;
            }
            let collection = self.database().collection::<RawDocumentBuf>(&name);
            if is_filled(&collection).await? {
                return Err(AdoptionError::Returned(name).into());
            }
            self.lock.still_mine().await?;
            collection.drop().await?;
        }
        Ok(())
    }

    /// Copies what one kind of documents has left.
    async fn copy(&mut self, stage: Stage) -> Result<(), OpenError> {
        let expected = self.places.source(stage).estimated_document_count().await?;
        self.progress.begin(stage.title(), Some(expected));
        let done = self.state.tallies.entry(stage).or_default().read;
        if self.state.position.is_some() {
            self.progress.advance(done);
        }
        let moved_at = self.state.begun_at;
        loop {
            let sources = self.places.read(stage, self.state.position.as_ref()).await?;
            let Some(last) = sources.last().map(|source| source.id.clone()) else { break };
            let read = u64::try_from(sources.len()).unwrap_or(u64::MAX);
            let copier = Copier { places: &self.places, lock: self.lock, moved_at };
            let tally = copier.batch(stage, sources).await?;
            self.state.tallies.entry(stage).or_default().add(tally);
            self.state.position = Some(doc! { "_id": last });
            self.note().await?;
            self.progress.advance(read);
        }
        self.progress.finish();
        Ok(())
    }

    /// Counts what one collection has left, and tells what comes next.
    async fn count(&mut self, place: usize) -> Result<Phase, OpenError> {
        let Some(counted) = COUNTED.get(place) else {
            self.lock.still_mine().await?;
            count::totals(self.database()).await?;
            return match verify::verify(&self.places, &self.state.tallies).await? {
                None => Ok(Phase::Finishing),
                Some(_) if !self.is_mended => Ok(Phase::Mending),
                Some(difference) => Err(self.unexplained(difference).await?.into()),
            };
        };
        let expected =
            self.database().collection::<RawDocumentBuf>(counted.collection).estimated_document_count().await?;
        self.progress.begin(&format!("counting for {}", counted.collection), Some(expected));
        loop {
            self.lock.still_mine().await?;
            let Some((last, number)) = count::next(self.database(), counted, self.state.position.as_ref()).await?
            else {
                break;
            };
            self.state.position = Some(last);
            self.note().await?;
            self.progress.advance(number);
        }
        self.progress.finish();
        Ok(Phase::Counting(place + 1))
    }

    /// Moves away what somebody else wrote and begins to copy anew: what is there already stays, what is missing comes
    /// back, and what had been kept out by what moved is let in.
    async fn mend(&mut self) -> Result<(), OpenError> {
        self.is_mended = true;
        let mut tallies = BTreeMap::new();
        for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Histories) {
            self.progress.begin(&format!("looking through {}", stage.title()), None);
            let mender = self.mender();
            let originals_gone = mender.sweep(stage).await?;
            let written_meanwhile = mender.moved(stage).await?;
            tallies.insert(stage, Tally { written_meanwhile, originals_gone, ..Tally::default() });
            self.progress.finish();
        }
        self.state.tallies = tallies;
        Ok(())
    }

    async fn unexplained(&self, difference: Difference) -> Result<AdoptionError, OpenError> {
        let ids = self.mender().unexplained(difference.stage).await?;
        let named = if ids.is_empty() { String::new() } else { format!(" (such as {})", ids.join(", ")) };
        let Difference { place, found, expected, .. } = difference;
        Ok(AdoptionError::Miscounted { place, found, expected, named })
    }

    fn mender(&self) -> Mender<'_> {
        Mender { places: &self.places, lock: self.lock, begun_at: self.state.begun_at }
    }

    /// Drops the originals of what was converted; collections of another kind stay set aside.
    async fn finish(&self) -> Result<(), OpenError> {
        let families = Stage::ALL.map(Stage::collection);
        for name in families.iter().filter(|name| self.state.set_aside.iter().any(|aside| aside == *name)) {
            self.lock.still_mine().await?;
            self.database().collection::<Document>(&aside(name)).drop().await?;
        }
        self.lock.still_mine().await?;
        schema::mark(self.database(), schema::VERSION).await?;
        let ended_at = now(self.database()).await?;
        self.lock.still_mine().await?;
        self.state.end(self.database(), ended_at).await
    }
}

fn is_not_found(error: &Error) -> bool {
    matches!(error.kind.as_ref(), ErrorKind::Command(error) if error.code == NAMESPACE_NOT_FOUND)
}
