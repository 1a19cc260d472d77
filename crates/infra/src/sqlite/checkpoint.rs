//! Moves the log into the database file beside the thread that writes, which so need not wait for it.
//!
//! SQLite's own way is that the COMMIT which makes the log a thousand pages long moves them all, and everybody who wants
//! to write waits. Here a thread of its own moves them while the log goes on growing; the thread that writes only does
//! the rest when the log is long, because it alone can begin the log anew.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::commits::Commits;
use super::pool::Pool;

/// How many pages of 4 KiB are written to the log before they are moved. The more, the more often only the last of
/// several versions of a page is.
const ROUND: u32 = 2_000;
/// From how many pages on the log is to begin anew.
const LONG: u32 = 8_000;
/// How many pages may be left to move where the thread that writes does it: a matter of some milliseconds.
const REST: u32 = 256;
/// How long the log may become (128 MiB) before writing waits. A bound for the disk, and for what is read at the next start
/// after a kill.
const LONGEST: u32 = 32_000;
/// How long the log waits for readers of earlier states before it begins anew; else it goes on for [`REST`] pages.
const READERS: Duration = Duration::from_millis(10);
/// What the connection otherwise waits for.
const OTHERS: Duration = Duration::from_secs(5);

/// The log, as the thread that writes sees it.
pub(super) struct Log {
    /// How many pages it has, as the last commit told.
    length: Arc<AtomicU32>,
    /// How many of them have been moved.
    moved: u32,
    /// From which length on more of it may be moved.
    round_at: u32,
    /// From which length on beginning anew is tried.
    restart_at: u32,
    mover: Mover,
    /// Readers whose snapshots keep the log where it is.
    readers: Weak<Pool>,
    commits: Arc<Commits>,
}

impl Log {
    /// Follows the log of the writing connection. The other connection is for moving; the readers keep snapshots.
    pub(super) fn follow(
        writer: &mut Connection,
        mover: Connection,
        readers: &Arc<Pool>,
        commits: Arc<Commits>,
    ) -> std::io::Result<Self> {
        let length = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&length);
        // It comes in place of SQLite's own, so that no COMMIT moves anything.
        let followed = writer.wal_hook(Some(move |_: &mut Wal, pages: i32| {
            told.store(pages.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }));
        followed.map_err(std::io::Error::other)?;
        let (mover, readers) = (Mover::start(mover)?, Arc::downgrade(readers));
        Ok(Self { length, moved: 0, round_at: ROUND, restart_at: LONG, mover, readers, commits })
    }

    /// To be called after each commit on the writing connection, when nobody waits for that any more.
    pub(super) fn committed(&mut self, writer: &Connection) {
        let length = self.length.load(Ordering::Relaxed);
        if length < self.moved {
            // It has begun anew.
            (self.moved, self.round_at, self.restart_at) = (0, ROUND, LONG);
        }
        match self.mover.outcome(length >= LONGEST) {
            Outcome::Pending => return,
            Outcome::Moved(moved) => self.moved = moved,
            Outcome::Failed => self.round_at = length + ROUND,
            Outcome::Idle => {}
        }
        let rest = length.saturating_sub(self.moved);
        if length >= self.restart_at && (rest <= REST || length >= LONGEST) {
            self.restart_at = length + REST;
            let restarted = self.commits.closed(|| {
                self.rest();
                restart(writer)
            });
            match restarted {
                Ok(moved) => self.moved = moved,
                Err(error) => tracing::warn!(%error, "the log of the database could not begin anew"),
            }
        } else if length >= self.round_at && (rest >= ROUND || length >= self.restart_at) {
            self.rest();
            self.mover.move_log();
        }
    }

    fn rest(&self) {
        if let Some(readers) = self.readers.upgrade() {
            readers.rest();
        }
    }
}

/// Moves what is left, and lets the next write begin the log anew unless a reader still needs it.
fn restart(writer: &Connection) -> rusqlite::Result<u32> {
    writer.busy_timeout(READERS)?;
    let moved = checkpoint(writer, "PRAGMA wal_checkpoint(RESTART)");
    writer.busy_timeout(OTHERS)?;
    moved
}

/// Moves the log in the way that the statement names, and tells how many of its pages are moved.
fn checkpoint(connection: &Connection, statement: &str) -> rusqlite::Result<u32> {
    connection.query_row(statement, [], |row| Ok(row.get::<_, i32>(2)?.max(0).unsigned_abs()))
}

/// What became of the last round.
enum Outcome {
    /// There was none since this was last asked.
    Idle,
    /// It goes on.
    Pending,
    /// So many pages of the log are moved now.
    Moved(u32),
    /// It failed, as was logged.
    Failed,
}

/// The thread that moves the log, with its own connection. Dropping it waits for the end of what it does.
struct Mover {
    rounds: Option<Sender<()>>,
    outcomes: Receiver<Outcome>,
    busy: bool,
    thread: Option<JoinHandle<()>>,
}

impl Mover {
    fn start(connection: Connection) -> std::io::Result<Self> {
        let (rounds, wanted) = channel();
        let (sender, outcomes) = channel();
        let work = move || while wanted.recv().is_ok() && sender.send(round(&connection)).is_ok() {};
        let thread = thread::Builder::new().name("sqlite-log".to_owned()).spawn(work)?;
        Ok(Self { rounds: Some(rounds), outcomes, busy: false, thread: Some(thread) })
    }

    /// Begins a round.
    fn move_log(&mut self) {
        self.busy = self.rounds.as_ref().is_some_and(|rounds| rounds.send(()).is_ok());
    }

    /// What became of the round that was begun; waits for its end on demand.
    fn outcome(&mut self, wait: bool) -> Outcome {
        if !self.busy {
            return Outcome::Idle;
        }
        let outcome = if wait {
            self.outcomes.recv().unwrap_or(Outcome::Failed)
        } else {
            self.outcomes.try_recv().unwrap_or_else(|error| match error {
                TryRecvError::Empty => Outcome::Pending,
                TryRecvError::Disconnected => Outcome::Failed,
            })
        };
        self.busy = matches!(outcome, Outcome::Pending);
        outcome
    }
}

/// Moves as much of the log as no reader needs where it is, and waits for nobody.
fn round(connection: &Connection) -> Outcome {
    match checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
        Ok(moved) => Outcome::Moved(moved),
        Err(error) => {
            tracing::warn!(%error, "the log of the database could not be moved into it");
            Outcome::Failed
        }
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        drop(self.rounds.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that moves the log of the database panicked");
        }
    }
}
