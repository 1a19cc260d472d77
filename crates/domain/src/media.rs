//! Media: receiving uploads, judging them by content, storing them and naming their URLs.

use std::path::Path;

use async_trait::async_trait;

use crate::Timestamp;
use crate::error::Cause;
use crate::file::{FileFormat, FileKey};

pub mod direct;
pub mod inventory;
pub mod notice;
pub mod site;
pub mod upkeep;

/// Why an upload was not taken or a file not stored.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// More bytes arrived than the limit allows.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The content is of no type that is accepted here, whatever its name says.
    #[error("{0}")]
    UnsupportedType(String),
    /// The content claims an accepted type but cannot be read as it. The reason is for the uploader.
    #[error("{0}")]
    Unreadable(String),
    /// The store or a tool it needs is overloaded or out of reach; try again later.
    #[error("the media store is unavailable")]
    Unavailable(#[source] Cause),
    /// The store failed.
    #[error("the media store failed")]
    Backend(#[source] Cause),
}

/// A file on its way in: chunks are written as they arrive and counted against the limit.
///
/// Dropped before [`Intake::finish`], it leaves nothing behind.
#[async_trait]
pub trait Intake: Send {
    /// Asks for the [digest](Upload::digest) of the file; to be called before anything is written.
    fn ask_digest(&mut self);

    /// Takes the next bytes; past the limit it fails with `TooLarge` and keeps nothing.
    async fn write(&mut self, chunk: &[u8]) -> Result<(), MediaError>;

    /// All bytes have arrived.
    async fn finish(self: Box<Self>) -> Result<Box<dyn Upload>, MediaError>;
}

/// A received file that is not stored yet. Dropping it removes it.
pub trait Upload: Send + Sync {
    /// Its length in bytes.
    fn bytes(&self) -> u64;

    /// Where it lies on this machine.
    fn path(&self) -> &Path;

    /// The SHA-256 of its bytes as they arrived, if it was [asked for](Intake::ask_digest).
    fn digest(&self) -> Option<[u8; 32]>;
}

/// What an image is for; decides how large it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageRole {
    /// A face beside a name: at most 1024 × 1024 pixels.
    Avatar,
    /// A channel's banner: at most 2560 × 2560 pixels.
    Cover,
    /// A video's still: at most 1920 × 1920 pixels.
    Thumbnail,
}

impl ImageRole {
    /// The longest side in pixels; larger images are scaled down.
    pub fn longest_side(self) -> u32 {
        match self {
            Self::Avatar => 1024,
            Self::Cover => 2560,
            Self::Thumbnail => 1920,
        }
    }
}

/// A file that was judged and made ready to be stored.
pub struct PreparedFile {
    /// The bytes.
    pub upload: Box<dyn Upload>,
    /// What they are, told by their content.
    pub format: FileFormat,
}

/// What is known about a playable video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoFacts {
    /// Length in seconds, above 0.
    pub duration: f64,
    /// Width of a frame in pixels; 0 where unknown.
    pub width: u32,
    /// Height of a frame in pixels; 0 where unknown.
    pub height: u32,
}

/// A playable video, ready to be stored.
pub struct PreparedVideo {
    /// The file as it was uploaded.
    pub file: PreparedFile,
    /// Length and size.
    pub facts: VideoFacts,
}

/// What a file is shown as; a store may make another form of it for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rendition {
    /// The film, as it came.
    Film,
    /// A video's still.
    Still,
    /// A face.
    Avatar,
    /// A banner.
    Cover,
}

/// Who may fetch a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everybody who knows its URL.
    Public,
    /// Who was given a signed URL.
    Private,
}

/// Why a film can never be played whose file is gone, as it is told to its owner, wherever that turns out.
pub const FILM_MISSING: &str = "The film's file is missing";

/// How far the store is with a film.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// It is still at work.
    Pending,
    /// The film can be played; by this key it is known from now on.
    Ready(FileKey),
    /// It cannot be made playable. The reason is for the owner and is the store's own words, never a provider's.
    Failed(String),
}

/// Where files live: how they come in, and under which URLs they are given out. What is done to those that are stored is
/// [`upkeep::MediaUpkeep`].
///
/// Files are stored under names that the ledger reserved. The key that comes back may carry a mark, and whoever asks
/// about the file later hands in that key. Reading a key (`derived_poster`, `url`) costs nothing and asks nobody.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait MediaStore: Send + Sync {
    /// Opens a place for a file of at most `limit` bytes; `Unavailable` at once while the store is known to be out of reach,
    /// so that nobody sends a film in vain.
    async fn receive(&self, limit: u64) -> Result<Box<dyn Intake>, MediaError>;

    /// Decodes an image (JPEG, PNG, WebP, GIF: its first frame), turns it upright, scales it down to its role and
    /// encodes it anew without metadata. Another type is `UnsupportedType`; a broken or oversized image is `Unreadable`.
    async fn prepare_image(&self, upload: Box<dyn Upload>, role: ImageRole) -> Result<PreparedFile, MediaError>;

    /// Checks that the file is a playable video (MP4, MOV, WebM, MKV) and reads its facts. Another type is
    /// `UnsupportedType`; one that does not play is `Unreadable`.
    async fn prepare_video(&self, upload: Box<dyn Upload>) -> Result<PreparedVideo, MediaError>;

    /// Takes a still out of a video. `None` where this machine has no tool for it.
    async fn poster(&self, video: &PreparedVideo) -> Result<Option<PreparedFile>, MediaError>;

    /// Takes a still out of a film that is stored. `None` where this machine has no tool for it; `Unreadable` when the film
    /// is gone.
    async fn poster_of_stored(&self, film: &FileKey) -> Result<Option<PreparedFile>, MediaError>;

    /// The key of the still that the store derives from a film by itself; `None` where it does not. Asked with the bare name
    /// of a film that is about to be stored, it tells whether it will.
    fn derived_poster(&self, film: &FileKey) -> Option<FileKey>;

    /// Stores a file under its name, for everybody to fetch, durably: once this returns, it survives a power loss. The key
    /// by which it is known from then on is the same name with the store's mark, if it has one.
    async fn keep(&self, file: PreparedFile, name: &FileKey) -> Result<FileKey, MediaError>;

    /// The absolute URL under which clients fetch the file. With `until`, it is for one who may see what not everybody may:
    /// it works without further proof, at least until then where the store can bound that.
    fn url(&self, key: &FileKey, rendition: Rendition, until: Option<Timestamp>) -> String;

    /// The absolute URL of a film's HLS playlist (RFC 8216); `None` where there is none.
    fn playback_url(&self, film: &FileKey) -> Option<String>;
}
