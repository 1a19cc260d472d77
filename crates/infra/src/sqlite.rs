//! The embedded store: every port over one SQLite file in a data folder that one process owns.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aviary_domain::Store;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::data_folder::{DataFolder, FolderError};

pub mod comment;
pub mod dashboard;
pub mod file;
pub mod history;
pub mod idempotency;
pub mod lease;
pub mod like;
pub mod maintenance;
pub mod media_site;
pub mod media_task;
pub mod playlist;
pub mod session;
pub mod subscription;
pub mod ticket;
pub mod tweet;
pub mod user;
pub mod video;

mod answers;
mod checkpoint;
mod commits;
mod connection;
pub(crate) mod copy;
mod database;
mod error;
mod found;
mod job;
mod migrate;
mod newest;
mod pool;
mod row;
mod video_row;
mod writer;

#[cfg(test)]
mod tests;

pub use database::Database;

use checkpoint::Log;
use commits::Commits;
use found::Found;
use writer::Writer;

/// The database file in the data folder.
const DATABASE: &str = "aviary.sqlite3";

/// Why a data folder could not be opened. Each is a sentence for the person who starts the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be had.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file is not an SQLite database, or that of another program.
    #[error("{} is not a database of Aviary", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The database was written by a later version of this program.
    #[error("the database {} has version {found}, but this program knows versions up to {known}: use a newer one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of the database.
        found: usize,
        /// The latest version that this program knows.
        known: usize,
    },
    /// The file system has no shared memory for the log (some network file systems).
    #[error("the database {} cannot keep a write-ahead log here (SQLite offers {mode}): use a local disk", path.display())]
    NoLog {
        /// The file.
        path: PathBuf,
        /// The journal mode that SQLite offers instead.
        mode: String,
    },
    /// The file is damaged, as the check after an unclean stop or opening it found.
    #[error("the database {} is damaged: {finding}; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first thing found.
        finding: String,
    },
    /// The folder was left while another home was being copied into it, or while it was being seeded.
    #[error(
        "the data folder {} holds half a copy of another home, or half of what was seeded: run `aviary copy` (or \
         `aviary seed`) again, as before, or remove {} (and nothing else: the folder may hold the only media)",
        path.display(), copy::remains(path)
    )]
    HalfCopied {
        /// The folder.
        path: PathBuf,
    },
    /// A migration failed and left no trace.
    #[error("the migration {name} failed")]
    Migration {
        /// Which one.
        name: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The system gives no thread to write on.
    #[error("the thread that writes to the database cannot be started")]
    Thread(#[source] std::io::Error),
    /// SQLite failed otherwise.
    #[error("the database cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
}

/// A store that is ready to serve.
pub struct OpenStore {
    /// The ports.
    pub store: Store,
    /// What they share; to be closed at the end.
    pub database: Database,
    /// Whether the last process that used the folder was killed or lost its power; the file was checked then.
    pub unclean: bool,
}

/// Takes a data folder, checks its database after an unclean stop, and brings it to the present version.
///
/// Leases of a dead process are free: whoever had them is gone. Its reservations go on to their end, because what they
/// are for may still be on its way: from a browser to the media store, or within that.
pub fn open(folder: &Path) -> Result<OpenStore, OpenError> {
    let Prepared { mut connection, file, folder, .. } = prepare(folder)?;
    connection.execute_batch("DELETE FROM leases")?;
    let unclean = folder.unclean();
    let found = Found::follow(&mut connection)?;
    let commits = Arc::new(Commits::default());
    let pages = database::pages(file.clone(), Arc::clone(&commits));
    let log = Log::follow(&mut connection, connection::mover(&file)?, &pages, Arc::clone(&commits));
    let log = log.map_err(OpenError::Thread)?;
    let writer = Writer::start(connection, log, commits, Arc::clone(&found), folder).map_err(OpenError::Thread)?;
    let database = Database::new(file, pages, writer, found);
    Ok(OpenStore { store: store(&database), database, unclean })
}

/// Only brings the database of a folder to the present version. Answers with the names of the applied migrations.
pub fn migrate(folder: &Path) -> Result<Vec<&'static str>, OpenError> {
    let Prepared { connection, folder, applied, .. } = prepare(folder)?;
    connection.close().map_err(|(_, error)| error)?;
    folder.release()?;
    Ok(applied)
}

