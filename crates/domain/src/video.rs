//! Videos: what they are, who may see them, and how they are listed, searched and watched.

use async_trait::async_trait;

use crate::file::FileKey;
use crate::idempotency::Once;
use crate::page::{Page, PageRequest};
use crate::text::text_value;
use crate::user::{User, UserCard};
use crate::{Id, StoreError, Timestamp};

mod list;
mod settlement;
mod task;
mod watch;

pub use list::{SORTED_SEARCH_CAP, VideoOrder, VideoQuery, VideoScope, VideoSort, title_sort_key};
pub use settlement::{Settled, Settlement, StatusChange};
#[cfg(feature = "test-support")]
pub use task::MockMediaTasks;
pub use task::{MediaTask, MediaTasks, TASK_DELAY};
pub use watch::{HISTORY_PRECISION, VideoDetail, Viewer, Visit};

text_value! {
    /// A video's title: 1 to 200 characters on one line.
    Title, 1..=200
}

text_value! {
    /// What a video or playlist is about: up to 5,000 characters, lines allowed; may be empty.
    Description, 0..=5000, lines
}

/// How far a video's files are. Before this, while they are on their way, they stand in the ledger and there is no
/// video yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub enum VideoStatus {
    /// They are stored, and the media store is still working on them.
    Processing,
    /// They can be played.
    #[default]
    Ready,
    /// The media store could not make them playable. The reason is for the owner, at most 500 characters.
    Failed(String),
}

impl VideoStatus {
    /// Its name as the API spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed(_) => "failed",
        }
    }

    /// Why it failed.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed(reason) => Some(reason),
            Self::Processing | Self::Ready => None,
        }
    }
}

/// A video.
///
/// Others see it while it is published and ready. Any other video exists for its owner alone; for everybody else every port
/// method behaves as if it were absent, and no count that others see knows it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Video {
    /// The id.
    pub id: Id<Video>,
    /// Who uploaded it.
    pub owner: Id<User>,
    /// The film.
    pub file: FileKey,
    /// The still.
    pub thumbnail: FileKey,
    /// The title.
    pub title: Title,
    /// What it is about.
    pub description: Description,
    /// Length in seconds.
    pub duration: f64,
    /// Width of a frame in pixels; 0 where unknown.
    pub width: u32,
    /// Height of a frame in pixels; 0 where unknown.
    pub height: u32,
    /// Size of the film in bytes; 0 where unknown.
    pub bytes: u64,
    /// Size of the still in bytes; 0 where it is unknown or derived from the film.
    pub thumbnail_bytes: u64,
    /// How far its files are.
    pub status: VideoStatus,
    /// Whether its owner wants others to see it, which they do once it is ready.
    pub is_published: bool,
    /// How often it was viewed.
    pub views: u64,
    /// How many users like it.
    pub likes_count: u64,
    /// How many comments it has.
    pub comments_count: u64,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// When its owner last changed it.
    pub updated_at: Timestamp,
}

impl Video {
    /// Whether everybody sees the video.
    pub fn is_public(&self) -> bool {
        self.is_published && self.status == VideoStatus::Ready
    }

    /// Whether this viewer may know that the video exists.
    pub fn is_visible_to(&self, viewer: Option<Id<User>>) -> bool {
        self.is_public() || viewer == Some(self.owner)
    }

    /// What it takes of its owner's quota, in bytes.
    pub fn stored_bytes(&self) -> u64 {
        self.bytes.saturating_add(self.thumbnail_bytes)
    }
}

/// A video with its owner, as lists show it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct VideoCard {
    /// The video.
    pub video: Video,
    /// Its owner.
    pub owner: UserCard,
}

/// A new still of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStill {
    /// Its key, reserved in the ledger.
    pub key: FileKey,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What an owner changes of a video; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VideoChange {
    /// The new title.
    pub title: Option<Title>,
    /// The new description.
    pub description: Option<Description>,
    /// The new still.
    pub thumbnail: Option<NewStill>,
    /// The most bytes that the owner may have stored afterwards; `None` for any number. Asked for only with a still that is
    /// larger than the old one.
    pub quota: Option<u64>,
}

/// The store of videos.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait VideoRepository: Send + Sync {
    /// Adds a video with its counters at zero, claims its files, adds their bytes to what its owner has stored, and answers
    /// with it and its owner. `QuotaExceeded` when that, with what the owner's other open [tickets](crate::ticket::Tickets) may
    /// bring, would be more than `quota` bytes; of many at once only so many are added as fit.
    async fn create(&self, video: &Video, quota: Option<u64>, once: Option<Once>) -> Result<VideoCard, StoreError>;

    /// The video with this id, published or not.
    async fn find(&self, id: Id<Video>) -> Result<Option<Video>, StoreError>;

    /// A page of videos. The total is given with page numbers: a stored count, or for a search the number of matches up
    /// to [`crate::page::SEARCH_TOTAL_CAP`].
    async fn list(&self, query: &VideoQuery, page: &PageRequest) -> Result<Page<VideoCard>, StoreError>;

    /// Opens a video's page: counts a view unless the viewer is the owner or was counted within the window, moves the
    /// video to the front of a signed-in viewer's history (left as it is when it stands there already, entered less
    /// than [`HISTORY_PRECISION`] ago), and answers with the page, all in one step. `None` when the viewer may not see it.
    /// A store that can be read but not written at the moment, as on a full disk, shows the page uncounted.
    async fn watch(&self, visit: &Visit) -> Result<Option<VideoDetail>, StoreError>;

    /// Changes a video; a new thumbnail is claimed and the old one made due in the same step, which also changes what the
    /// owner has stored by the difference of their bytes. `QuotaExceeded` when a larger still would make that, with what
    /// the owner's open [tickets](crate::ticket::Tickets) may bring, more than the quota.
    /// A still is stored for everybody to fetch, so that where not everybody sees the video a [task](MediaTasks) is made.
    async fn update(
        &self,
        id: Id<Video>,
        change: &VideoChange,
        now: Timestamp,
    ) -> Result<Option<VideoCard>, StoreError>;

    /// Publishes an unpublished video and the other way round, and makes a [task](MediaTasks): who may fetch its files
    /// changes with it.
    async fn toggle_published(&self, id: Id<Video>, now: Timestamp) -> Result<Option<VideoCard>, StoreError>;

    /// Notes what the media store says of a video's files. What others see and the counts of it change with the status in
    /// the same step; `updatedAt` stays. Answers with the video as it is then; `None` when there is none any more.
    async fn settle(&self, id: Id<Video>, said: &Settlement, now: Timestamp) -> Result<Option<Video>, StoreError>;

    /// The video that is processing and has the film of this name; the mark does not matter.
    async fn find_processing(&self, film: &FileKey) -> Result<Option<Video>, StoreError>;

    /// Whether only some may fetch the file of this name, or none: it is the film or still of a video that only its owner
    /// sees, or stands in the ledger. The mark does not matter.
    async fn is_hidden_file(&self, file: &FileKey) -> Result<bool, StoreError>;

    /// Deletes a video: at once it is absent from every answer and no counter knows it; its files are due. What hung
    /// on it (comments, likes, playlist and history entries) is invisible from then on and is removed by
    /// [`crate::maintenance::MaintenanceRepository::purge`]; its bytes are no longer its owner's. `false` when there was none.
    async fn delete(&self, id: Id<Video>, now: Timestamp) -> Result<bool, StoreError>;
}
