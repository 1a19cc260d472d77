//! What to do where the numbers differ in the end: what another application wrote into our collections in the meantime
//! moves to the quarantine, and what is missing is named.

use std::collections::HashSet;

use mongodb::Collection;
use mongodb::bson::{Bson, DateTime, RawDocumentBuf, doc};
use mongodb::options::{FindOptions, Hint};

use super::legacy::Refusal;
use super::place::{MOST_BYTES, MOST_DOCUMENTS, Places, Source, aside, id_of, raw_id};
use super::quarantine::Quarantine;
use super::report::{Reason, Stage};
use crate::mongo::OpenError;
use crate::mongo::collection::{HISTORY, PLAYLIST_VIDEOS, QUARANTINE};
use crate::mongo::migrate::lock::MigrationLock;

/// How far the clock of another application may be behind the server's: what it wrote in the meantime has an id that
/// tells so, and what is older was converted from an original that has gone since.
const CLOCKS: i64 = 3_600_000;

/// How many ids an error names.
const NAMED: usize = 10;

/// Looks through the collections for what is in them besides what was converted.
pub(super) struct Mender<'a> {
    pub(super) places: &'a Places,
    pub(super) lock: &'a MigrationLock,
    /// When the adoption began.
    pub(super) begun_at: DateTime,
}

impl Mender<'_> {
    /// Moves to the quarantine what was written into one collection in the meantime; answers with how many documents
    /// stay in it whose originals have gone.
    pub(super) async fn sweep(&self, stage: Stage) -> Result<u64, OpenError> {
        let name = stage.collection();
        let (ours, originals) = (self.places.target(name), self.collection(&aside(name)));
        let mut gone = 0;
        let mut ids = Ids::of(&ours).await?;
        while let Some(batch) = ids.next().await? {
            let known = present(&originals, &batch).await?;
            let (known, others): (Vec<Bson>, Vec<Bson>) = batch.into_iter().partition(|id| holds(&known, id));
            let (kept, surplus): (Vec<Bson>, Vec<Bson>) = others.into_iter().partition(|id| self.is_old(id));
            self.forget_lists(stage, &known).await?;
            gone += u64::try_from(kept.len()).unwrap_or(u64::MAX);
            self.move_away(stage, &ours, surplus).await?;
        }
        Ok(gone)
    }

    /// Removes the lists of these documents, which are made anew: when some of their entries were kept out before, the
    /// others stand in the wrong places.
    async fn forget_lists(&self, stage: Stage, ids: &[Bson]) -> Result<(), OpenError> {
        let (name, field) = match stage {
            Stage::Users => (HISTORY, "user"),
            Stage::Playlists => (PLAYLIST_VIDEOS, "playlist"),
            _ => return Ok(()),
        };
        self.lock.still_mine().await?;
        self.places.target(name).delete_many(doc! { field: { "$in": ids } }).await?;
        if stage == Stage::Playlists {
            // They tell where their next entry goes.
            self.lock.still_mine().await?;
            self.places.target(stage.collection()).delete_many(doc! { "_id": { "$in": ids } }).await?;
        }
        Ok(())
    }

    /// How many documents of a collection moved because they were written in the meantime.
    pub(super) async fn moved(&self, stage: Stage) -> Result<u64, OpenError> {
        let of = doc! { "_id.collection": stage.collection(), "reason": Reason::WrittenMeanwhile.code() };
        Ok(self.places.target(QUARANTINE).count_documents(of).await?)
    }

    /// The ids of up to ten originals that became nothing, and of up to ten documents that came from none.
    pub(super) async fn unexplained(&self, stage: Stage) -> Result<Vec<String>, OpenError> {
        let name = stage.collection();
        let (ours, originals) = (self.places.target(name), self.collection(&aside(name)));
        let mut named = Vec::new();
        let mut ids = Ids::of(&originals).await?;
        while let Some(batch) = ids.next().await? {
            let kept = present(&ours, &batch).await?;
            let rest: Vec<Bson> = batch.into_iter().filter(|id| !holds(&kept, id)).collect();
            let places: Vec<Bson> = rest.iter().map(|id| doc! { "collection": name, "id": id }.into()).collect();
            let moved = present(&self.places.target(QUARANTINE), &places).await?;
            let missing = rest.iter().zip(&places).filter(|(_, place)| !holds(&moved, place));
            named.extend(missing.map(|(id, _)| id.to_string()));
            if named.len() >= NAMED {
                break;
            }
        }
        let mut ids = Ids::of(&ours).await?;
        while named.len() < NAMED
            && let Some(batch) = ids.next().await?
        {
            let known = present(&originals, &batch).await?;
            named.extend(batch.iter().filter(|id| !holds(&known, id) && !self.is_old(id)).map(Bson::to_string));
        }
        named.truncate(NAMED);
        Ok(named)
    }

    fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.places.database().collection(name)
    }

    /// Whether an id was made before the adoption began.
    fn is_old(&self, id: &Bson) -> bool {
        let began = self.begun_at.timestamp_millis().saturating_sub(CLOCKS);
        id.as_object_id().is_some_and(|id| id.timestamp().timestamp_millis() < began)
    }

    /// Moves documents, a few at a time. Killed in between, it is in both places and moves again.
    async fn move_away(
        &self,
        stage: Stage,
        ours: &Collection<RawDocumentBuf>,
        ids: Vec<Bson>,
    ) -> Result<(), OpenError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut found = ours.find(doc! { "_id": { "$in": ids } }).await?;
        let (mut some, mut bytes) = (Vec::new(), 0);
        while found.advance().await? {
            let document = found.current().to_owned();
            bytes += document.as_bytes().len();
            some.push(Source { id: id_of(&document)?, document });
            if bytes >= MOST_BYTES {
                self.move_some(stage, ours, &some).await?;
                (some, bytes) = (Vec::new(), 0);
            }
        }
        self.move_some(stage, ours, &some).await
    }

    async fn move_some(
        &self,
        stage: Stage,
        ours: &Collection<RawDocumentBuf>,
        sources: &[Source],
    ) -> Result<(), OpenError> {
        if sources.is_empty() {
            return Ok(());
        }
        let mut quarantine = Quarantine::new(self.begun_at);
        for source in sources {
            quarantine.document(stage, source, Refusal::from(Reason::WrittenMeanwhile))?;
        }
        self.lock.still_mine().await?;
        quarantine.write(self.places).await?;
        let ids: Vec<&Bson> = sources.iter().map(|source| &source.id).collect();
        ours.delete_many(doc! { "_id": { "$in": ids } }).await?;
        Ok(())
    }
}

