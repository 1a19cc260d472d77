//! What a copy needs of a home, whichever engine it is: rows in order out of it, rows and the place of the copy into it.

use std::collections::BTreeSet;
use std::path::Path;

use async_trait::async_trait;
use aviary_domain::StoreError;
use aviary_domain::file::FileKey;
use aviary_domain::media::site::MediaSite;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::CopyError;
use super::record::{Record, Value};
use super::table::{Column, TABLES, Table};
use crate::progress::Progress;

/// How much is read and written at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most rows of a batch.
    pub rows: usize,
    /// About the most bytes of a batch; a single row may have more.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 1_000, bytes: 4 << 20 }
    }
}

/// Some rows of a table.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The rows, in the order that was asked for.
    pub(crate) records: Vec<Record>,
    /// What else was in their documents.
    pub(crate) strange: Strange,
    bytes: usize,
}

impl Batch {
    pub(crate) fn push(&mut self, record: Record) {
        self.bytes += record.size();
        self.records.push(record);
    }

    /// Whether no more should go into it.
    pub(crate) fn is_full(&self, limits: Limits) -> bool {
        self.records.len() >= limits.rows || self.bytes >= limits.bytes
    }
}

/// Fields of documents that are none of ours, as an adopted database may have them.
#[derive(Debug, Default)]
pub(crate) struct Strange {
    /// How many documents have any.
    pub(crate) documents: u64,
    /// The first of their names.
    pub(crate) fields: BTreeSet<String>,
}

impl Strange {
    /// How many names are told.
    const SHOWN: usize = 10;

    pub(crate) fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.fields.extend(other.fields);
        while self.fields.len() > Self::SHOWN {
            self.fields.pop_last();
        }
    }
}

/// What a reader sends: batches, and nothing as its last word, so that one who died is not taken for one who is done.
pub(crate) type Read = Result<Option<Batch>, CopyError>;

/// The rows of a table, batch by batch, while they are being read.
pub(crate) struct Rows {
    receiver: mpsc::Receiver<Read>,
}

impl Rows {
    /// How many batches are read ahead.
    const AHEAD: usize = 2;

    /// Both ends: the reader stops when this one is dropped.
    pub(crate) fn channel() -> (mpsc::Sender<Read>, Self) {
        let (sender, receiver) = mpsc::channel(Self::AHEAD);
        (sender, Self { receiver })
    }

    /// The next batch; none after the last one.
    pub(crate) async fn next(&mut self) -> Read {
        self.receiver.recv().await.unwrap_or(Err(CopyError::Interrupted))
    }
}

/// Which rows to read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// Of which table.
    pub(crate) table: &'static Table,
    /// In the order of which columns.
    pub(crate) order: &'static [usize],
    /// After the row with these values in them.
    pub(crate) after: Option<Record>,
    /// In batches of what size.
    pub(crate) limits: Limits,
}

/// A file that a row knows by another key from now on.
#[derive(Debug, Clone)]
pub(crate) struct KeyChange {
    /// Of which table.
    pub(crate) table: &'static Table,
    /// The column with the key.
    pub(crate) column: &'static Column,
    /// The row, by the value in its first column, which is its id.
    pub(crate) row: Value,
    /// The key as it was.
    pub(crate) from: FileKey,
    /// The key as it is.
    pub(crate) to: FileKey,
}

/// When the tasks are due that come of films with a new key: since ever, so that they are known among others.
pub(crate) const SINCE_EVER: i64 = 0;

/// Counts of the whole home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Published videos.
    pub(crate) published_videos: i64,
    /// Tweets.
    pub(crate) tweets: i64,
}

/// How far a copy has come; kept in the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Which home is copied.
    pub(crate) source: String,
    /// The table that is being copied; none when all are.
    pub(crate) table: Option<String>,
    /// The last of its rows that has arrived.
    pub(crate) after: Option<Record>,
}

impl Place {
    /// Whether nothing has arrived yet, but rows that will arrive again.
    pub(crate) fn begins(&self) -> bool {
        self.after.is_none() && TABLES.first().is_some_and(|first| self.table.as_deref() == Some(first.name))
    }

