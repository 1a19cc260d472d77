//! The mocks of all ports in one place, and a store made of them for tests that need an injected failure.

use std::sync::Arc;

pub use crate::comment::MockCommentRepository;
pub use crate::dashboard::MockDashboardRepository;
pub use crate::file::MockFileLedger;
pub use crate::history::MockHistoryRepository;
pub use crate::id::MockIdSource;
pub use crate::idempotency::MockIdempotencyRepository;
pub use crate::lease::MockLeases;
pub use crate::like::MockLikeRepository;
pub use crate::maintenance::MockMaintenanceRepository;
pub use crate::media::MockMediaStore;
pub use crate::media::direct::MockDirectUploads;
pub use crate::media::inventory::MockMediaInventory;
pub use crate::media::notice::MockMediaNotices;
pub use crate::media::site::MockMediaSiteNote;
pub use crate::media::upkeep::MockMediaUpkeep;
pub use crate::playlist::MockPlaylistRepository;
pub use crate::security::{MockEntropy, MockPasswordHasher, MockTokens};
pub use crate::session::MockSessionRepository;
pub use crate::subscription::MockSubscriptionRepository;
pub use crate::ticket::MockTickets;
pub use crate::time::MockClock;
pub use crate::tweet::MockTweetRepository;
pub use crate::user::MockUserRepository;
pub use crate::video::{MockMediaTasks, MockVideoRepository};

use crate::Store;

/// A store in which every call fails the test until the test expects it: set expectations on the fields, then turn
/// it into a [`Store`].
#[derive(Default)]
#[expect(missing_docs, reason = "each field is its port's mock")]
pub struct MockStore {
    pub users: MockUserRepository,
    pub sessions: MockSessionRepository,
    pub videos: MockVideoRepository,
    pub comments: MockCommentRepository,
    pub tweets: MockTweetRepository,
    pub likes: MockLikeRepository,
    pub subscriptions: MockSubscriptionRepository,
    pub playlists: MockPlaylistRepository,
    pub history: MockHistoryRepository,
    pub dashboard: MockDashboardRepository,
    pub files: MockFileLedger,
    pub tickets: MockTickets,
    pub media_site: MockMediaSiteNote,
    pub media_tasks: MockMediaTasks,
    pub idempotency: MockIdempotencyRepository,
    pub leases: MockLeases,
    pub maintenance: MockMaintenanceRepository,
}

impl MockStore {
    /// The store, as use cases take it; expectations are checked when its last clone is dropped.
    pub fn into_store(self) -> Store {
        Store {
            users: Arc::new(self.users),
            sessions: Arc::new(self.sessions),
            videos: Arc::new(self.videos),
            comments: Arc::new(self.comments),
            tweets: Arc::new(self.tweets),
            likes: Arc::new(self.likes),
            subscriptions: Arc::new(self.subscriptions),
            playlists: Arc::new(self.playlists),
            history: Arc::new(self.history),
            dashboard: Arc::new(self.dashboard),
            files: Arc::new(self.files),
            tickets: Arc::new(self.tickets),
            media_site: Arc::new(self.media_site),
            media_tasks: Arc::new(self.media_tasks),
            idempotency: Arc::new(self.idempotency),
            leases: Arc::new(self.leases),
            maintenance: Arc::new(self.maintenance),
        }
    }
}

/// A store that expects nothing yet.
pub fn mock_store() -> MockStore {
    MockStore::default()
}
