//! One piece of writing: done inside a savepoint of its own, answered only after the group's COMMIT.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aviary_domain::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::SqlError;

/// What the writer knows of a piece of work.
pub(super) trait Job: Send {
    /// Does the work; if it fails, nothing of it remains. Afterwards there is either the group's transaction or,
    /// when SQLite gave it up, none.
    fn run(&mut self, connection: &Connection);

    /// Answers the caller: with the work's own result if the group was committed.
    fn settle(self: Box<Self>, commit: Result<(), Arc<rusqlite::Error>>);
}

/// A closure and who waits for its result.
pub(super) struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Task<T, F> {
    pub(super) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (answer, receiver) = oneshot::channel();
        (Self { work: Some(work), result: None, answer }, receiver)
    }
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, SqlError> + Send,
{
    fn run(&mut self, connection: &Connection) {
        if let Some(work) = self.work.take() {
            self.result = Some(in_savepoint(connection, work).map_err(StoreError::from));
        }
    }

    fn settle(self: Box<Self>, commit: Result<(), Arc<rusqlite::Error>>) {
        let result = match (self.result, commit) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(cause)) => Err(StoreError::unavailable(cause)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::backend("a write was never run")),
        };
        // The caller may have gone away: the work is done all the same.
        drop(self.answer.send(result));
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    run_statement(connection, "SAVEPOINT job")?;
    let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(StoreError::backend("a write panicked").into()));
    let ended = match &result {
        Ok(_) => run_statement(connection, "RELEASE job"),
        Err(_) if connection.is_autocommit() => Ok(()),
        Err(_) => run_statement(connection, "ROLLBACK TO job").and_then(|()| run_statement(connection, "RELEASE job")),
    };
    if let Err(error) = ended {
        // Half of the work may stand in the transaction: the whole group must go rather than be committed with it.
        if let Err(also) = run_statement(connection, "ROLLBACK") {
            tracing::error!(error = %also, "a failed group of writes could not be rolled back");
        }
        return Err(error.into());
    }
    result
}

/// Runs a statement that neither takes nor gives values.
pub(super) fn run_statement(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
