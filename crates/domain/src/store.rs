//! All repositories of one store, as the use cases receive them.

use std::sync::Arc;

use crate::comment::CommentRepository;
use crate::dashboard::DashboardRepository;
use crate::file::FileLedger;
use crate::history::HistoryRepository;
use crate::idempotency::IdempotencyRepository;
use crate::lease::Leases;
use crate::like::LikeRepository;
use crate::maintenance::MaintenanceRepository;
use crate::media::site::MediaSiteNote;
use crate::playlist::PlaylistRepository;
use crate::session::SessionRepository;
use crate::subscription::SubscriptionRepository;
use crate::ticket::Tickets;
use crate::tweet::TweetRepository;
use crate::user::UserRepository;
use crate::video::{MediaTasks, VideoRepository};

/// The ports of one store. They share its atomicity: a step of one is seen by all.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is its port")]
pub struct Store {
    pub users: Arc<dyn UserRepository>,
    pub sessions: Arc<dyn SessionRepository>,
    pub videos: Arc<dyn VideoRepository>,
    pub comments: Arc<dyn CommentRepository>,
    pub tweets: Arc<dyn TweetRepository>,
    pub likes: Arc<dyn LikeRepository>,
    pub subscriptions: Arc<dyn SubscriptionRepository>,
    pub playlists: Arc<dyn PlaylistRepository>,
    pub history: Arc<dyn HistoryRepository>,
    pub dashboard: Arc<dyn DashboardRepository>,
    pub files: Arc<dyn FileLedger>,
    pub tickets: Arc<dyn Tickets>,
    pub media_site: Arc<dyn MediaSiteNote>,
    pub media_tasks: Arc<dyn MediaTasks>,
    pub idempotency: Arc<dyn IdempotencyRepository>,
    pub leases: Arc<dyn Leases>,
    pub maintenance: Arc<dyn MaintenanceRepository>,
}
