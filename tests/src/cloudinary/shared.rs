//! What all parts of the fake share: the account, and everything that changes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedSender;

use super::asset::{Asset, FilmFacts, Place, Streaming};
use super::chunk::Session;
use super::deliver::Copy;
use super::dice::Dice;
use super::fault::{Fault, Faults, Op};
use super::signature::Algorithm;
use super::work::{Job, SentNotice};

/// Who may use the fake.
#[derive(Debug, Clone)]
pub struct Account {
    pub cloud: String,
    pub key: String,
    pub secret: String,
    pub algorithm: Algorithm,
    /// Where the fake listens, as a URL without a path; known once it does.
    pub origin: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            cloud: "aviary-fake".to_owned(),
            key: "314159265358979".to_owned(),
            secret: "fAkE-sEcReT_of-the-Tests-9".to_owned(),
            algorithm: Algorithm::Sha1,
            origin: String::new(),
        }
    }
}

/// A call that came in.
#[derive(Debug, Clone)]
pub struct Call {
    pub op: Op,
    /// Method and path; never parameters.
    pub asked: String,
    /// What was answered; `None` when the connection was ended.
    pub status: Option<u16>,
    /// What went wrong on demand.
    pub fault: Option<Fault>,
}

/// How webhooks are sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conduct {
    /// How many are never sent, from 0 to 1.
    pub lost: f64,
    /// How many are sent twice, from 0 to 1.
    pub doubled: f64,
    /// Each waits for a while of at most this, so that they overtake one another.
    pub late: Duration,
}

/// How the work on films goes.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How long it takes; `None`: until [`super::FakeCloudinary::finish_work`].
    pub takes: Option<Duration>,
    /// How much of it fails, from 0 to 1.
    pub fails: f64,
}

/// Everything that changes.
pub(crate) struct State {
    pub(crate) assets: BTreeMap<Place, Asset>,
    pub(crate) sessions: HashMap<String, Session>,
    /// What caches all over the world keep of what was fetched, by path.
    pub(crate) caches: HashMap<String, Copy>,
    pub(crate) faults: Faults,
    pub(crate) dice: Dice,
    pub(crate) calls: Vec<Call>,
    pub(crate) conduct: Conduct,
    pub(crate) notices: Vec<SentNotice>,
    pub(crate) plan: Plan,
    /// Work that waits to be let go.
    pub(crate) waiting: Vec<Job>,
    pub(crate) film: FilmFacts,
    /// Whether answers keep to the fields that may be relied on.
    pub(crate) lean: bool,
    /// Whether a film keeps its playlist when it is renamed.
    pub(crate) keeps_derived: bool,
    /// How many calls of the Admin API are left in this hour; `None` for any number.
    pub(crate) admin_calls: Option<u64>,
    /// How far the fake's clock is ahead, in seconds.
    pub(crate) ahead: i64,
    /// Where a list goes on, by what its cursor says.
    pub(crate) cursors: HashMap<String, Place>,
    pub(crate) last_version: u64,
}

/// The account, the folder of the files, and the state behind its lock.
pub(crate) struct Shared {
    pub(crate) account: Account,
    pub(crate) jobs: UnboundedSender<Job>,
    folder: TempDir,
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(account: Account, seed: u64, jobs: UnboundedSender<Job>) -> Self {
        let state = State {
            assets: BTreeMap::new(),
            sessions: HashMap::new(),
            caches: HashMap::new(),
            faults: Faults::default(),
            dice: Dice::new(seed),
            calls: vec![],
            conduct: Conduct::default(),
            notices: vec![],
            plan: Plan { takes: Some(Duration::from_millis(30)), fails: 0.0 },
            waiting: vec![],
            film: FilmFacts { duration: 2.0, size: (64, 48) },
            lean: false,
            keeps_derived: false,
            admin_calls: None,
            ahead: 0,
            cursors: HashMap::new(),
            last_version: 0,
        };
        let folder = tempfile::Builder::new().prefix("fake-cloudinary-").tempdir().expect("a folder");
        Self { account, jobs, folder, state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed while it looked has changed nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl State {
    /// The fake's time in whole seconds.
    #[expect(clippy::disallowed_methods, reason = "the provider has a clock of its own")]
    pub(crate) fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        i64::try_from(since.as_secs()).expect("a time of this age") + self.ahead
    }

    /// A version that no asset had before, about the time in seconds.
    pub(crate) fn next_version(&mut self) -> u64 {
        let now = u64::try_from(self.now()).unwrap_or_default();
        self.last_version = now.max(self.last_version + 1);
        self.last_version
    }

    /// Takes an asset out of all caches.
    pub(crate) fn invalidate(&mut self, place: &Place) {
        self.caches.retain(|_, copy| copy.place != *place);
    }

    /// Ends the work on a film's playlist, unless it was begun anew or has gone.
    pub(crate) fn worked(&mut self, place: &Place, batch: &str, outcome: Streaming) {
        if let Some(asset) = self.assets.get_mut(place)
            && asset.batch.as_deref() == Some(batch)
        {
            asset.streaming = outcome;
        }
    }
}
