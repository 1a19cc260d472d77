//! The rows that the floors read: as large as that of a video, and no more of them than a connection keeps in memory, since
//! a floor is the least that a read costs.

use std::path::Path;

use anyhow::Context;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, RawDocumentBuf, rawdoc};
use rusqlite::{Connection, params};

use super::store::Store;

/// How many rows there are to read.
pub(crate) const ROWS: usize = 5_000;
/// How long each of them is.
const BODY_BYTES: usize = 512;
/// How long a text is that is inserted: that of a short comment.
pub(super) const TEXT_BYTES: usize = 120;

/// The text that is inserted.
pub(super) fn text() -> String {
    "t".repeat(TEXT_BYTES)
}

/// The key of a document: twelve bytes, as those of Aviary, in an order that is not that of the numbers.
pub(super) fn key(number: usize) -> [u8; 12] {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    let [b0, b1, b2, b3, b4, b5, b6, b7] = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    let [.., c0, c1, c2, c3] = number.to_be_bytes();
    [b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3]
}

/// Makes the SQLite database of the floors and answers with the connection that writes to it, which syncs every commit.
pub(super) fn fill_sqlite(file: &Path) -> anyhow::Result<Connection> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("an old floor stays");
            }
            _ => {}
        }
    }
    let mut connection = Connection::open(file).context("cannot make the SQLite database of the floors")?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA journal_size_limit = 67108864;
         CREATE TABLE rows (number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
         CREATE TABLE inserted (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;",
    )?;
    let body = "b".repeat(BODY_BYTES);
    let all = connection.transaction()?;
    for number in 0..ROWS {
        all.prepare_cached("INSERT INTO rows (number, body) VALUES (?1, ?2)")?
            .execute(params![i64::try_from(number)?, body])?;
    }
    all.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(connection)
}

/// Makes the documents of the floors.
pub(super) async fn fill_mongodb(store: &Store) -> anyhow::Result<()> {
    store.drop().await?;
    let body = Binary { subtype: BinarySubtype::Generic, bytes: vec![b'b'; BODY_BYTES] };
    let documents: Vec<RawDocumentBuf> =
        (0..ROWS).map(|number| rawdoc! { "_id": ObjectId::from_bytes(key(number)), "body": body.clone() }).collect();
    for some in documents.chunks(5_000) {
        store.rows().insert_many(some).ordered(false).await.context("cannot fill the floors' collection")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_different_and_in_no_order() {
        let keys: Vec<_> = (0..1000).map(key).collect();
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), 1000);
        assert!(!keys.is_sorted());
    }
}
