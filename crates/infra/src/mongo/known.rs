//! What a process remembers of a database that it shares with other nodes: people on cards, sessions, counted views.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::id::RawId;
use aviary_domain::search::SearchWords;
use aviary_domain::video::VideoScope;

use crate::recent::Recent;

use super::people::Person;
use super::totals::Total;
use super::video::matches::Counted;

/// How old names, pictures and numbers of subscribers may be that another node has changed.
const PEOPLE: Duration = Duration::from_secs(3);
const MOST_PEOPLE: u64 = 20_000;

/// How old counts of the whole store may be.
const TOTALS: Duration = Duration::from_secs(1);

/// How old the number of matches of a search may be.
const MATCHES: Duration = Duration::from_secs(2);
const MOST_MATCHES: u64 = 1_000;

/// How long a session that another node has ended may still be taken for active.
const SESSIONS: Duration = Duration::from_secs(2);
const MOST_SESSIONS: u64 = 50_000;

/// What is liked and commented on has the same owner as long as it is there.
const OWNERS: Duration = Duration::from_mins(10);
const MOST_OWNERS: u64 = 50_000;

/// Views are only ever counted later, so their memory is bounded for its size alone.
const VIEWS: Duration = Duration::from_mins(10);
const MOST_VIEWS: u64 = 50_000;

/// The memory of one process for one database.
pub(super) struct Known {
    /// Users by their ids.
    pub(super) people: Recent<RawId, Arc<Person>>,
    /// Counts of the whole store.
    pub(super) totals: Recent<Total, u64>,
    /// How many videos of a scope match words, up to the cap of such totals.
    pub(super) matches: Recent<(VideoScope, SearchWords), Counted>,
    /// Active sessions: whose they are and until when.
    pub(super) sessions: Recent<RawId, (RawId, Timestamp)>,
    /// Whose a video, comment or tweet is, which never changes.
    pub(super) owners: Recent<RawId, RawId>,
    /// When a viewer was last counted for a video.
    pub(super) views: Recent<(RawId, Vec<u8>), Timestamp>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            people: Recent::new(MOST_PEOPLE, PEOPLE),
            totals: Recent::new(8, TOTALS),
            matches: Recent::new(MOST_MATCHES, MATCHES),
            sessions: Recent::new(MOST_SESSIONS, SESSIONS),
            owners: Recent::new(MOST_OWNERS, OWNERS),
            views: Recent::new(MOST_VIEWS, VIEWS),
        }
    }
}
