//! The names of the collections, as Mongoose has them where it has them.

pub(crate) const USERS: &str = "users";
pub(crate) const SESSIONS: &str = "sessions";
pub(crate) const VIDEOS: &str = "videos";
pub(crate) const COMMENTS: &str = "comments";
pub(crate) const TWEETS: &str = "tweets";
pub(crate) const LIKES: &str = "likes";
pub(crate) const SUBSCRIPTIONS: &str = "subscriptions";
pub(crate) const PLAYLISTS: &str = "playlists";
pub(crate) const PLAYLIST_VIDEOS: &str = "playlist_videos";
pub(crate) const HISTORY: &str = "history";
pub(crate) const VIEWS: &str = "views";
pub(crate) const FILE_LEDGER: &str = "file_ledger";
pub(crate) const MEDIA_TASKS: &str = "media_tasks";
pub(crate) const PURGE_QUEUE: &str = "purge_queue";
pub(crate) const TOTALS: &str = "totals";
pub(crate) const IDEMPOTENCY_KEYS: &str = "idempotency_keys";
pub(crate) const LEASES: &str = "leases";
pub(crate) const QUARANTINE: &str = "quarantine";
pub(crate) const META: &str = "aviary_meta";

/// Is there only while somebody migrates, and holds nothing but the lock.
pub(crate) const LOCK: &str = "aviary_lock";
