//! Comparing the media store with the rows, both ways, while servers go on using both.
//!
//! A file's life has one direction: it is reserved in the ledger, then a row owns it or it is due in the ledger, then it is
//! gone, and its name is never given again. The order of the looks follows from that: what lies in the store first, then
//! the ledger, then what rows own, then the ledger once more. A file that lay there at the first look and was reserved at
//! that time is found by the second look, or was claimed before the third; one that was owned is found by the third, or is
//! due by the fourth. The ledger after the rows alone would miss what was claimed between the two, the ledger before them
//! alone what a row let go of. What none of the looks has found, and still lies there, has no owner and no end.

mod known;

use std::sync::Arc;

use aviary_domain::file::{DueFile, FileKey, FileOwner, OwnedFile};
use aviary_domain::media::{FILM_MISSING, MediaError};
use aviary_domain::video::{Settlement, StatusChange, Video};

use self::known::KnownFiles;
use crate::abreast::some_at_once;
use crate::settle::failed;
use crate::{Error, Ports};

/// How many names or rows are asked for at a time.
const BATCH: usize = 1000;
/// How many files without an owner are looked for before those that are there are made due.
const LOOKED_FOR: usize = 100;
/// The most files that were given up which a report counts.
const GIVEN_UP_COUNTED: usize = 10_000;

/// How far a check is, told to whoever watches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStep {
    /// A part of the check begins.
    Begin(&'static str),
    /// So many more items of the part are done.
    Advance(u64),
    /// The part is done.
    Finish,
}

/// Something that was found any number of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings<T> {
    /// How often.
    pub count: u64,
    /// The first of them, at most [`MediaReport::SHOWN`].
    pub examples: Vec<T>,
}

impl<T> Default for Findings<T> {
    fn default() -> Self {
        Self { count: 0, examples: Vec::new() }
    }
}

impl<T> Findings<T> {
    fn add(&mut self, finding: T) {
        self.count += 1;
        if self.examples.len() < MediaReport::SHOWN {
            self.examples.push(finding);
        }
    }
}

/// What a check has found, and with `fix` has put in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MediaReport {
    /// How many files of ours lie in the store.
    pub files: u64,
    /// How many files of ours rows own.
    pub owned: u64,
    /// Files that no row owns and that the ledger does not know. Put in order: they are due.
    pub orphans: Findings<FileKey>,
    /// Files that rows own and that are not there. Put in order, as far as they are films: their videos have failed.
    pub missing: Findings<OwnedFile>,
    /// Films that are not there, of videos that have failed for that: nothing is left to do but for their owners.
    pub lost: u64,
    /// Files that could not be removed for long, at most 10,000. Put in order: they are due again.
    pub given_up: Findings<DueFile>,
    /// Whether nothing at all lies in the store although rows own files. That is a wrong setting rather than a loss, so that
    /// no video is called failed for it.
    pub is_empty_store: bool,
}

impl MediaReport {
    /// How many findings of a kind a report spells out.
    pub const SHOWN: usize = 100;

    /// Whether store, ledger and rows agree.
    pub fn is_clean(&self) -> bool {
        self.orphans.count + self.missing.count + self.given_up.count == 0
    }
}

/// Who watches a check.
type Watcher<'a> = &'a (dyn Fn(CheckStep) + Send + Sync);

/// Compares the media store with the rows.
#[derive(Clone)]
pub struct MediaCheck {
    ports: Arc<Ports>,
}

impl MediaCheck {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Compares, and with `fix` puts in order what it finds. Takes 17 bytes of memory for each stored file.
    pub async fn run(&self, fix: bool, watcher: Watcher<'_>) -> Result<MediaReport, Error> {
        let mut report = MediaReport::default();
        let mut known = self.list_store(watcher).await?;
        report.files = known.count();
        self.mark_ledger(&mut known, "ledger", watcher).await?;
        self.mark_owned(&mut known, &mut report, fix, watcher).await?;
        self.mark_ledger(&mut known, "ledger, once more", watcher).await?;
        self.find_orphans(&known, &mut report, fix, watcher).await?;
        for file in self.ports.store.files.given_up(GIVEN_UP_COUNTED).await? {
            report.given_up.add(file);
        }
        if fix && report.given_up.count > 0 {
            self.ports.store.files.retry_given_up(self.ports.clock.now()).await?;
        }
        Ok(report)
    }

    async fn list_store(&self, watcher: Watcher<'_>) -> Result<KnownFiles, Error> {
        watcher(CheckStep::Begin("files in the store"));
        let (mut known, mut from) = (KnownFiles::default(), None);
        loop {
            let part = self.ports.inventory.list(from).await.map_err(unlisted)?;
            part.names.iter().for_each(|name| known.add(name));
            watcher(advance(part.names.len()));
            from = part.next;
            if from.is_none() {
                break;
            }
        }
        known.sort();
        watcher(CheckStep::Finish);
        Ok(known)
    }

