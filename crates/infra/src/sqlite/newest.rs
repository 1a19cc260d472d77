//! Lists in order of time, newest first: where their pages start and where they go on.

use aviary_domain::id::RawId;
use aviary_domain::page::{Cursor, ListOrder, PageRequest, SortValue};
use aviary_domain::{Id, Timestamp};

use super::error::SqlError;

/// Later than every row: before it the first page starts, so that one statement serves every page.
const BEGINNING: (i64, RawId) = (i64::MAX, [0xff; 12]);

/// The time and id that everything on the page comes after.
pub(crate) fn start(page: &PageRequest) -> Result<(i64, RawId), SqlError> {
    Ok(page.integer_cursor()?.unwrap_or(BEGINNING))
}

/// Goes on after the item with this time and id.
pub(crate) fn cursor<T>(time: Timestamp, id: Id<T>) -> Cursor {
    Cursor::new(ListOrder::Newest, SortValue::Integer(time.millis()), id.bytes())
}

#[cfg(test)]
mod tests {
    use crate::sqlite::{comment, like, playlist, subscription, tweet};
    use rusqlite::Connection;

    /// How SQLite goes about a query of the present schema.
    fn plan(sql: &str) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        for migration in [
            include_str!("../../../../migrations/sqlite/0001_initial.sql"),
            include_str!("../../../../migrations/sqlite/0002_keys_and_leases.sql"),
            include_str!("../../../../migrations/sqlite/0003_status_access_quota.sql"),
        ] {
            connection.execute_batch(migration).unwrap();
        }
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get("detail").unwrap());
        }
        steps
    }

    #[test]
    fn every_list_walks_an_index_in_its_order() {
        let lists = [
            &comment::LIST,
            &tweet::LIST,
            &tweet::LIST_BY,
            &like::LIKED_VIDEOS,
            &subscription::SUBSCRIBERS,
            &subscription::CHANNELS,
            &playlist::LIST_BY,
            &playlist::VIDEOS,
            &playlist::TOTALS,
        ];
        for sql in lists {
            let plan = plan(sql);
            assert!(plan.iter().any(|step| step.starts_with("SEARCH")), "{plan:?} for {}", **sql);
            for step in &plan {
                assert!(!step.contains("TEMP B-TREE") && !step.starts_with("SCAN"), "{plan:?} for {}", **sql);
            }
        }
    }
}
