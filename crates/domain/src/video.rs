//! Videos: what they are, who may see them, and how they are listed, searched and watched.

use std::time::Duration;

use async_trait::async_trait;

use crate::file::FileKey;
use crate::idempotency::Once;
use crate::page::{ListOrder, Page, PageRequest, SortDirection};
use crate::search::SearchWords;
use crate::security::GuestKey;
use crate::text::text_value;
use crate::user::{User, UserCard};
use crate::{Id, InvalidValue, StoreError, Timestamp};

mod settled;

pub use settled::Settled;

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

/// A video's page as one viewer sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoDetail {
    /// The video and its owner; `views` includes this visit if it counted.
    pub card: VideoCard,
    /// How many users subscribe to the owner.
    pub subscribers_count: u64,
    /// Whether the viewer subscribes to the owner.
    pub is_subscribed: bool,
    /// Whether the viewer likes the video.
    pub is_liked: bool,
}

/// What videos can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoSort {
    /// Time of upload.
    CreatedAt,
    /// Number of views.
    Views,
    /// Length.
    Duration,
    /// Title, without regard to case.
    Title,
    /// Number of likes.
    Likes,
}

impl VideoSort {
    /// Reads the name that the API uses.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "createdAt" => Ok(Self::CreatedAt),
            "views" => Ok(Self::Views),
            "duration" => Ok(Self::Duration),
            "title" => Ok(Self::Title),
            "likesCount" => Ok(Self::Likes),
            _ => Err(InvalidValue::new("must be one of createdAt, views, duration, title, likesCount")),
        }
    }
}

/// A title as titles are sorted: lower case, compared by code point.
pub fn title_sort_key(title: &Title) -> String {
    title.as_str().to_lowercase()
}

/// Which videos a list draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoScope {
    /// All published ones.
    Published,
    /// The published ones of one user.
    PublishedBy(Id<User>),
    /// All of one user's, for that user's own eyes.
    AllOf(Id<User>),
}

/// How a list of videos is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoOrder {
    /// By an attribute, ties by id in the same direction.
    By(VideoSort, SortDirection),
    /// By how well they match (see [`crate::search::SearchTier`]), newest first within a tier.
    Relevance,
}

impl VideoOrder {
    /// The order that cursors of such a list carry.
    pub fn list_order(self) -> ListOrder {
        match self {
            Self::By(sort, direction) => ListOrder::Videos(sort, direction),
            Self::Relevance => ListOrder::Relevance,
        }
    }
}

/// A list of videos.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoQuery {
    /// Which videos.
    pub scope: VideoScope,
    /// The words they must match, if any.
    pub words: Option<SearchWords>,
    /// Their order; [`VideoOrder::Relevance`] only together with words.
    pub order: VideoOrder,
}

/// Who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// A signed-in user.
    User(Id<User>),
    /// Somebody unknown.
    Guest(GuestKey),
}

impl Viewer {
    /// The user, if the viewer is signed in.
    pub fn user(self) -> Option<Id<User>> {
        match self {
            Self::User(id) => Some(id),
            Self::Guest(_) => None,
        }
    }
}

/// Somebody opens a video's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The video.
    pub video: Id<Video>,
    /// Who opens it.
    pub viewer: Viewer,
    /// The present.
    pub now: Timestamp,
    /// How long one view of a viewer lasts before the next one counts.
    pub window: Duration,
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

/// What the media store has to say of a video's files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settlement {
    /// The film's key as it was, and as it is from now on: the same file under another mark or URL. Passed over when the
    /// row has another key by now.
    pub film: Option<(FileKey, FileKey)>,
    /// The same of the still.
    pub still: Option<(FileKey, FileKey)>,
    /// The new status.
    pub status: Option<StatusChange>,
}

/// A change of status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// Taken only from this one, whatever the reason of a failure was.
    pub from: VideoStatus,
    /// The status from now on. `Processing` makes a [task](MediaTasks) for the video, due at once.
    pub to: VideoStatus,
}

/// A video whose files may need something done by the media store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaTask {
    /// Which video; it may be deleted by now.
    pub video: Id<Video>,
    /// How often the task was postponed.
    pub attempts: u32,
    /// Whether it was renewed before it was done. Then something may have been done for the need of before that is noted
    /// nowhere.
    pub is_renewed: bool,
    /// Tells this version of the task from later ones of the same video.
    pub stamp: u64,
}

/// The store of videos whose files need attention, one task at most for each video. The steps that make such a need make the
/// task: creating a video that is not ready makes one that is due [`TASK_DELAY`] later; toggling publication, giving a new
/// still to a video that not everybody sees, and setting the status `Processing` make one that is due at once, or renew the
/// one that is there: due at once, no attempt counted. A video that is deleted takes its task along.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait MediaTasks: Send + Sync {
    /// The tasks whose time has come, longest due first, at most `limit`.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<MediaTask>, StoreError>;

    /// It is not done yet: due again at `until`, one more attempt counted. A task that was renewed meanwhile is left alone.
    async fn postpone(&self, task: &MediaTask, until: Timestamp) -> Result<(), StoreError>;

    /// Nothing is left to do. A task that was renewed meanwhile stays.
    async fn done(&self, task: &MediaTask) -> Result<(), StoreError>;
}

/// How long the media store has to tell by itself that a new video is ready, before it is asked.
pub const TASK_DELAY: Duration = Duration::from_secs(30);

/// How old the newest history entry may be while a further visit to the same video leaves it as it is.
pub const HISTORY_PRECISION: Duration = Duration::from_mins(1);

/// The most matches, newest first, that a search sorts by an attribute; a list in order of relevance has no such bound.
pub const SORTED_SEARCH_CAP: u64 = 10_000;

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