/// Only tells which migrations the database of a folder lacks. Changes nothing.
pub fn pending(folder: &Path) -> Result<Vec<&'static str>, OpenError> {
    copy::refuse_unfinished(folder)?;
    let file = folder.join(DATABASE);
    if !file.exists() {
        return Ok(migrate::pending(0));
    }
    let folder = DataFolder::take(folder)?;
    let looked = look(&file).map_err(|error| match error {
        OpenError::Sqlite(error) => recognise(error, &file),
        other => other,
    });
    // Whoever opens the folder next must still see that the last one did not end in good order.
    if !folder.unclean() {
        folder.release()?;
    }
    looked
}

fn look(file: &Path) -> Result<Vec<&'static str>, OpenError> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let version = migrate::check_ours(&connection, file)?;
    Ok(migrate::pending(version))
}

/// A database of the present version.
struct Prepared {
    connection: Connection,
    /// Where it lies. From now on only SQLite may open it: POSIX ends all locks of a process on a file when any of its handles is
    /// closed, and those of the connections are among them.
    file: PathBuf,
    folder: DataFolder,
    /// The steps that were applied.
    applied: Vec<&'static str>,
}

fn prepare(folder: &Path) -> Result<Prepared, OpenError> {
    copy::refuse_unfinished(folder)?;
    let folder = DataFolder::take(folder)?;
    let file = folder.file(DATABASE)?;
    let prepared = prepare_database(&file, folder.unclean()).map_err(|error| match error {
        OpenError::Sqlite(error) => recognise(error, &file),
        other => other,
    });
    match prepared {
        Ok((connection, applied)) => Ok(Prepared { connection, file, folder, applied }),
        Err(error) => {
            // A refused start changed nothing: a folder that was in order still is.
            if !folder.unclean() {
                folder.release()?;
            }
            Err(error)
        }
    }
}

fn prepare_database(file: &Path, unclean: bool) -> Result<(Connection, Vec<&'static str>), OpenError> {
    let mut connection = connection::writer(file)?;
    migrate::check_ours(&connection, file)?;
    connection::make_durable(&connection, file)?;
    if unclean {
        check(&connection, file)?;
    }
    let applied = migrate::migrate(&mut connection)?;
    Ok((connection, applied))
}

/// Tells a file of another kind, and a damaged one, from a failure of SQLite.
fn recognise(error: rusqlite::Error, file: &Path) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign { path: file.to_owned() },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path: file.to_owned(), finding: error.to_string() },
        _ => OpenError::Sqlite(error),
    }
}

fn check(connection: &Connection, file: &Path) -> Result<(), OpenError> {
    let finding: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if finding == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: file.to_owned(), finding }) }
}

fn store(database: &Database) -> Store {
    Store {
        users: Arc::new(user::SqliteUsers::new(database.clone())),
        sessions: Arc::new(session::SqliteSessions::new(database.clone())),
        videos: Arc::new(video::SqliteVideos::new(database.clone())),
        comments: Arc::new(comment::SqliteComments::new(database.clone())),
        tweets: Arc::new(tweet::SqliteTweets::new(database.clone())),
        likes: Arc::new(like::SqliteLikes::new(database.clone())),
        subscriptions: Arc::new(subscription::SqliteSubscriptions::new(database.clone())),
        playlists: Arc::new(playlist::SqlitePlaylists::new(database.clone())),
        history: Arc::new(history::SqliteHistory::new(database.clone())),
        dashboard: Arc::new(dashboard::SqliteDashboard::new(database.clone())),
        files: Arc::new(file::SqliteFileLedger::new(database.clone())),
        tickets: Arc::new(ticket::SqliteTickets::new(database.clone())),
        media_site: Arc::new(media_site::SqliteMediaSiteNote::new(database.clone())),
        media_tasks: Arc::new(media_task::SqliteMediaTasks::new(database.clone())),
        idempotency: Arc::new(idempotency::SqliteIdempotency::new(database.clone())),
        leases: Arc::new(lease::SqliteLeases::new(database.clone())),
        maintenance: Arc::new(maintenance::SqliteMaintenance::new(database.clone())),
    }
}