    async fn mark_ledger(&self, known: &mut KnownFiles, part: &'static str, watcher: Watcher<'_>) -> Result<(), Error> {
        watcher(CheckStep::Begin(part));
        let mut after = None;
        loop {
            let names = self.ports.store.files.list(after, BATCH).await?;
            for name in &names {
                known.mark(name);
            }
            watcher(advance(names.len()));
            let Some(last) = names.into_iter().next_back() else { break };
            after = Some(last);
        }
        watcher(CheckStep::Finish);
        Ok(())
    }

    async fn mark_owned(
        &self,
        known: &mut KnownFiles,
        report: &mut MediaReport,
        fix: bool,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        watcher(CheckStep::Begin("rows"));
        let mut after = None;
        loop {
            let files = self.ports.store.files.owned(after, BATCH).await?;
            let Some(last) = files.last() else { break };
            after = Some(last.owner.place());
            watcher(advance(files.len()));
            // What other applications left is taken to be there.
            for file in files.into_iter().filter(|file| file.key.stem().is_some()) {
                report.owned += 1;
                if !known.mark(&file.key) {
                    self.look_for(file, report, fix).await?;
                }
            }
        }
        report.is_empty_store = report.files == 0 && report.missing.count > 0;
        watcher(CheckStep::Finish);
        Ok(())
    }

    /// Tells whether a file that was not listed is missing: it may have been stored, or its row may have let go of it, since.
    async fn look_for(&self, file: OwnedFile, report: &mut MediaReport, fix: bool) -> Result<(), Error> {
        // Twice, since a file that is being opened or closed may be in neither place while it is looked for in both.
        for _ in 0..2 {
            if self.ports.inventory.holds(&file.key).await.map_err(unlisted)? {
                return Ok(());
            }
        }
        let (is_owned, video) = self.owner_of(&file).await?;
        if !is_owned {
            return Ok(());
        }
        let Some(video) = video else {
            report.missing.add(file);
            return Ok(());
        };
        let lost = failed(FILM_MISSING);
        if video.status == lost {
            report.lost += 1;
            return Ok(());
        }
        report.missing.add(file);
        if fix && report.files > 0 {
            let status = Some(StatusChange { from: video.status, to: lost });
            let said = Settlement { status, ..Settlement::default() };
            self.ports.store.videos.settle(video.id, &said, self.ports.clock.now()).await?;
        }
        Ok(())
    }

    /// Whether the row still owns the file; with the video when it is its film.
    async fn owner_of(&self, file: &OwnedFile) -> Result<(bool, Option<Video>), Error> {
        let same = |key: &FileKey| key.name() == file.key.name();
        let store = &self.ports.store;
        Ok(match file.owner {
            FileOwner::Avatar(user) => (store.users.find(user).await?.is_some_and(|user| same(&user.avatar)), None),
            FileOwner::Cover(user) => {
                let user = store.users.find(user).await?;
                (user.and_then(|user| user.cover_image).is_some_and(|cover| same(&cover)), None)
            }
            FileOwner::Still(video) => {
                (store.videos.find(video).await?.is_some_and(|video| same(&video.thumbnail)), None)
            }
            FileOwner::Film(video) => {
                let video = store.videos.find(video).await?.filter(|video| same(&video.file));
                (video.is_some(), video)
            }
        })
    }

    async fn find_orphans(
        &self,
        known: &KnownFiles,
        report: &mut MediaReport,
        fix: bool,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        watcher(CheckStep::Begin("files without an owner"));
        let mut names = known.unmarked();
        loop {
            let some: Vec<FileKey> = names.by_ref().take(LOOKED_FOR).collect();
            if some.is_empty() {
                break;
            }
            watcher(advance(some.len()));
            let mut orphans = self.still_there(some).await?;
            orphans.sort_unstable();
            if fix && !orphans.is_empty() {
                self.ports.store.files.reserve(&orphans, self.ports.clock.now()).await?;
            }
            for name in orphans {
                report.orphans.add(name);
            }
        }
        watcher(CheckStep::Finish);
        Ok(())
    }

    /// Those that lie in the store: what was due and has been removed meanwhile is in the ledger no more, and gone.
    async fn still_there(&self, names: Vec<FileKey>) -> Result<Vec<FileKey>, Error> {
        let looked = some_at_once(names, |name| {
            let inventory = Arc::clone(&self.ports.inventory);
            async move { Ok(inventory.holds(&name).await.map_err(unlisted)?.then_some(name)) }
        });
        Ok(looked.await?.into_iter().flatten().collect())
    }
}

/// No field of anybody's is at fault when the store cannot be listed.
fn unlisted(error: MediaError) -> Error {
    match error {
        MediaError::Unavailable(cause) => Error::Unavailable(cause),
        other => Error::Internal(other.into()),
    }
}

fn advance(items: usize) -> CheckStep {
    CheckStep::Advance(u64::try_from(items).unwrap_or(u64::MAX))
}
