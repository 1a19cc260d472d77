//! How the driver is told to work: what a URI says, except where durability and bounded waits depend on it.

use std::time::Duration;

use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria};

use super::OpenError;
use super::database::durable;
use super::turn::TURNS;

/// What the program calls itself where it connects; by that its sessions are known.
pub(super) const PROGRAM: &str = "aviary";

/// How long the driver looks for a primary, and waits for a connection to be made.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// How often the driver looks at each server. One that stands still is given up after this and [`PATIENCE`], and what
/// waits for it is repeated elsewhere while its caller still waits.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// The options of a client for this URI.
pub(super) async fn read(uri: &str) -> Result<ClientOptions, OpenError> {
    let mut options = ClientOptions::parse(uri).await.map_err(OpenError::Uri)?;
    options.app_name = Some(PROGRAM.to_owned());
    options.server_selection_timeout.get_or_insert(PATIENCE);
    options.connect_timeout.get_or_insert(PATIENCE);
    options.heartbeat_freq.get_or_insert(HEARTBEAT);
    // Waiting for a connection of a full pool has no end, so the pool must not be what limits.
    let pool = options.max_pool_size.map_or(TURNS.into(), |size| size.max(TURNS.into()));
    options.max_pool_size = Some(pool);
    options.retry_writes = Some(true);
    options.retry_reads = Some(true);
    options.write_concern = Some(durable());
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    Ok(options)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria};

    use super::super::turn::TURNS;
    use super::{HEARTBEAT, PATIENCE, PROGRAM, read};

    async fn options(query: &str) -> ClientOptions {
        read(&format!("mongodb://127.0.0.1:1/aviary{query}")).await.unwrap()
    }

    #[track_caller]
    fn assert_sound(options: &ClientOptions) {
        let writes = options.write_concern.as_ref().expect("a write concern");
        assert_eq!((&writes.w, writes.journal), (&Some(Acknowledgment::Majority), Some(true)));
        assert_eq!(writes.w_timeout, None, "a write is not acknowledged because it took long");
        assert_eq!(options.read_concern, Some(ReadConcern::majority()));
        let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
        assert_eq!(options.selection_criteria, Some(primary));
        assert_eq!((options.retry_writes, options.retry_reads), (Some(true), Some(true)));
        assert!(options.max_pool_size.is_some_and(|size| size >= TURNS.into()), "{:?}", options.max_pool_size);
        assert_eq!(options.app_name.as_deref(), Some(PROGRAM));
    }

    #[tokio::test]
    async fn no_uri_weakens_what_is_promised() {
        assert_sound(&options("").await);
        let hostile = "?w=1&journal=false&wTimeoutMS=1&retryWrites=false&retryReads=false&readConcernLevel=local\
            &readPreference=secondary&maxPoolSize=5&appName=other";
        assert_sound(&options(hostile).await);
        assert_sound(&options("?w=0&readPreference=nearest&readConcernLevel=available").await);
    }

    #[tokio::test]
    async fn a_uri_may_change_how_long_is_waited_and_what_is_more_than_needed() {
        let ours = options("").await;
        let waits = |options: &ClientOptions| {
            [options.server_selection_timeout, options.connect_timeout, options.heartbeat_freq]
        };
        assert_eq!(waits(&ours), [PATIENCE, PATIENCE, HEARTBEAT].map(Some));
        let uri = "?serverSelectionTimeoutMS=700&connectTimeoutMS=800&heartbeatFrequencyMS=900&maxPoolSize=500";
        let theirs = options(uri).await;
        assert_eq!(waits(&theirs), [700, 800, 900].map(Duration::from_millis).map(Some));
        assert_eq!(theirs.max_pool_size, Some(500));
        assert_sound(&theirs);
    }
}
