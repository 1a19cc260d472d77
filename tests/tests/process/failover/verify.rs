//! Holds what the writers know against the rows.

use rusqlite::Connection;

use super::cluster::Cluster;
use crate::crash::journal::Fact;
use crate::crash::verify;
use crate::facts;

/// Everything in the store that the writers contradict, and every answer that no fault excuses.
pub(crate) fn rows(cluster: &Cluster, store: &Connection) -> Vec<String> {
    let journal = cluster.journal();
    let mut wrong = verify::rows(&journal, store);
    let known = journal.facts.keys().filter(|fact| matches!(fact, Fact::User { .. })).count();
    let users = facts::number(store, "SELECT count(*) FROM users");
    if usize::try_from(users) != Ok(known) {
        wrong.push(format!("{known} users were acknowledged, {users} are there"));
    }
    for ((table, id), text) in cluster.texts().iter() {
        let column = if *table == "users" { "full_name" } else { "content" };
        let sql = format!("SELECT {column} FROM {table} WHERE id = unhex(?1)");
        let found: Option<String> = store.query_row(&sql, [id], |row| row.get(0)).ok();
        if found.as_ref() != Some(text) {
            wrong.push(format!("{table} {id} says {found:?} instead of {text:?}"));
        }
    }
    wrong
}
