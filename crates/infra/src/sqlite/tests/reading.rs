//! Readers: what they see beside commits, and what of that lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use super::super::database::Database;
use super::super::error::SqlError;
use super::fresh;

/// How many numbers are written.
const NUMBERS: i64 = 2_000;

fn greatest(c: &Connection) -> Result<i64, SqlError> {
    Ok(c.query_row("SELECT coalesce(max(due_at), 0) FROM file_ledger", [], |row| row.get(0))?)
}

async fn write(database: &Database, number: i64) {
    let insert = move |c: &Connection| -> Result<(), SqlError> {
        c.execute("INSERT INTO file_ledger (key, due_at) VALUES (?1, ?2)", (number.to_string(), number))?;
        Ok(())
    };
    database.write(insert).await.unwrap();
}

/// Pages and scans alike see all that anybody was told of, and never go back behind what somebody has seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_sees_less_than_what_is_known() {
    let (_folder, store) = fresh();
    let (told, seen) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let readers = (0..3).map(|reader| {
        let (database, told, seen) = (store.database.clone(), Arc::clone(&told), Arc::clone(&seen));
        tokio::spawn(async move {
            while told.load(Ordering::SeqCst) < NUMBERS {
                let known = told.load(Ordering::SeqCst).max(seen.load(Ordering::SeqCst));
                let found = match reader {
                    0 => database.scan(greatest).await.unwrap(),
                    _ => database.read(greatest).unwrap(),
                };
                assert!(found >= known, "reader {reader} sees {found} after {known}");
                seen.fetch_max(found, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for number in 1..=NUMBERS {
        write(&store.database, number).await;
        told.store(number, Ordering::SeqCst);
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_reader_leaves_nothing_behind() {
    let (_folder, store) = fresh();
    write(&store.database, 1).await;
    let failed = |c: &Connection| -> Result<(), SqlError> {
        greatest(c)?;
        c.execute_batch("SELECT absent")?;
        Ok(())
    };
    assert!(store.database.read(failed).is_err());
    write(&store.database, 2).await;
    assert_eq!(store.database.read(greatest).unwrap(), 2);
}

#[tokio::test]
async fn what_another_program_changes_is_seen_soon() {
    let (folder, store) = fresh();
    write(&store.database, 1).await;
    assert_eq!(store.database.read(greatest).unwrap(), 1);
    let other = Connection::open(folder.path().join("aviary.sqlite3")).unwrap();
    other.execute("UPDATE file_ledger SET due_at = 2", []).unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(store.database.read(greatest).unwrap(), 2);
}

#[tokio::test]
async fn closing_needs_no_reader_to_come_back() {
    let (folder, store) = fresh();
    write(&store.database, 1).await;
    assert_eq!(store.database.read(greatest).unwrap(), 1);
    store.database.close().await.unwrap();
    // Everything is in the file: the snapshot that was kept held nothing back.
    assert!(!folder.path().join("aviary.sqlite3-wal").exists());
}
