//! Transactions that a process left open when it was killed. The deployment keeps them for a minute, and with them what
//! they changed; who waits for that ends them sooner.

use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Bson, doc};
use mongodb::error::Error;
use mongodb::options::{DatabaseOptions, ReadConcern};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::options::PROGRAM;

/// A transaction that is open for so long and has nothing to do is taken for abandoned. Were it not, its owner would be
/// told that it is undone, and would begin anew.
const ABANDONED_AFTER: Duration = Duration::from_secs(5);

/// How often a process looks for them, at the most.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many are ended at a time.
const MOST: i64 = 1000;

/// Ends abandoned transactions, one caller at a time.
#[derive(Default)]
pub(super) struct Abandoned {
    looked: Mutex<Option<Instant>>,
}

impl Abandoned {
    /// Ends those of this program, unless somebody does so already. An account that may not see or end even its own
    /// sessions has to wait for the deployment.
    pub(super) async fn end(&self, client: &Client) {
        let Ok(mut looked) = self.looked.try_lock() else { return };
        if looked.is_some_and(|looked| looked.elapsed() < INTERVAL) {
            return;
        }
        match end(client).await {
            Ok(0) => {}
            Ok(ended) => tracing::warn!(ended, "ended transactions that a dead process had left open"),
            Err(cause) => tracing::warn!(%cause, "abandoned transactions cannot be looked for"),
        }
        *looked = Some(Instant::now());
    }
}

async fn end(client: &Client) -> Result<usize, Error> {
    let age = i64::try_from(ABANDONED_AFTER.as_micros()).unwrap_or(i64::MAX);
    let pipeline = [
        doc! { "$currentOp": { "idleSessions": true } },
        doc! { "$match": {
            "type": "idleSession", "appName": PROGRAM, "transaction.timeOpenMicros": { "$gt": age },
        } },
        doc! { "$limit": MOST },
        doc! { "$project": { "lsid.id": 1 } },
    ];
    // What runs is known to each server alone: no majority has it.
    let options = DatabaseOptions::builder().read_concern(ReadConcern::local()).build();
    let admin = client.database_with_options("admin", options);
    let mut found = admin.aggregate(pipeline).await?;
    let mut sessions: Vec<Bson> = Vec::new();
    while found.advance().await? {
        let id = found.deserialize_current()?.get_document("lsid").ok().and_then(|session| session.get("id").cloned());
        sessions.extend(id.map(|id| doc! { "id": id }.into()));
    }
    if sessions.is_empty() {
        return Ok(0);
    }
    let ended = sessions.len();
    admin.run_command(doc! { "killSessions": sessions }).await?;
    Ok(ended)
}