    /// As a target keeps it.
    pub(crate) fn to_text(&self) -> Result<String, CopyError> {
        Ok(serde_json::to_string(self).map_err(StoreError::backend)?)
    }

    /// What a target kept.
    pub(crate) fn of_text(text: &str, target: &dyn Target) -> Result<Self, CopyError> {
        serde_json::from_str(text).map_err(|_| CopyError::unreadable(target))
    }
}

/// One side of a copy.
#[async_trait]
pub(crate) trait Home: Send + Sync {
    /// What to call it, in a sentence; no secret.
    fn name(&self) -> String;

    /// About how many rows a table has.
    async fn count(&self, table: &'static Table) -> Result<u64, CopyError>;

    /// Reads rows in the background, a few batches ahead, until the receiver is dropped.
    fn read(&self, reading: Reading) -> Rows;

    /// The counts of the whole home.
    async fn totals(&self) -> Result<Totals, CopyError>;
}

/// The side that is copied.
#[async_trait]
pub(crate) trait Source: Home {
    /// Removes what deleted things left, step by step; answers how many rows went, and 0 when none are left.
    async fn purge(&self) -> Result<u64, CopyError>;

    /// What is not copied because the application knows nothing of it, with its number of items.
    async fn strangers(&self) -> Result<Vec<(String, u64)>, CopyError>;

    /// The id of the media folder that its servers share; none where it has not been named, as in a data folder, whose
    /// server has its media to itself.
    async fn media(&self) -> Result<Option<String>, CopyError>;

    /// Where it has noted that its files are; none where no server has been.
    async fn site(&self) -> Result<Option<MediaSite>, CopyError>;

    /// Refuses a media store that is not the one where its files are.
    async fn check_site(&self, own: &MediaSite) -> Result<(), CopyError>;

    /// Refuses any folder but the one with that id.
    async fn check_media(&self, folder: &Path) -> Result<(), CopyError>;

    /// Lets go of it.
    async fn close(self: Box<Self>) -> Result<(), CopyError>;
}

/// The side that is written. Until it is finished nothing serves it.
#[async_trait]
pub(crate) trait Target: Home {
    /// How to get rid of what was copied and of nothing else, as a part of a sentence.
    fn undo(&self) -> String;

    /// The place where an earlier copy ended, if one did.
    async fn place(&self) -> Result<Option<Place>, CopyError>;

    /// Notes the place of the copy.
    async fn note(&self, place: &Place) -> Result<(), CopyError>;

    /// Drops the indexes that are made faster of all rows at once, where the engine has such; may be done again. Not before the
    /// place is noted: without them the home must not be served.
    async fn put_off_indexes(&self) -> Result<(), CopyError>;

    /// Makes the indexes that are not there; nothing to do where none were put off.
    async fn make_indexes(&self, progress: &dyn Progress) -> Result<(), CopyError>;

    /// Where its files are, as far as it has noted that.
    async fn site(&self) -> Result<Option<MediaSite>, CopyError>;

    /// Notes where its files are, whatever was noted before.
    async fn note_site(&self, site: &MediaSite) -> Result<(), CopyError>;

    /// Adds rows, of which some may be there already when the copy was interrupted, and then notes the place.
    async fn write(&self, table: &'static Table, records: Vec<Record>, place: &Place) -> Result<(), CopyError>;

    /// Notes the new key of a file, unless its row has another key by now. That of a film makes a media task too, due
    /// [since ever](SINCE_EVER), where its video has none: what the media store makes out of films is asked for by that.
    async fn change_key(&self, change: &KeyChange) -> Result<(), CopyError>;

    /// Sets the counts of the whole home.
    async fn write_totals(&self, totals: Totals) -> Result<(), CopyError>;

    /// Makes it a home that can be served, where it is shared by servers with the media folder that has this id.
    async fn finish(self: Box<Self>, media: Option<String>) -> Result<(), CopyError>;

    /// Lets go of it as it is, to be continued.
    async fn leave(self: Box<Self>) -> Result<(), CopyError>;
}
