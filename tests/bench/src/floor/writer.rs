//! The writing end of SQLite: one thread that commits together what waits at the same time, and syncs once for all of it.

use std::thread;

use anyhow::{Context, anyhow};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::rows;

/// How many inserts wait before further callers are held back.
const QUEUE: usize = 1024;
/// The most inserts in one commit.
const GROUP: usize = 256;

type Waiting = oneshot::Sender<Result<(), String>>;

/// The handle of the writing thread, which ends with it.
pub(super) struct Writer(mpsc::Sender<Waiting>);

impl Writer {
    /// Starts the thread over a connection that syncs every commit.
    pub(super) fn start(connection: Connection) -> anyhow::Result<Self> {
        let (sender, mut inserts) = mpsc::channel::<Waiting>(QUEUE);
        let write = move || {
            while let Some(first) = inserts.blocking_recv() {
                let mut group = vec![first];
                let more = std::iter::from_fn(|| inserts.try_recv().ok());
                group.extend(more.take(GROUP - 1));
                let done = insert(&connection, group.len()).map_err(|error| error.to_string());
                for waiting in group {
                    // Whoever does not wait any more needs no answer.
                    let _ = waiting.send(done.clone());
                }
            }
        };
        thread::Builder::new().name("floor-writer".to_owned()).spawn(write).context("cannot start the writer")?;
        Ok(Self(sender))
    }

    /// Inserts a row and waits until it would survive a power loss.
    pub(super) async fn insert(&self) -> anyhow::Result<()> {
        let (waiting, done) = oneshot::channel();
        self.0.send(waiting).await.context("the writer has ended")?;
        done.await.context("the writer has ended")?.map_err(|error| anyhow!(error))
    }
}

/// Inserts so many rows and commits them at once; nothing of them remains where that fails.
fn insert(connection: &Connection, count: usize) -> rusqlite::Result<()> {
    let all = connection.unchecked_transaction()?;
    let mut statement = all.prepare_cached("INSERT INTO inserted (text) VALUES (?1)")?;
    for _ in 0..count {
        statement.execute([rows::text()])?;
    }
    drop(statement);
    all.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everything_that_was_answered_is_there_and_reads_find_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("floor.sqlite3");
        let writer = Writer::start(rows::fill_sqlite(&file).unwrap()).unwrap();
        let inserts = (0..300).map(|_| writer.insert());
        let done = futures_util::future::join_all(inserts).await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        let connection = Connection::open(&file).unwrap();
        let count: i64 = connection.query_row("SELECT count(*) FROM inserted", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 300);
        let reader = super::super::Reader::open(&file).unwrap();
        assert!(reader.row(0).unwrap() && reader.row(rows::ROWS - 1).unwrap());
        assert!(!reader.row(rows::ROWS).unwrap());
    }
}
