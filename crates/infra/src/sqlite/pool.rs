//! Connections for reading. One is opened whenever all are taken: the callers bound how many that can be.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aviary_domain::StoreError;
use rusqlite::Connection;

use super::connection;
use super::error::SqlError;

/// How many idle connections are kept for the next readers.
const KEPT: usize = 16;

/// The idle connections; `None` once the pool is closed.
pub(super) struct Pool {
    file: PathBuf,
    /// How much of the file each connection keeps in memory, in KiB.
    memory: usize,
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Pool {
    pub(super) fn new(file: PathBuf, memory: usize) -> Self {
        Self { file, memory, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Runs a piece of work inside one transaction, so that all its queries see the same state.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, SqlError>) -> Result<T, SqlError> {
        let reader = self.take()?;
        reader.prepare_cached("BEGIN")?.execute([])?;
        // On a panic the connection is dropped with its transaction instead of going back to the others.
        let result = work(&reader);
        reader.prepare_cached("ROLLBACK")?.execute([])?;
        self.put_back(reader);
        result
    }

    /// Closes the idle connections; those in use close when they come back.
    pub(super) fn close(&self) {
        drop(self.idle().take());
    }

    fn take(&self) -> Result<Connection, SqlError> {
        let idle = match self.idle().as_mut() {
            Some(connections) => connections.pop(),
            None => return Err(StoreError::unavailable("the store is closed").into()),
        };
        Ok(idle.map_or_else(|| connection::reader(&self.file, self.memory), Ok)?)
    }

    fn put_back(&self, reader: Connection) {
        if let Some(connections) = self.idle().as_mut()
            && connections.len() < KEPT
        {
            connections.push(reader);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
