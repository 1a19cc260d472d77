//! The stored files that rows name, on their way from a folder of this machine to a media store far away. A row has its new
//! key as soon as its file is there, so that whoever goes on later passes it over.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aviary_domain::file::FileKey;
use aviary_domain::media::{Access, MediaError};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use tokio::task::spawn_blocking;

use super::CopyError;
use super::home::{Home, KeyChange, Limits, Reading, Target};
use super::record::{Record, Value};
use super::report::UploadsReport;
use super::table::{Column, TABLES, Table};
use crate::media::{self, cloudinary::CloudinaryDepot};
use crate::progress::Progress;

/// How many files are on their way at once.
const AT_ONCE: usize = 4;

/// The most rows that are looked at before the database is read again: while their files are on their way, which may take
/// hours, nothing is kept open there.
const ROWS: usize = 100;

/// The waits, in seconds, before a file is tried again while the store cannot be reached. Each attempt has pauses of its own
/// within, so that this comes to some minutes.
const WAITS: [u64; 5] = [1, 2, 5, 10, 20];

/// Where the files are and where they have to be.
#[derive(Debug, Clone)]
pub struct Uploads {
    /// The folder that they are in; it is only read.
    pub from: PathBuf,
    /// The account that is to have them.
    pub to: Arc<CloudinaryDepot>,
}

/// A file that a row names.
struct Named {
    table: &'static Table,
    column: &'static Column,
    row: Value,
    key: FileKey,
    access: Access,
}

impl Named {
    /// Whether it is on this machine, as far as its row knows.
    fn is_here(&self) -> bool {
        self.key.mark().is_none()
    }
}

/// What became of a file.
enum Outcome {
    /// It is there now, so many bytes.
    Uploaded(u64),
    /// It was there.
    Before,
    /// It is nowhere.
    Absent(String),
    /// The store does not take it.
    Refused(String),
    /// The store does not have what this row names.
    Lost(String),
    /// It has so many bytes here and others there.
    Resized(String),
}

/// Makes sure that the account can be used. Changes nothing.
pub(super) async fn check(uploads: &Uploads) -> Result<(), CopyError> {
    uploads.to.check().await.map_err(|cause| CopyError::Upload { name: None, cause })
}

/// Uploads every file that a row of the target names without a mark, and notes its key there; then asks for all.
pub(super) async fn run(
    target: &dyn Target,
    uploads: &Uploads,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<UploadsReport, CopyError> {
    let mut files = UploadsReport::default();
    let home: &dyn Home = target;
    progress.begin("uploading files", Some(count(home, limits).await?));
    let mut rows = Walk::new(home, limits);
    while let Some(named) = rows.next().await? {
        let here = named.into_iter().filter(Named::is_here);
        take_in(here.map(|named| upload(target, uploads, named).boxed()).collect(), &mut files, progress).await?;
    }
    progress.finish();
    progress.begin("comparing files", None);
    let mut rows = Walk::new(home, limits);
    while let Some(named) = rows.next().await? {
        files.named += u64::try_from(named.len()).unwrap_or(u64::MAX);
        let there = named.into_iter().filter(|named| !named.is_here());
        take_in(there.map(|named| compare(uploads, named).boxed()).collect(), &mut files, progress).await?;
    }
    progress.finish();
    Ok(files)
}

/// Does this for some files, a few at once, and takes in what became of each.
async fn take_in(
    work: Vec<BoxFuture<'_, Result<Outcome, CopyError>>>,
    files: &mut UploadsReport,
    progress: &dyn Progress,
) -> Result<(), CopyError> {
    let mut done = stream::iter(work).buffer_unordered(AT_ONCE);
    while let Some(outcome) = done.try_next().await? {
        if let Outcome::Uploaded(bytes) = &outcome {
            progress.carry(*bytes);
        }
        progress.advance(1);
        settle(outcome, files);
    }
    Ok(())
}

/// The files of all rows, those of some rows at a time.
struct Walk<'a> {
    home: &'a dyn Home,
    limits: Limits,
    tables: VecDeque<&'static Table>,
    after: Option<Record>,
}

impl<'a> Walk<'a> {
    fn new(home: &'a dyn Home, limits: Limits) -> Self {
        let tables = TABLES.iter().filter(|table| table.owns_files()).collect();
        Self { home, limits: Limits { rows: limits.rows.min(ROWS), ..limits }, tables, after: None }
    }

