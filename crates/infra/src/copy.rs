//! Moves a home to another one, whichever engine either is: every row with its id, times, hashes and counts, then a
//! comparison of both sides row by row. Whatever stops it, the next run goes on where it was.

mod error;
mod files;
pub(crate) mod home;
pub(crate) mod record;
mod report;
mod site;
pub(crate) mod table;
mod uploads;
mod verify;

use std::fmt;
use std::path::PathBuf;

use crate::progress::Progress;
use crate::{mongo, sqlite};

use home::{Home, Place, Reading, Source, Target};
use table::{TABLES, Table};

pub use error::CopyError;
pub use files::{Media, MediaFolders};
pub use home::Limits;
pub use report::{CopyReport, Difference, DifferenceKind, FilesReport, Layout, Names, TableReport, UploadsReport};
pub use uploads::Uploads;

/// Where a home is.
#[derive(Clone)]
pub enum HomePlace {
    /// A data folder with the embedded store.
    Folder(PathBuf),
    /// The URI of a MongoDB database; it may hold a password and is never shown.
    MongoDb(String),
}

impl fmt::Debug for HomePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
            Self::MongoDb(_) => f.write_str("MongoDb"),
        }
    }
}

/// Copies a home, or goes on with a copy that was interrupted, and compares both sides.
///
/// A target whose comparison finds differences stays an unfinished copy: no server opens it. Without a word about the media
/// its files are of no concern; a MongoDB database that has named its media folder hands that on to another one all the same.
pub async fn copy(
    source: &HomePlace,
    target: &HomePlace,
    media: Option<&Media>,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<CopyReport, CopyError> {
    transfer(opened(source).await?, target, media, limits, progress).await
}

/// The home that is in a place, to be read.
async fn opened(place: &HomePlace) -> Result<Box<dyn Source>, CopyError> {
    match place {
        HomePlace::Folder(path) => sqlite::copy::source(path),
        HomePlace::MongoDb(uri) => mongo::copy::source(uri).await,
    }
}

/// Copies from whatever gives rows, and lets go of it.
pub(crate) async fn transfer(
    from: Box<dyn Source>,
    target: &HomePlace,
    media: Option<&Media>,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<CopyReport, CopyError> {
    let copied = copy_from(from.as_ref(), target, media, limits, progress).await;
    let closed = from.close().await;
    let (report, to, shared) = copied?;
    // The last step of all: whoever is killed before it goes on, and after it nothing is left to do.
    match closed {
        Ok(()) if report.is_equal() => to.finish(shared).await?,
        closed => to.leave().await.and(closed)?,
    }
    Ok(report)
}

async fn copy_from(
    from: &dyn Source,
    target: &HomePlace,
    media: Option<&Media>,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<(CopyReport, Box<dyn Target>, Option<String>), CopyError> {
    purge(from, progress).await?;
    let identity = identity(from).await?;
    if let Some(media) = media {
        // Before anything is written: without their files the rows are of little use.
        check_files(from, media, limits).await?;
    }
    let shared = shared(from, target, media).await?;
    let to = match target {
        HomePlace::Folder(path) => sqlite::copy::target(path, &identity)?,
        HomePlace::MongoDb(uri) => mongo::copy::target(uri, &identity).await?,
    };
    match copy_into(from, to.as_ref(), &identity, media, limits, progress).await {
        Ok(report) => {
            // Servers whose files are all far away need not have a folder in common.
            let is_far = report.uploads.as_ref().is_some_and(|uploads| uploads.refused.count == 0);
            Ok((report, to, shared.filter(|_| !is_far)))
        }
        Err(error) => {
            // It says more than that the target could not be let go of.
            drop(to.leave().await);
            Err(error)
        }
    }
}

/// Refuses a media folder that is not that of the home, and a media store that cannot be used.
async fn check_files(from: &dyn Source, media: &Media, limits: Limits) -> Result<(), CopyError> {
    if let Media::Uploads(uploads) = media {
        from.check_site(uploads.to.site()).await?;
    }
    let are_there = files::check(from, media.from(), limits).await?;
    if let Media::Uploads(uploads) = media {
        uploads::check(uploads).await?;
        if !are_there {
            // Every file is far away already, and nobody needs the folder.
            return Ok(());
        }
    }
    from.check_media(media.from()).await
}

/// Uploads the files of a home that stays where it is, and has it know them by their new keys. Whatever stops it, the next
/// run goes on where it was. No server may use the home meanwhile.
pub async fn upload(
    home: &HomePlace,
    uploads: &Uploads,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<UploadsReport, CopyError> {
    let from = opened(home).await?;
    let checked = match purge(from.as_ref(), progress).await {
        Ok(()) => check_files(from.as_ref(), &Media::Uploads(uploads.clone()), limits).await,
        failed => failed,
    };
    from.close().await.and(checked)?;
    let to = match home {
        HomePlace::Folder(path) => sqlite::copy::home(path)?,
        HomePlace::MongoDb(uri) => mongo::copy::home(uri).await?,
    };
    // Before the first row names a file there: whoever is killed in between leaves a home that knows where its files are.
    let done = match to.note_site(uploads.to.site()).await {
        Ok(()) => uploads::run(to.as_ref(), uploads, limits, progress).await,
        Err(error) => Err(error),
    };
    to.leave().await.and(done)
}

/// The id of the media folder that the servers of a database will have to share; none where nobody can tell yet, or where
/// the target is a data folder, whose server has its media to itself.
async fn shared(from: &dyn Source, target: &HomePlace, media: Option<&Media>) -> Result<Option<String>, CopyError> {
    match (target, from.media().await?, media) {
        (HomePlace::Folder(_), ..) | (_, None, None) => Ok(None),
        (HomePlace::MongoDb(_), Some(id), _) => Ok(Some(id)),
        // The id stays with the folder, wherever that is moved or mounted.
        (HomePlace::MongoDb(_), None, Some(media)) => Ok(Some(mongo::copy::identify(media.from()).await?)),
    }
}

/// What deleted things left is not worth copying, and rows that refer to what is gone would not fit.
async fn purge(from: &dyn Source, progress: &dyn Progress) -> Result<(), CopyError> {
    let mut removed = from.purge().await?;
    if removed == 0 {
        return Ok(());
    }
    progress.begin("purging", None);
    while removed > 0 {
        progress.advance(removed);
        removed = from.purge().await?;
    }
    progress.finish();
    Ok(())
}

/// By what a home is known again: its first user, who is never removed; nothing while there is none.
pub(crate) async fn identity(from: &dyn Home) -> Result<String, CopyError> {
    let Some(table) = TABLES.first() else { return Ok(String::new()) };
    let limits = Limits { rows: 1, ..Limits::default() };
    let first = from.read(Reading { table, order: table.key, after: None, limits }).next().await?;
    Ok(first.and_then(|batch| batch.records.first().map(|user| user.key(table.key).to_string())).unwrap_or_default())
}

async fn copy_into(
    from: &dyn Source,
    to: &dyn Target,
    identity: &str,
    media: Option<&Media>,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<CopyReport, CopyError> {
    let found = to.place().await?;
    let mut report = CopyReport { continued: found.is_some(), undo: to.undo(), ..CopyReport::default() };
    let mut place = match found {
        Some(place) if place.source == identity => place,
        Some(_) => return Err(CopyError::OtherCopy { home: to.name(), undo: to.undo() }),
        None => Place { source: identity.to_owned(), table: TABLES.first().map(name), after: None },
    };
    site::hand_on(from, to, report.continued, media).await?;
    to.note(&place).await?;
    if place.begins() {
        to.put_off_indexes().await?;
    }
    if let Some(begun) = place.table.clone() {
        let begun = TABLES.iter().position(|table| table.is(&begun));
        let begun = begun.ok_or_else(|| CopyError::unreadable(to))?;
        for table in TABLES.iter().skip(begun) {
            copy_table(from, to, table, &mut place, limits, progress).await?;
        }
        to.write_totals(from.totals().await?).await?;
        place = Place { table: None, after: None, ..place };
        to.note(&place).await?;
    }
    // Also when all rows had come before: an earlier run may have ended over this.
    to.make_indexes(progress).await?;
    match media {
        Some(Media::Moves(folders)) => files::copy(from, folders, limits, progress, &mut report).await?,
        Some(Media::Uploads(uploads)) => report.uploads = Some(uploads::run(to, uploads, limits, progress).await?),
        Some(Media::Stays(_)) | None => {}
    }
    let moved = report.uploads.is_some();
    for table in TABLES {
        verify::compare(from, to, table, moved, limits, progress, &mut report).await?;
    }
    report.compare_totals(from.totals().await?, to.totals().await?);
    report.strangers = from.strangers().await?;
    Ok(report)
}

async fn copy_table(
    from: &dyn Source,
    to: &dyn Target,
    table: &'static Table,
    place: &mut Place,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<(), CopyError> {
    // Somewhere before this table, the place says nothing about its rows.
    let after = place.after.take().filter(|_| place.table.as_deref() == Some(table.name));
    place.table = Some(name(table));
    progress.begin(table.name, Some(from.count(table).await?));
    let mut rows = from.read(Reading { table, order: table.arrival(), after, limits });
    while let Some(batch) = rows.next().await? {
        let length = u64::try_from(batch.records.len()).unwrap_or(u64::MAX);
        place.after = batch.records.last().map(|last| last.key(table.arrival()));
        to.write(table, batch.records, place).await?;
        progress.advance(length);
    }
    place.after = None;
    progress.finish();
    Ok(())
}

fn name(table: &Table) -> String {
    table.name.to_owned()
}