/// All ids of a collection, batch by batch.
struct Ids {
    cursor: mongodb::Cursor<RawDocumentBuf>,
}

impl Ids {
    async fn of(collection: &Collection<RawDocumentBuf>) -> Result<Self, OpenError> {
        let by_id = doc! { "_id": 1 };
        let options =
            FindOptions::builder().sort(by_id.clone()).hint(Hint::Keys(by_id.clone())).projection(by_id).build();
        Ok(Self { cursor: collection.find(doc! {}).with_options(options).await? })
    }

    async fn next(&mut self) -> Result<Option<Vec<Bson>>, OpenError> {
        let mut ids = Vec::new();
        while ids.len() < MOST_DOCUMENTS && self.cursor.advance().await? {
            ids.push(id_of(self.cursor.current())?);
        }
        Ok(Some(ids).filter(|ids| !ids.is_empty()))
    }
}

/// Which of these ids are in a collection, as their bytes.
async fn present(collection: &Collection<RawDocumentBuf>, ids: &[Bson]) -> Result<HashSet<Vec<u8>>, OpenError> {
    let mut there = HashSet::new();
    if ids.is_empty() {
        return Ok(there);
    }
    let mut found = collection.find(doc! { "_id": { "$in": ids } }).projection(doc! { "_id": 1 }).await?;
    while found.advance().await? {
        there.extend(raw_id(&id_of(found.current())?));
    }
    Ok(there)
}

fn holds(known: &HashSet<Vec<u8>>, id: &Bson) -> bool {
    raw_id(id).is_some_and(|id| known.contains(&id))
}
