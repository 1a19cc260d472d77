//! The one thread that writes. It commits together what waits at the same time, so that many writers share one fsync.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use aviary_domain::StoreError;
use rusqlite::Connection;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;

use crate::data_folder::DataFolder;

use super::checkpoint::Log;
use super::commits::Commits;
use super::error::SqlError;
use super::found::Found;
use super::job::{Job, Task, run_statement};

/// How many writes wait before further callers are held back.
const QUEUE: usize = 1024;
/// The most writes in one commit.
const GROUP: usize = 256;
/// How long a group takes in further writes: longer than most disks sync, so that under load most of the time goes
/// into writing, and short beside what a caller under such load waits anyway.
const SPAN: Duration = Duration::from_millis(20);

enum Message {
    Write(Box<dyn Job>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The handle of the writing thread. Dropping it lets the thread finish what is queued and waits for that.
pub(super) struct Writer {
    messages: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread, which keeps the data folder until it ends.
    pub(super) fn start(
        connection: Connection,
        log: Log,
        commits: Arc<Commits>,
        found: Arc<Found>,
        folder: DataFolder,
    ) -> std::io::Result<Self> {
        let (sender, messages) = mpsc::channel(QUEUE);
        let worker = Worker { connection, log, commits, found, folder, messages, closers: Vec::new() };
        let thread = thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || worker.run())?;
        Ok(Self { messages: Some(sender), thread: Some(thread) })
    }

    /// Queues a piece of work and waits until it is durable or has failed.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (task, answer) = Task::new(work);
        self.send(Message::Write(Box::new(task))).await?;
        answer.await.map_err(StoreError::unavailable)?
    }

    /// Finishes what is queued and lets go of the file.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (sender, answer) = oneshot::channel();
        match self.send(Message::Close(sender)).await {
            Ok(()) => answer.await.map_err(StoreError::unavailable)?,
            Err(_) => Ok(()),
        }
    }

    async fn send(&self, message: Message) -> Result<(), StoreError> {
        let closed = || StoreError::unavailable("the store is closed");
        let messages = self.messages.as_ref().ok_or_else(closed)?;
        messages.send(message).await.map_err(|_| closed())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.messages.take());
        // A write may hold the last handle of the database: the thread cannot wait for itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id())
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to the database panicked");
        }
    }
}

/// What lives on the writing thread.
struct Worker {
    connection: Connection,
    log: Log,
    commits: Arc<Commits>,
    found: Arc<Found>,
    folder: DataFolder,
    messages: Receiver<Message>,
    closers: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

impl Worker {
    fn run(mut self) {
        while let Some(message) = self.messages.blocking_recv() {
            if let Some(job) = self.accept(message) {
                self.write_group(job);
                self.log.committed(&self.connection);
            }
        }
        drop(self.log);
        let mut outcome = Some(finish(self.connection, self.folder));
        for closer in self.closers {
            drop(closer.send(outcome.take().unwrap_or(Ok(()))));
        }
    }

    /// The work that a message brings. After a wish to close, what is queued already still comes, then the end.
    fn accept(&mut self, message: Message) -> Option<Box<dyn Job>> {
        match message {
            Message::Write(job) => Some(job),
            Message::Close(closer) => {
                self.messages.close();
                self.closers.push(closer);
                None
            }
        }
    }

    /// Runs a piece of work and whatever else is waiting, and commits all of it at once.
    fn write_group(&mut self, first: Box<dyn Job>) {
        let begun = Instant::now();
        if let Err(error) = run_statement(&self.connection, "BEGIN IMMEDIATE") {
            return first.settle(Err(Arc::new(error)));
        }
        let mut group = Vec::new();
        let mut next = Some(first);
        while let Some(mut job) = next {
            job.run(&self.connection);
            group.push(job);
            let open = !self.connection.is_autocommit() && group.len() < GROUP && begun.elapsed() < SPAN;
            next = if open { self.waiting() } else { None };
        }
        let commit = self.commits.during(|| self.commit()).map_err(Arc::new);
        self.found.committed();
        for job in group {
            job.settle(commit.clone());
        }
    }

    /// The next work that is there already.
    fn waiting(&mut self) -> Option<Box<dyn Job>> {
        while let Ok(message) = self.messages.try_recv() {
            if let Some(job) = self.accept(message) {
                return Some(job);
            }
        }
        None
    }

    /// Commits; when that fails, nothing of the group remains.
    fn commit(&self) -> rusqlite::Result<()> {
        let committed = run_statement(&self.connection, "COMMIT");
        if let Err(error) = &committed {
            tracing::error!(%error, "a group of writes was not committed");
            if !self.connection.is_autocommit() {
                run_statement(&self.connection, "ROLLBACK")?;
            }
        }
        committed
    }
}

/// Moves the log into the database file, closes it, and notes that the end was in order.
fn finish(connection: Connection, folder: DataFolder) -> Result<(), StoreError> {
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    let closed = connection.close().map_err(|(_, error)| error);
    checkpoint.and(closed).map_err(StoreError::backend)?;
    folder.release().map_err(StoreError::backend)
}
