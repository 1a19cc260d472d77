//! Recounts every stored count from the facts, by one grouped query a counter.
//!
//! `videos.views` is not among them: view rows expire, so that column is itself the fact from which
//! `users.views_received` is derived. Counts of deleted videos are not looked at: nothing shows them any more.

use aviary_domain::maintenance::{Drift, DriftReport, Reconcile};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::sqlite::error::SqlError;
use crate::sqlite::row::id_from;

/// A stored count and where its facts are.
struct Counter {
    name: &'static str,
    table: &'static str,
    column: &'static str,
    /// The column by which a row is known; `facts` gives it as `id`.
    key: &'static str,
    /// Which rows hold a count worth checking.
    rows: &'static str,
    /// A query of (`id`, `actual`); what it leaves out counts as 0.
    facts: &'static str,
}

impl Counter {
    const fn of(name: &'static str, table: &'static str, column: &'static str, facts: &'static str) -> Self {
        Self { name, table, column, key: "id", rows: "TRUE", facts }
    }

    const fn of_live_videos(name: &'static str, column: &'static str, facts: &'static str) -> Self {
        Self { name, table: "videos", column, key: "id", rows: "stored.state < 2", facts }
    }

    const fn total(name: &'static str, rows: &'static str, facts: &'static str) -> Self {
        Self { name, table: "totals", column: "value", key: "name", rows, facts }
    }

    /// The rows whose count differs from the facts: (`id`, `stored`, `actual`).
    fn drift_sql(&self) -> String {
        let Self { table, column, key, rows, facts, .. } = self;
        format!(
            "SELECT stored.{key} AS id, stored.{column} AS stored, coalesce(facts.actual, 0) AS actual
             FROM {table} AS stored LEFT JOIN ({facts}) AS facts ON facts.id = stored.{key}
             WHERE {rows} AND stored.{column} <> coalesce(facts.actual, 0)"
        )
    }

    fn repair_sql(&self) -> String {
        let Self { table, column, key, .. } = self;
        format!(
            "UPDATE {table} SET {column} = drift.actual FROM ({}) AS drift WHERE {table}.{key} = drift.id",
            self.drift_sql()
        )
    }
}

/// Every stored count.
const COUNTERS: [Counter; 16] = [
    Counter::of_live_videos(
        "videos.likes_count",
        "likes_count",
        "SELECT target AS id, count(*) AS actual FROM likes WHERE kind = 1 GROUP BY target",
    ),
    Counter::of_live_videos(
        "videos.comments_count",
        "comments_count",
        "SELECT video AS id, count(*) AS actual FROM comments GROUP BY video",
    ),
    Counter::of(
        "comments.likes_count",
        "comments",
        "likes_count",
        "SELECT target AS id, count(*) AS actual FROM likes WHERE kind = 2 GROUP BY target",
    ),
    Counter::of(
        "tweets.likes_count",
        "tweets",
        "likes_count",
        "SELECT target AS id, count(*) AS actual FROM likes WHERE kind = 3 GROUP BY target",
    ),
    Counter::of(
        "playlists.entries",
        "playlists",
        "entries",
        "SELECT playlist AS id, count(*) AS actual FROM playlist_videos GROUP BY playlist",
    ),
    Counter::of(
        "users.subscribers_count",
        "users",
        "subscribers_count",
        "SELECT channel AS id, count(*) AS actual FROM subscriptions GROUP BY channel",
    ),
    Counter::of(
        "users.subscriptions_count",
        "users",
        "subscriptions_count",
        "SELECT subscriber AS id, count(*) AS actual FROM subscriptions GROUP BY subscriber",
    ),
    Counter::of(
        "users.videos_count",
        "users",
        "videos_count",
        "SELECT owner AS id, count(*) AS actual FROM videos WHERE state < 2 GROUP BY owner",
    ),
    Counter::of(
        "users.published_count",
        "users",
        "published_count",
        "SELECT owner AS id, count(*) AS actual FROM videos WHERE state = 1 GROUP BY owner",
    ),
    Counter::of(
        "users.stored_bytes",
        "users",
        "stored_bytes",
        "SELECT owner AS id, sum(bytes + thumbnail_bytes) AS actual FROM videos WHERE state < 2 GROUP BY owner",
    ),
    Counter::of(
        "users.tweets_count",
        "users",
        "tweets_count",
        "SELECT owner AS id, count(*) AS actual FROM tweets GROUP BY owner",
    ),
    Counter::of(
        "users.views_received",
        "users",
        "views_received",
        "SELECT owner AS id, sum(views) AS actual FROM videos WHERE state < 2 GROUP BY owner",
    ),
    // From the likes themselves: the counts on their targets may be what has drifted.
    Counter::of(
        "users.likes_received",
        "users",
        "likes_received",
        "SELECT owner AS id, sum(likes) AS actual FROM (
             SELECT v.owner, l.likes FROM videos AS v JOIN
                 (SELECT target, count(*) AS likes FROM likes WHERE kind = 1 GROUP BY target) AS l
                 ON v.id = l.target AND v.state < 2
             UNION ALL SELECT c.owner, l.likes FROM comments AS c JOIN
                 (SELECT target, count(*) AS likes FROM likes WHERE kind = 2 GROUP BY target) AS l ON c.id = l.target
             UNION ALL SELECT t.owner, l.likes FROM tweets AS t JOIN
                 (SELECT target, count(*) AS likes FROM likes WHERE kind = 3 GROUP BY target) AS l ON t.id = l.target
         ) GROUP BY owner",
    ),
    Counter::of(
        "users.comments_received",
        "users",
        "comments_received",
        "SELECT v.owner AS id, count(*) AS actual FROM comments AS c JOIN videos AS v ON v.id = c.video
         WHERE v.state < 2 GROUP BY v.owner",
    ),
    Counter::total(
        "totals.published_videos",
        "stored.name = 'published_videos'",
        "SELECT 'published_videos' AS id, count(*) AS actual FROM videos WHERE state = 1",
    ),
    Counter::total("totals.tweets", "stored.name = 'tweets'", "SELECT 'tweets' AS id, count(*) AS actual FROM tweets"),
];

/// Compares every count with the facts, within the transaction that the caller holds, and sets it right if asked to.
pub(super) fn reconcile(c: &Connection, mode: Reconcile) -> Result<DriftReport, SqlError> {
    let mut report = DriftReport::default();
    for counter in &COUNTERS {
        let drifted = look(c, counter, &mut report)?;
        if drifted > 0 && mode == Reconcile::Repair {
            c.execute(&counter.repair_sql(), [])?;
        }
    }
    Ok(report)
}

/// Adds what drifted of one counter to the report and answers how much that is.
fn look(c: &Connection, counter: &Counter, report: &mut DriftReport) -> Result<u64, SqlError> {
    let mut statement = c.prepare(&counter.drift_sql())?;
    let mut rows = statement.query([])?;
    let mut drifted = 0;
    while let Some(row) = rows.next()? {
        drifted += 1;
        if report.examples.len() < DriftReport::SHOWN {
            report.examples.push(Drift {
                counter: counter.name,
                row: row_name(row)?,
                stored: row.get("stored")?,
                actual: row.get("actual")?,
            });
        }
    }
    report.drifted += drifted;
    Ok(drifted)
}

/// The id of a counted row; counts of the whole store have a name instead, which the counter's own name holds.
fn row_name(row: &Row<'_>) -> rusqlite::Result<String> {
    match row.get_ref(0)? {
        ValueRef::Blob(_) => id_from::<()>(row, 0).map(|id| id.to_string()),
        _ => Ok(String::new()),
    }
}
