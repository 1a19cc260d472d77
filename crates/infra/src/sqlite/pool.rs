//! Connections for reading. One is opened whenever all are taken: the callers bound how many that can be.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aviary_domain::StoreError;
use rusqlite::Connection;

use super::commits::{Commits, State};
use super::connection;
use super::error::SqlError;

/// How many idle connections are kept for the next readers.
const KEPT: usize = 16;

/// The idle connections; `None` once the pool is closed.
pub(super) struct Pool {
    file: PathBuf,
    /// How much of the file each connection keeps in memory, in KiB.
    memory: usize,
    /// Whether snapshots are kept from one reader to the next, and until when.
    commits: Option<Arc<Commits>>,
    idle: Mutex<Option<Vec<Reader>>>,
}

/// A connection with the snapshot that it was left with.
struct Reader {
    connection: Connection,
    /// The state that the snapshot shows; `None` where there is no snapshot.
    shows: Option<State>,
}

impl Pool {
    /// Every reader has a snapshot of its own.
    pub(super) fn new(file: PathBuf, memory: usize) -> Self {
        Self { file, memory, commits: None, idle: Mutex::new(Some(Vec::new())) }
    }

    /// A snapshot serves until something is committed.
    pub(super) fn keeping(file: PathBuf, memory: usize, commits: Arc<Commits>) -> Self {
        Self { commits: Some(commits), ..Self::new(file, memory) }
    }

    /// Runs a piece of work inside one transaction, so that all its queries see the same state: no earlier one than that of the
    /// last commit that anybody was told of.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, SqlError>) -> Result<T, SqlError> {
        let mut reader = self.take()?;
        let state = self.state();
        if state.is_none() || reader.shows != state {
            reader.leave()?;
            reader.connection.prepare_cached("BEGIN")?.execute([])?;
            reader.shows = state;
        }
        // On a panic the connection is dropped with its transaction instead of going back to the others.
        let result = work(&reader.connection);
        if state.is_none() || result.is_err() || self.state() != state {
            reader.end()?;
        }
        self.put_back(reader);
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
        let open = || Ok(Reader { connection: connection::reader(&self.file, self.memory)?, shows: None });
        idle.map_or_else(open, Ok)
    }

    fn put_back(&self, reader: Reader) {
        if let Some(readers) = self.idle().as_mut()
            && readers.len() < KEPT
        {
            readers.push(reader);
        }
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
        self.connection.prepare_cached("ROLLBACK")?.execute([])?;
        self.shows = None;
        Ok(())
    }
}
