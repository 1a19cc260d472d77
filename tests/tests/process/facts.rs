//! A recount of every stored count by SQL of its own, and the order between rows and files. It shares nothing with the
//! server's `reconcile`, so that the two can contradict each other. What a MongoDB holds is written out as rows first.

mod transcript;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OpenFlags};

use crate::folder;
use crate::server::Home;

/// Each stored count: where it stands, and the facts it has to equal.
const COUNTS: [(&str, &str, &str); 17] = [
    ("users", "subscribers_count", "SELECT count(*) FROM subscriptions WHERE channel = t.id"),
    ("users", "subscriptions_count", "SELECT count(*) FROM subscriptions WHERE subscriber = t.id"),
    ("users", "videos_count", "SELECT count(*) FROM videos WHERE owner = t.id AND state < 2"),
    ("users", "published_count", "SELECT count(*) FROM videos WHERE owner = t.id AND state = 1"),
    ("users", "tweets_count", "SELECT count(*) FROM tweets WHERE owner = t.id"),
    ("users", "views_received", "SELECT coalesce(sum(views), 0) FROM videos WHERE owner = t.id AND state < 2"),
    (
        "users",
        "likes_received",
        "SELECT count(*) FROM likes AS l
         LEFT JOIN videos AS v ON l.kind = 1 AND v.id = l.target AND v.state < 2
         LEFT JOIN comments AS c ON l.kind = 2 AND c.id = l.target
         LEFT JOIN tweets AS w ON l.kind = 3 AND w.id = l.target
         WHERE coalesce(v.owner, c.owner, w.owner) = t.id",
    ),
    (
        "users",
        "comments_received",
        "SELECT count(*) FROM comments AS c JOIN videos AS v ON v.id = c.video WHERE v.owner = t.id AND v.state < 2",
    ),
    (
        "users",
        "stored_bytes",
        "SELECT coalesce(sum(bytes + thumbnail_bytes), 0) FROM videos WHERE owner = t.id AND state < 2",
    ),
    ("videos", "likes_count", "SELECT count(*) FROM likes WHERE kind = 1 AND target = t.id"),
    ("videos", "comments_count", "SELECT count(*) FROM comments WHERE video = t.id"),
    ("comments", "likes_count", "SELECT count(*) FROM likes WHERE kind = 2 AND target = t.id"),
    ("tweets", "likes_count", "SELECT count(*) FROM likes WHERE kind = 3 AND target = t.id"),
    ("playlists", "entries", "SELECT count(*) FROM playlist_videos WHERE playlist = t.id"),
    (
        "totals",
        "value",
        "SELECT CASE t.name WHEN 'tweets' THEN (SELECT count(*) FROM tweets)
         WHEN 'published_videos' THEN (SELECT count(*) FROM videos WHERE state = 1) ELSE -1 END",
    ),
    // Not counts, but equally to be settled: nothing waits, and no word stands in the index for what is gone.
    ("purge_queue", "1", "SELECT 0"),
    ("video_words_docsize", "1", "SELECT count(*) FROM videos WHERE seq = t.id AND state < 2"),
];

/// Rows whose reference leads nowhere: neither foreign keys nor counts see them.
const ORPHANS: [(&str, &str); 4] = [
    (
        "files that are due and not removed",
        "SELECT count(*) FROM file_ledger WHERE due_at <= unixepoch('subsec') * 1000",
    ),
    ("videos that were deleted and not purged", "SELECT count(*) FROM videos WHERE state = 2"),
    (
        "likes without their target",
        "SELECT count(*) FROM likes AS l WHERE NOT EXISTS (SELECT 1 FROM videos WHERE l.kind = 1 AND id = l.target)
         AND NOT EXISTS (SELECT 1 FROM comments WHERE l.kind = 2 AND id = l.target)
         AND NOT EXISTS (SELECT 1 FROM tweets WHERE l.kind = 3 AND id = l.target)",
    ),
    (
        "live videos that no search finds",
        "SELECT count(*) FROM videos WHERE state < 2 AND seq NOT IN (SELECT id FROM video_words_docsize)",
    ),
];

/// Opens the store beside the server, for reading alone.
pub(crate) async fn open(home: &Home) -> Connection {
    match home.mongodb_uri() {
        Some(uri) => transcript::write(uri).await,
        None => open_embedded(home),
    }
}

