//! The application: its ports, its policy, and the services over them.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Store;
use aviary_domain::id::IdSource;
use aviary_domain::media::MediaStore;
use aviary_domain::media::direct::DirectUploads as DirectPort;
use aviary_domain::media::inventory::MediaInventory;
use aviary_domain::media::notice::MediaNotices;
use aviary_domain::media::site::MediaSite;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::security::{Entropy, PasswordHasher, Tokens};
use aviary_domain::time::Clock;

use crate::login_guard::{LoginGuard, LoginLimits};
use crate::settle::Upkeep;
use crate::{
    Comments, Dashboard, DirectUploads, History, Keys, Likes, MediaCheck, Notices, Playlists, Sessions, Subscriptions,
    Sweeper, Tweets, Uploads, Users, Videos,
};

/// Everything outside that the use cases need.
#[derive(Clone)]
pub struct Ports {
    /// The repositories.
    pub store: Store,
    /// Where files live.
    pub media: Arc<dyn MediaStore>,
    /// Looking after those that it has.
    pub upkeep: Arc<dyn MediaUpkeep>,
    /// Films that browsers send to it by themselves.
    pub direct: Arc<dyn DirectPort>,
    /// What it tells by itself.
    pub notices: Arc<dyn MediaNotices>,
    /// What lies in it.
    pub inventory: Arc<dyn MediaInventory>,
    /// Slow hashing.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Signed tokens.
    pub tokens: Arc<dyn Tokens>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh identifiers.
    pub ids: Arc<dyn IdSource>,
}

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How long one view of a viewer lasts before the next one counts.
    pub view_window: Duration,
    /// The largest video in bytes.
    pub max_video_bytes: u64,
    /// The largest image in bytes.
    pub max_image_bytes: u64,
    /// The most bytes that the films and stills of one user may have; `None` for any number.
    pub storage_quota: Option<u64>,
    /// Where files are kept; what the store has noted otherwise is for other processes to look after.
    pub media_site: MediaSite,
    /// How many failed logins are allowed; `None` for any number.
    pub login_limits: Option<LoginLimits>,
}

/// All use cases, one service a noun.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is its service")]
pub struct Application {
    pub users: Users,
    pub sessions: Sessions,
    pub videos: Videos,
    pub comments: Comments,
    pub tweets: Tweets,
    pub likes: Likes,
    pub subscriptions: Subscriptions,
    pub playlists: Playlists,
    pub history: History,
    pub dashboard: Dashboard,
    pub keys: Keys,
    pub uploads: Uploads,
    pub sweeper: Sweeper,
    pub direct_uploads: DirectUploads,
    pub notices: Notices,
    pub media_check: MediaCheck,
}

impl Application {
    /// Builds the services over the ports.
    pub fn new(ports: Ports, policy: Policy) -> Self {
        let ports = Arc::new(ports);
        let policy = Arc::new(policy);
        let guard = Arc::new(LoginGuard::new(policy.login_limits));
        let upkeep = Upkeep::new(ports.clone());
        let sweeper = Sweeper::new(ports.clone(), policy.clone(), upkeep.clone());
        Self {
            users: Users::new(ports.clone(), policy.clone(), guard.clone(), sweeper.clone()),
            sessions: Sessions::new(ports.clone(), guard),
            videos: Videos::new(ports.clone(), policy.clone(), sweeper.clone(), upkeep.clone()),
            comments: Comments::new(ports.clone(), sweeper.clone()),
            tweets: Tweets::new(ports.clone(), sweeper.clone()),
            likes: Likes::new(ports.clone()),
            subscriptions: Subscriptions::new(ports.clone()),
            playlists: Playlists::new(ports.clone()),
            history: History::new(ports.clone()),
            dashboard: Dashboard::new(ports.clone()),
            keys: Keys::new(ports.clone()),
            uploads: Uploads::new(ports.clone(), policy.clone()),
            direct_uploads: DirectUploads::new(ports.clone(), policy),
            notices: Notices::new(ports.clone(), upkeep, sweeper.clone()),
            media_check: MediaCheck::new(ports),
            sweeper,
        }
    }
}