    async fn next(&mut self) -> Result<Option<Vec<Named>>, CopyError> {
        while let Some(table) = self.tables.front().copied() {
            let reading = Reading { table, order: table.key, after: self.after.take(), limits: self.limits };
            // Dropped with this: the rows that it reads ahead may be changed meanwhile.
            let mut rows = self.home.read(reading);
            if let Some(batch) = rows.next().await? {
                self.after = batch.records.last().map(|last| last.key(table.key));
                return Ok(Some(batch.records.iter().flat_map(|row| named(table, row)).collect()));
            }
            self.tables.pop_front();
        }
        Ok(None)
    }
}

/// How many files have to be uploaded. Nothing changes meanwhile, so that the tables are read through.
async fn count(home: &dyn Home, limits: Limits) -> Result<u64, CopyError> {
    let mut found = 0;
    for table in TABLES.iter().filter(|table| table.owns_files()) {
        let mut rows = home.read(Reading { table, order: table.key, after: None, limits });
        while let Some(batch) = rows.next().await? {
            found += batch.records.iter().flat_map(|row| named(table, row)).filter(Named::is_here).count();
        }
    }
    Ok(u64::try_from(found).unwrap_or(u64::MAX))
}

/// The files of a row.
fn named(table: &'static Table, row: &Record) -> Vec<Named> {
    let access = match table.column("state").map(|state| row.value(state)) {
        None | Some(Value::Integer(1)) => Access::Public,
        Some(_) => Access::Private,
    };
    let files = table.files(row);
    files.map(|(column, key)| Named { table, column, row: row.value(0).clone(), key, access }).collect()
}

async fn upload(target: &dyn Target, uploads: &Uploads, named: Named) -> Result<Outcome, CopyError> {
    let Named { table, column, row, key, access } = named;
    let path = uploads.from.join(key.name());
    let Some(bytes) = length(&path).await? else { return Ok(Outcome::Absent(key.to_string())) };
    let stored = patiently(|| uploads.to.store(&path, bytes, &key, access)).await;
    let marked = match stored {
        Ok(marked) => marked,
        Err(cause @ MediaError::Unavailable(_)) => return Err(CopyError::Upload { name: Some(key), cause }),
        Err(refusal) => return Ok(Outcome::Refused(format!("{key}: {}", chain(&refusal)))),
    };
    target.change_key(&KeyChange { table, column, row, from: key, to: marked }).await?;
    Ok(Outcome::Uploaded(bytes))
}

async fn compare(uploads: &Uploads, named: Named) -> Result<Outcome, CopyError> {
    let key = named.key;
    let path = uploads.from.join(key.name());
    let here = length(&path).await?;
    let found = patiently(|| uploads.to.find(&key)).await;
    let there = found.map_err(|cause| CopyError::Upload { name: Some(key.unmarked()), cause })?;
    let name = key.name().to_owned();
    Ok(match (here, there) {
        (None, None) => Outcome::Absent(name),
        (Some(_), None) => Outcome::Lost(name),
        (Some(here), Some(there)) if there.bytes.is_some_and(|there| there != here) => Outcome::Resized(name),
        (_, Some(_)) => Outcome::Before,
    })
}

/// Tries again while the store cannot be reached, for some minutes.
async fn patiently<T, F>(attempt: impl Fn() -> F) -> Result<T, MediaError>
where
    F: Future<Output = Result<T, MediaError>>,
{
    for wait in WAITS {
        match attempt().await {
            Err(MediaError::Unavailable(_)) => tokio::time::sleep(Duration::from_secs(wait)).await,
            done => return done,
        }
    }
    attempt().await
}

/// How long a file is; `None` when it is not there.
async fn length(path: &Path) -> Result<Option<u64>, CopyError> {
    let path = path.to_owned();
    let looked = spawn_blocking(move || media::length(&path).map_err(|cause| CopyError::File { path, cause })).await;
    looked.map_err(|_| CopyError::Interrupted)?
}

fn settle(outcome: Outcome, files: &mut UploadsReport) {
    match outcome {
        Outcome::Uploaded(bytes) => {
            files.uploaded += 1;
            files.bytes += bytes;
        }
        Outcome::Before => files.found += 1,
        Outcome::Absent(name) => files.absent.add(name),
        Outcome::Refused(reason) => files.refused.add(reason),
        Outcome::Resized(name) => files.resized.add(name),
        Outcome::Lost(name) => files.lost.add(name),
    }
}

/// An error with its causes, none of which repeats what a provider wrote.
fn chain(error: &MediaError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
