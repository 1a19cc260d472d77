//! The log: it is moved beside the writer, begins anew, and is kept for whoever still reads an earlier state.

use std::path::Path;

use rusqlite::Connection;

use super::super::database::Database;
use super::super::error::SqlError;
use super::fresh;

/// The pages that one [`fill`] adds to the log, at the least.
const PAGES: u64 = 1_000;
/// What the log has at the most before writing waits (32,000 pages and their heads), and what one [`fill`] adds then.
const BOUND: u64 = (32_000 + 2 * PAGES) * (4096 + 24);

/// Writes a thousand long rows in one commit.
async fn fill(database: &Database, number: u64) {
    let write = move |c: &Connection| -> Result<(), SqlError> {
        let mut insert = c.prepare_cached("INSERT INTO file_ledger (key, due_at) VALUES (?1, 1)")?;
        for row in 0..PAGES {
            insert.execute([format!("{number:08}{row:08}{}", "x".repeat(3_900))])?;
        }
        Ok(())
    };
    database.write(write).await.unwrap();
}

fn log_bytes(folder: &Path) -> u64 {
    folder.join("aviary.sqlite3-wal").metadata().unwrap().len()
}

fn rows(c: &Connection) -> Result<u64, SqlError> {
    Ok(c.query_row("SELECT count(*) FROM file_ledger", [], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

fn any(c: &Connection) -> Result<bool, SqlError> {
    Ok(c.query_row("SELECT EXISTS (SELECT 1 FROM file_ledger)", [], |row| row.get(0))?)
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_and_begins_anew() {
    let (folder, store) = fresh();
    for number in 0..80 {
        fill(&store.database, number).await;
        assert!(log_bytes(folder.path()) <= BOUND, "{number}");
        // What it leaves behind for the next reader holds nothing up.
        assert!(store.database.read(any).unwrap());
    }
    assert_eq!(store.database.read(rows).unwrap(), 80 * PAGES);
    // Most of it is where it belongs long before the store is closed.
    assert!(folder.path().join("aviary.sqlite3").metadata().unwrap().len() > 40 * PAGES * 4096);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_an_earlier_state_goes_on_reading_it_while_the_log_grows() {
    let (folder, store) = fresh();
    fill(&store.database, 0).await;
    let (begun, reading) = tokio::sync::oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let database = store.database.clone();
    let reader = tokio::task::spawn_blocking(move || {
        database.read(|c| {
            let before = rows(c)?;
            begun.send(()).unwrap();
            ended.recv().unwrap();
            Ok((before, rows(c)?))
        })
    });
    reading.await.unwrap();
    for number in 1..40 {
        fill(&store.database, number).await;
    }
    // Nothing was held up, and the log could not begin anew.
    assert!(log_bytes(folder.path()) > BOUND);
    end.send(()).unwrap();
    assert_eq!(reader.await.unwrap().unwrap(), (PAGES, PAGES));
    let longest = log_bytes(folder.path());
    for number in 40..60 {
        fill(&store.database, number).await;
    }
    assert!(log_bytes(folder.path()) <= longest + 3 * PAGES * (4096 + 24), "it begins anew");
    assert_eq!(store.database.read(rows).unwrap(), 60 * PAGES);
}
