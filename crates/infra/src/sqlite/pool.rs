//! Connections for reading. One is opened whenever all are taken: the callers bound how many that can be.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aviary_domain::StoreError;
use rusqlite::Connection;

use super::answers::Answers;
use super::commits::{Commits, State};
use super::connection;
use super::error::SqlError;

/// How many idle connections are kept for the next readers.
const KEPT: usize = 16;

/// What a connection keeps of the file in memory at least, in KiB.
pub(super) const LEAST_MEMORY: usize = 4 * 1024;

/// How long a snapshot serves at the most: what a person changes with another program is counted by nobody.
const LIFE: Duration = Duration::from_millis(100);

/// The idle connections; `None` once the pool is closed.
pub(super) struct Pool {
    file: PathBuf,
    /// How much of the file a connection keeps in memory, in KiB.
    memory: usize,
    /// How many connections may still be opened with so much; further ones keep [`LEAST_MEMORY`].
    roomy: AtomicUsize,
    /// Whether snapshots are kept from one reader to the next, and until when.
    commits: Option<Arc<Commits>>,
    idle: Mutex<Option<Vec<Reader>>>,
}

/// A connection with the snapshot that it was left with.
struct Reader {
    connection: Connection,
    /// The state that the snapshot shows; `None` where there is no snapshot.
    shows: Option<State>,
    /// Before the snapshot began.
    begun: Instant,
    /// What the snapshot was asked for.
    answers: Answers,
}

impl Pool {
    /// Every reader has a snapshot of its own.
    pub(super) fn new(file: PathBuf) -> Self {
        Self {
            file,
            memory: LEAST_MEMORY,
            roomy: AtomicUsize::new(0),
            commits: None,
            idle: Mutex::new(Some(Vec::new())),
        }
    }

    /// A snapshot serves until something is committed. So many connections keep so many KiB in memory.
    pub(super) fn keeping(file: PathBuf, roomy: usize, memory: usize, commits: Arc<Commits>) -> Self {
        Self { memory, roomy: AtomicUsize::new(roomy), commits: Some(commits), ..Self::new(file) }
    }

    /// Runs a piece of work inside one transaction, so that all its queries see the same state: no earlier one than that of the
    /// last commit that anybody was told of.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, SqlError>) -> Result<T, SqlError> {
        self.read_again(|connection, _| work(connection))
    }

    /// The same for what is asked for again and again: the work finds and leaves answers that hold in this snapshot.
    pub(super) fn read_again<T>(
        &self,
        work: impl FnOnce(&Connection, &mut Answers) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let mut reader = self.take()?;
        let state = self.state();
        if state.is_none() || reader.shows != state || reader.begun.elapsed() > LIFE {
            reader.leave()?;
            reader.connection.prepare_cached("BEGIN")?.execute([])?;
            (reader.shows, reader.begun) = (state, Instant::now());
        }
        // On a panic the connection is dropped with its transaction instead of going back to the others.
        let result = work(&reader.connection, &mut reader.answers);
        if reader.connection.is_autocommit() {
            // SQLite has ended the transaction by itself: what went wrong stands in the result.
            return result;
        }
        if state.is_none() || result.is_err() || self.state() != state {
            reader.end()?;
        }
        self.put_back(reader)?;
        result
    }

    /// Ends the snapshots of the idle connections: they keep the log from being moved and begun anew.
    pub(super) fn rest(&self) {
        if let Some(readers) = self.idle().as_mut() {
            // One that cannot end its transaction is of no use any more.
            readers.retain_mut(|reader| reader.leave().is_ok());
        }
    }

    /// Closes the idle connections; those in use close when they come back.
    pub(super) fn close(&self) {
        drop(self.idle().take());
    }

    fn state(&self) -> Option<State> {
        self.commits.as_ref().and_then(|commits| commits.state())
    }

    fn take(&self) -> Result<Reader, SqlError> {
        let idle = match self.idle().as_mut() {
            Some(readers) => readers.pop(),
            None => return Err(StoreError::unavailable("the store is closed").into()),
        };
        idle.map_or_else(|| self.open(), Ok)
    }

    fn open(&self) -> Result<Reader, SqlError> {
        let is_roomy =
            self.roomy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let connection = connection::reader(&self.file, if is_roomy { self.memory } else { LEAST_MEMORY })?;
        Ok(Reader { connection, shows: None, begun: Instant::now(), answers: Answers::default() })
    }

    fn put_back(&self, mut reader: Reader) -> Result<(), SqlError> {
        if let Some(readers) = self.idle().as_mut()
            && readers.len() < KEPT
        {
            // Asked again where nobody can be told to rest meanwhile: whoever comes later is told.
            if reader.shows != self.state() {
                reader.leave()?;
            }
            readers.push(reader);
        }
        Ok(())
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Reader>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Ends the snapshot, if there is one.
    fn leave(&mut self) -> rusqlite::Result<()> {
        if self.shows.is_some() { self.end() } else { Ok(()) }
    }

    fn end(&mut self) -> rusqlite::Result<()> {
        self.answers.forget();
        self.connection.prepare_cached("ROLLBACK")?.execute([])?;
        self.shows = None;
        Ok(())
    }
}
