//! Media: receiving uploads, judging them by content, storing them and naming their URLs.

use std::path::Path;

use async_trait::async_trait;

use crate::error::Cause;
use crate::file::{FileFormat, FileKey};

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

/// Where files live.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait MediaStore: Send + Sync {
    /// Opens a place for a file of at most `limit` bytes.
    async fn receive(&self, limit: u64) -> Result<Box<dyn Intake>, MediaError>;

    /// Decodes an image (JPEG, PNG, WebP, GIF: its first frame), turns it upright, scales it down to its role and
    /// encodes it anew without metadata. Another type is `UnsupportedType`; a broken or oversized image is `Unreadable`.
    async fn prepare_image(&self, upload: Box<dyn Upload>, role: ImageRole) -> Result<PreparedFile, MediaError>;

    /// Checks that the file is a playable video (MP4, MOV, WebM, MKV) and reads its facts. Another type is
    /// `UnsupportedType`; one that does not play is `Unreadable`.
    async fn prepare_video(&self, upload: Box<dyn Upload>) -> Result<PreparedVideo, MediaError>;

    /// Takes a still out of a video. `None` where this machine has no tool for it.
    async fn poster(&self, video: &PreparedVideo) -> Result<Option<PreparedFile>, MediaError>;

    /// Stores a file under its key, durably: once this returns, it survives a power loss.
    async fn keep(&self, file: PreparedFile, key: &FileKey) -> Result<(), MediaError>;

    /// Removes a file. Removing what is not there is no error.
    async fn remove(&self, key: &FileKey) -> Result<(), MediaError>;

    /// The absolute URL under which clients fetch the file.
    fn url(&self, key: &FileKey) -> String;
}
