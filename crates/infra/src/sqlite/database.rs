//! The open database: reads on pooled connections, writes through one writer that groups commits.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use aviary_domain::StoreError;
use aviary_domain::page::PageRequest;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::answers::Answers;
use super::commits::Commits;
use super::error::SqlError;
use super::found::Found;
use super::pool::Pool;
use super::writer::Writer;

/// How many slow reads run at once; more of them wait, so that they cannot take every thread of the blocking pool.
const SCANS: usize = 4;

/// How long a slow read waits for its turn before its caller is told to come back later.
const SCAN_PATIENCE: Duration = Duration::from_secs(5);

/// How many rows a page may skip before it is read away from the threads that serve requests.
const NEAR: u64 = 1_000;

/// What connections for point reads and pages keep of the file in memory, in KiB: one a core shares this, with [`PAGE_MEMORY`] for
/// each at the least. Scans walk on and seldom come back, so theirs keep little.
const PAGES_MEMORY: usize = 40 * 1024;
const PAGE_MEMORY: usize = 8 * 1024;

/// The connections for point reads and pages.
pub(super) fn pages(file: PathBuf, commits: Arc<Commits>) -> Arc<Pool> {
    let cores = available_parallelism().map_or(1, NonZero::get);
    Arc::new(Pool::keeping(file, cores, PAGE_MEMORY.max(PAGES_MEMORY / cores), commits))
}

/// A handle of the open database; clones share it.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

/// In the order of closing: idle readers before the writer, which is then the last to let go of the file.
struct Inner {
    pages: Arc<Pool>,
    scans: Pool,
    turns: Arc<Semaphore>,
    writer: Writer,
    found: Arc<Found>,
}

impl Database {
    /// Reads from the file; `pages` are for point reads and pages.
    pub(super) fn new(file: PathBuf, pages: Arc<Pool>, writer: Writer, found: Arc<Found>) -> Self {
        let (scans, turns) = (Pool::new(file), Arc::new(Semaphore::new(SCANS)));
        Self { inner: Arc::new(Inner { pages, scans, turns, writer, found }) }
    }

    /// How many matches searches have, as it is remembered.
    pub(super) fn found(&self) -> &Arc<Found> {
        &self.inner.found
    }

    /// Reads in one snapshot, on the calling thread: for point reads and short pages.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, SqlError>) -> Result<T, StoreError> {
        self.inner.pages.read(work).map_err(StoreError::from)
    }

    /// Reads in one snapshot, on the blocking pool: for what may take longer than a request may hold its thread.
    pub(crate) async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = timeout(SCAN_PATIENCE, Arc::clone(&self.inner.turns).acquire_owned()).await;
        let turn = turn.map_err(StoreError::unavailable)?.map_err(StoreError::unavailable)?;
        let database = self.clone();
        let scan = tokio::task::spawn_blocking(move || {
            // Held by the scan and not by its caller, who may go away earlier.
            let _turn = turn;
            database.inner.scans.read(work).map_err(StoreError::from)
        });
        scan.await.map_err(StoreError::backend)?
    }

    /// Reads a page in one snapshot: a near one on the calling thread, one with a high number on the blocking pool.
    pub(crate) async fn read_page<T: Send + 'static>(
        &self,
        page: &PageRequest,
        work: impl FnOnce(&Connection) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_page_again(page, |c, _| work(c)).await
    }

    /// The same for what is asked for again and again: the work finds and leaves answers that hold in the snapshot.
    pub(super) async fn read_page_again<T: Send + 'static>(
        &self,
        page: &PageRequest,
        work: impl FnOnce(&Connection, &mut Answers) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if page.offset() <= NEAR {
            return self.inner.pages.read_again(work).map_err(StoreError::from);
        }
        self.scan(|c| work(c, &mut Answers::default())).await
    }

    /// Does a piece of work that changes rows, wholly or not at all. Success is told only once it would survive a
    /// power loss.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.write(work).await
    }

    /// Finishes the writes that are queued, moves everything into the database file and lets go of the data folder.
    /// From then on every call fails as unavailable. Closing what is closed is no error.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.pages.close();
        self.inner.scans.close();
        self.inner.writer.close().await
    }
}
