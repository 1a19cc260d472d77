//! Playlists: videos in an order that somebody chose.

use async_trait::async_trait;

use crate::idempotency::Once;
use crate::page::{Page, PageRequest};
use crate::text::text_value;
use crate::user::{User, UserCard};
use crate::video::{Description, Video, VideoCard};
use crate::{Id, StoreError, Timestamp};

text_value! {
    /// A playlist's name: 1 to 150 characters on one line.
    PlaylistName, 1..=150
}

/// The most videos in one playlist; bounds what showing it costs.
pub const MAX_PLAYLIST_VIDEOS: u64 = 5_000;

/// How many of its videos a playlist shows in a list of playlists.
pub const PLAYLIST_PREVIEW: u8 = 100;

/// A playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct Playlist {
    /// The id.
    pub id: Id<Playlist>,
    /// Who made it.
    pub owner: Id<User>,
    /// The name.
    pub name: PlaylistName,
    /// What it is about.
    pub description: Description,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner last changed it or its videos.
    pub updated_at: Timestamp,
}

/// A playlist as one viewer sees it: totals and videos know only what the viewer may see.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaylistCard {
    /// The playlist.
    pub playlist: Playlist,
    /// Its owner.
    pub owner: UserCard,
    /// How many visible videos it holds.
    pub total_videos: u64,
    /// The sum of their views.
    pub total_views: u64,
    /// The videos of the page that was asked for, in the order of adding.
    pub videos: Page<VideoCard>,
}

/// What an owner changes of a playlist; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlaylistChange {
    /// The new name.
    pub name: Option<PlaylistName>,
    /// The new description.
    pub description: Option<Description>,
}

/// What became of adding a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is in the playlist now, or was before: then it kept its place.
    Present,
    /// There is no such playlist.
    NoPlaylist,
    /// There is no such video that the playlist's owner can see.
    NoVideo,
    /// The playlist holds [`MAX_PLAYLIST_VIDEOS`] already.
    Full,
}

/// The store of playlists. A playlist holds a video at most once, whatever runs at once; a video can be in any number
/// of playlists; entries keep the order of adding.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait PlaylistRepository: Send + Sync {
    /// Adds an empty playlist.
    async fn create(&self, playlist: &Playlist, once: Option<Once>) -> Result<PlaylistCard, StoreError>;

    /// The playlist with this id.
    async fn find(&self, id: Id<Playlist>) -> Result<Option<Playlist>, StoreError>;

    /// The playlist as a viewer sees it, with a page of its videos.
    async fn show(
        &self,
        id: Id<Playlist>,
        viewer: Option<Id<User>>,
        videos: &PageRequest,
    ) -> Result<Option<PlaylistCard>, StoreError>;

    /// A user's playlists, newest first, each with its first [`PLAYLIST_PREVIEW`] videos, without a total; `None` when
    /// there is no such user.
    async fn list_by(
        &self,
        owner: Id<User>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<PlaylistCard>>, StoreError>;

    /// Changes name and description; `false` when there is no such playlist.
    async fn update(&self, id: Id<Playlist>, change: &PlaylistChange, now: Timestamp) -> Result<bool, StoreError>;

    /// Deletes a playlist and its entries; `false` when there was none.
    async fn delete(&self, id: Id<Playlist>) -> Result<bool, StoreError>;

    /// Puts a video at the end unless the playlist holds it.
    async fn add_video(&self, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<Added, StoreError>;

    /// Takes a video out if it is in; `false` when there is no such playlist.
    async fn remove_video(&self, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<bool, StoreError>;
}
