//! Brings a database to the version that this program knows: numbered steps, each in a transaction of its own.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::OpenError;
use super::video::words;

/// Every step in order; the number of the last one applied stands in `PRAGMA user_version`.
const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_initial", sql: include_str!("../../../../migrations/sqlite/0001_initial.sql") },
    Migration {
        name: "0002_keys_and_leases",
        sql: include_str!("../../../../migrations/sqlite/0002_keys_and_leases.sql"),
    },
    Migration {
        name: "0003_status_access_quota",
        sql: include_str!("../../../../migrations/sqlite/0003_status_access_quota.sql"),
    },
    Migration { name: "0004_hidden_words", sql: include_str!("../../../../migrations/sqlite/0004_hidden_words.sql") },
];

/// Marks a file as ours (`file` and other tools show it): "Avry".
const APPLICATION_ID: i64 = 0x4176_7279;

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// Refuses a database that is another program's, or a later version's of this one; answers with its version. Changes
/// nothing.
pub(super) fn check_ours(connection: &Connection, file: &Path) -> Result<usize, OpenError> {
    let version = user_version(connection)?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let entries: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let fresh = version == 0 && application == 0 && entries == 0;
    if !fresh && application != APPLICATION_ID {
        return Err(OpenError::Foreign { path: file.to_owned() });
    }
    if version > MIGRATIONS.len() {
        return Err(OpenError::Newer { path: file.to_owned(), found: version, known: MIGRATIONS.len() });
    }
    Ok(version)
}

/// The names of the steps after a version.
pub(super) fn pending(version: usize) -> Vec<&'static str> {
    MIGRATIONS.iter().skip(version).map(|step| step.name).collect()
}

/// Applies what is missing and answers with the names of the steps that were applied.
pub(super) fn migrate(connection: &mut Connection) -> Result<Vec<&'static str>, OpenError> {
    apply(connection, MIGRATIONS)
}

fn apply(connection: &mut Connection, steps: &[Migration]) -> Result<Vec<&'static str>, OpenError> {
    words::teach(connection).map_err(OpenError::Sqlite)?;
    let mut applied = Vec::new();
    for (number, step) in (1_u32..).zip(steps).skip(user_version(connection)?) {
        apply_step(connection, number, step).map_err(|source| OpenError::Migration { name: step.name, source })?;
        applied.push(step.name);
    }
    Ok(applied)
}

fn apply_step(connection: &mut Connection, number: u32, step: &Migration) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(step.sql)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", number)?;
    transaction.commit()
}

/// How many steps the database has had.
fn user_version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    // A negative one is none of ours: as good as one from the far future.
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Migration, OpenError, apply, user_version};
    use rusqlite::Connection;

    const GOOD: Migration = Migration { name: "good", sql: "CREATE TABLE one (n INTEGER); INSERT INTO one VALUES (1)" };
    const ALSO: Migration = Migration { name: "also", sql: "CREATE TABLE two (n INTEGER)" };
    const BAD: Migration =
        Migration { name: "bad", sql: "CREATE TABLE two (n INTEGER); INSERT INTO absent VALUES (1)" };

    #[test]
    fn a_failing_step_leaves_nothing_and_the_ones_before_it_stay() {
        let mut connection = Connection::open_in_memory().unwrap();
        let failure = apply(&mut connection, &[GOOD, BAD]).unwrap_err();
        assert!(matches!(failure, OpenError::Migration { name: "bad", .. }), "{failure}");
        assert_eq!(user_version(&connection).unwrap(), 1);
        assert!(connection.table_exists(None, "one").unwrap());
        assert!(!connection.table_exists(None, "two").unwrap());
        assert_eq!(apply(&mut connection, &[GOOD, ALSO]).unwrap(), ["also"]);
    }

    #[test]
    fn steps_are_numbered_in_order_without_a_gap() {
        for (number, step) in (1..).zip(super::MIGRATIONS) {
            assert!(step.name.starts_with(&format!("{number:04}_")), "{}", step.name);
        }
    }
}
