//! The writer: what a group of writes shares and what it does not, and the settings that make a commit durable.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use aviary_domain::StoreError;
use rusqlite::Connection;

use super::super::database::Database;
use super::super::error::SqlError;
use super::fresh;

/// A piece of writing without a result.
type Work = fn(&Connection) -> Result<(), SqlError>;

fn insert(c: &Connection, key: &str) -> Result<(), SqlError> {
    c.execute("INSERT INTO file_ledger (key, due_at) VALUES (?1, 1)", [key])?;
    Ok(())
}

fn keys(database: &Database) -> Vec<String> {
    database
        .read(|c| {
            let mut statement = c.prepare("SELECT key FROM file_ledger ORDER BY key")?;
            let keys = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok(keys)
        })
        .unwrap()
}

/// Keeps the writer busy until the answer is used, so that what is queued meanwhile becomes one group.
async fn hold(database: &Database) -> mpsc::Sender<()> {
    let (open, gate) = mpsc::channel();
    let (entered, inside) = tokio::sync::oneshot::channel();
    let database = database.clone();
    tokio::spawn(async move {
        let wait = move |_: &Connection| {
            entered.send(()).unwrap();
            gate.recv().unwrap();
            // Longer than a group may take, so that this one ends here.
            std::thread::sleep(Duration::from_millis(30));
            Ok(())
        };
        database.write(wait).await
    });
    inside.await.unwrap();
    open
}

/// Queues writes behind each other, lets them go at once and waits for their results.
async fn group(database: &Database, works: Vec<Work>) -> Vec<Result<(), StoreError>> {
    let gate = hold(database).await;
    let mut tasks = Vec::new();
    for work in works {
        let database = database.clone();
        tasks.push(tokio::spawn(async move { database.write(work).await }));
        // On the test's single thread this queues the write before the next one.
        tokio::task::yield_now().await;
    }
    gate.send(()).unwrap();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test]
async fn a_commit_is_durable_and_a_reader_cannot_write() {
    let (_folder, store) = fresh();
    let pragma = |c: &Connection, name: &str| -> Result<String, SqlError> {
        Ok(c.query_row(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"), [], |row| row.get(0))?)
    };
    let settings = store
        .database
        .write(move |c| {
            ["journal_mode", "synchronous", "foreign_keys", "trusted_schema", "cell_size_check"]
                .into_iter()
                .map(|name| pragma(c, name))
                .collect::<Result<Vec<_>, _>>()
        })
        .await
        .unwrap();
    assert_eq!(settings, ["wal", "2", "1", "0", "1"]);
    assert!(matches!(store.database.read(|c| insert(c, "a")), Err(StoreError::Backend(_))));
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_and_takes_nobody_along() {
    let (_folder, store) = fresh();
    let results = group(
        &store.database,
        vec![
            |c| insert(c, "a"),
            |c| insert(c, "b").and(Err(StoreError::Conflict { field: "b" }.into())),
            |c| insert(c, "c").and_then(|()| insert(c, "c")),
            |c| insert(c, "d"),
        ],
    )
    .await;
    assert!(matches!(
        results.as_slice(),
        [Ok(()), Err(StoreError::Conflict { field: "b" }), Err(StoreError::Backend(_)), Ok(())]
    ));
    assert_eq!(keys(&store.database), ["a", "d"]);
}

#[tokio::test]
async fn a_panic_leaves_nothing_and_takes_nobody_along() {
    let (_folder, store) = fresh();
    let results = group(
        &store.database,
        vec![|c| insert(c, "a"), |c| insert(c, "b").map(|()| panic!("a test's own panic")), |c| insert(c, "c")],
    )
    .await;
    assert!(matches!(results.as_slice(), [Ok(()), Err(StoreError::Backend(_)), Ok(())]));
    assert_eq!(keys(&store.database), ["a", "c"]);
}

#[tokio::test]
async fn when_the_transaction_is_lost_nobody_is_told_success() {
    let (_folder, store) = fresh();
    // What SQLite itself does when the disk fails under a statement.
    let lose = |c: &Connection| {
        c.execute_batch("ROLLBACK")?;
        Err(StoreError::unavailable("the disk is full").into())
    };
    let results = group(&store.database, vec![|c| insert(c, "a"), lose, |c| insert(c, "c")]).await;
    assert!(matches!(results.as_slice(), [Err(StoreError::Unavailable(_)), Err(StoreError::Unavailable(_)), Ok(())]));
    assert_eq!(keys(&store.database), ["c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_wait_together_are_committed_together() {
    let (_folder, store) = fresh();
    let database = store.database;
    let gate = hold(&database).await;
    let told = Arc::new(AtomicBool::new(false));
    let (first_database, first_told) = (database.clone(), Arc::clone(&told));
    let first = tokio::spawn(async move {
        let result = first_database.write(|c| insert(c, "a")).await;
        first_told.store(true, Ordering::SeqCst);
        result
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = tokio::spawn(async move {
        // The first write is done, but its caller does not know yet, and no reader can see it.
        database.write(move |c| Ok((c.execute("DELETE FROM file_ledger", [])?, told.load(Ordering::SeqCst)))).await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    gate.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(second.await.unwrap().unwrap(), (1, false));
}

#[tokio::test]
async fn closing_finishes_what_is_queued_and_refuses_the_rest() {
    let (_folder, store) = fresh();
    let database = store.database;
    let gate = hold(&database).await;
    let queued = database.clone();
    let queued = tokio::spawn(async move { queued.write(|c| insert(c, "a")).await });
    tokio::task::yield_now().await;
    let closing = database.clone();
    let closing = tokio::spawn(async move { closing.close().await });
    tokio::task::yield_now().await;
    gate.send(()).unwrap();
    queued.await.unwrap().unwrap();
    closing.await.unwrap().unwrap();
    assert!(matches!(database.write(|c| insert(c, "b")).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(database.read(|_| Ok(())), Err(StoreError::Unavailable(_))));
    database.close().await.unwrap();
}