fn open_embedded(home: &Home) -> Connection {
    Connection::open_with_flags(home.data().join("aviary.sqlite3"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// One number.
pub(crate) fn number(store: &Connection, sql: &str) -> i64 {
    store.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Whether the sweeper has nothing left to do.
pub(crate) async fn is_settled(home: &Home) -> bool {
    let waiting = match home.mongodb_uri() {
        Some(uri) => transcript::waiting(uri).await,
        None => {
            let waiting = "SELECT (SELECT count(*) FROM purge_queue) + (SELECT count(*) FROM videos WHERE state = 2)
                 + (SELECT count(*) FROM file_ledger WHERE due_at <= unixepoch('subsec') * 1000)";
            number(&open_embedded(home), waiting) > 0
        }
    };
    !waiting && folder::temporary_files(&home.media()).is_empty()
}

/// Everything that contradicts itself in the store, written out as rows, of stopped servers; empty when all is well.
pub(crate) fn contradictions(home: &Home, store: &Connection) -> Vec<String> {
    let mut found = vec![];
    for (table, counter, facts) in COUNTS {
        drift(store, table, counter, facts, &mut found);
    }
    for (what, sql) in ORPHANS {
        let count = number(store, sql);
        if count != 0 {
            found.push(format!("{count} {what}"));
        }
    }
    let integrity: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    if integrity != "ok" {
        found.push(format!("integrity_check: {integrity}"));
    }
    let dangling = number(store, "SELECT count(*) FROM pragma_foreign_key_check");
    if dangling != 0 {
        found.push(format!("{dangling} rows refer to rows that are not there"));
    }
    found.extend(files_without_owner(home, store));
    found
}

fn drift(store: &Connection, table: &str, counter: &str, facts: &str, found: &mut Vec<String>) {
    let sql = format!(
        "SELECT stored, actual, count(*) FROM (SELECT {counter} AS stored, ({facts}) AS actual FROM {table} AS t)
                       WHERE stored <> actual GROUP BY stored, actual"
    );
    let mut query = store.prepare(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    for (stored, actual, rows) in rows.map(Result::<(i64, i64, i64), _>::unwrap) {
        found.push(format!("{table}.{counter}: {rows} rows say {stored}, the facts {actual}"));
    }
}

/// Files nobody owns, rows whose file is gone, files with two owners. What a dead server had reserved stays reserved for
/// an hour.
fn files_without_owner(home: &Home, store: &Connection) -> Vec<String> {
    let stored = folder::stored_keys(&home.media());
    let owned = owned_keys(store);
    let reserved: BTreeSet<String> = keys(store, "SELECT key FROM file_ledger").into_iter().collect();
    let shared = owned.iter().filter(|(_, owners)| **owners > 1).map(|(key, _)| format!("{key} has two owners"));
    let owned: BTreeSet<String> = owned.keys().cloned().collect();
    let lost = owned.difference(&stored).map(|key| format!("{key} is owned, but is no file"));
    let both = owned.intersection(&reserved).map(|key| format!("{key} is owned and reserved"));
    let stray = stored.difference(&owned).filter(|key| !reserved.contains(*key));
    let stray = stray.map(|key| format!("{key} is a file that nobody owns"));
    let left = folder::places(&home.media()).into_iter().map(|path| format!("{} was left behind", path.display()));
    shared.chain(lost).chain(both).chain(stray).chain(left).collect()
}

/// How many rows own each file.
fn owned_keys(store: &Connection) -> BTreeMap<String, u32> {
    let sql = "SELECT avatar FROM users UNION ALL SELECT cover_image FROM users WHERE cover_image IS NOT NULL
               UNION ALL SELECT file FROM videos UNION ALL SELECT thumbnail FROM videos";
    let mut owners = BTreeMap::new();
    for key in keys(store, sql) {
        *owners.entry(key).or_default() += 1;
    }
    owners
}

fn keys(store: &Connection, sql: &str) -> Vec<String> {
    let mut query = store.prepare(sql).unwrap();
    let keys = query.query_map([], |row| row.get(0)).unwrap();
    keys.map(Result::unwrap).collect()
}
