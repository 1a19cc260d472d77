//! Films that go from the browser to the media store by themselves: what is signed for them, and how they are confirmed.

use std::time::Duration;

use async_trait::async_trait;

use super::{MediaError, PreparedFile, VideoFacts};
use crate::Timestamp;
use crate::file::FileKey;

/// How long a store takes what it signed: the film has to have arrived by then. It is what Cloudinary gives any request.
pub const TICKET_LIFE: Duration = Duration::from_hours(1);

/// What a browser sends, and where, to store one film: an HTTP POST of a multipart form (RFC 7578) with these fields and
/// then the film in a field `file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadTicket {
    /// Where it is sent.
    pub url: String,
    /// The fields, all of them signed; another value of any is refused there.
    pub fields: Vec<(String, String)>,
    /// Until when the store takes it.
    pub expires_at: Timestamp,
}

/// What a ticket allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The name of the film.
    pub name: FileKey,
    /// Its largest size in bytes.
    pub limit: u64,
}

/// What the browser got for an answer, as far as it is needed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The name that the ticket gave the film, as the store spells it.
    pub public_id: String,
    /// The store's version of the file.
    pub version: u64,
    /// The store's signature over both, in hexadecimal digits.
    pub signature: String,
}

/// A film that lies in the store and that no row owns yet.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFilm {
    /// Its key, with the store's mark.
    pub key: FileKey,
    /// Its length and size, as the store found them.
    pub facts: VideoFacts,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Uploads that do not pass through the application.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait DirectUploads: Send + Sync {
    /// Signs the upload of one film of at most `limit` bytes under a reserved name, which also says its format.
    async fn sign(&self, name: &FileKey, limit: u64, now: Timestamp) -> Result<UploadTicket, MediaError>;

    /// What the fields of a ticket allow, where the film is sent to this server; `None` when they are not signed, or when the
    /// ticket's time is over. A store of another server knows none.
    fn open(&self, fields: &[(String, String)], now: Timestamp) -> Option<Allowance>;

    /// Stores a film that was sent to this server with a ticket and was judged to be of the format that its name says. Unlike
    /// [`super::MediaStore::keep`], it fails with `Unreadable` when something lies under the name already: a row may own it.
    async fn store(&self, film: PreparedFile, name: &FileKey, now: Timestamp) -> Result<Receipt, MediaError>;

    /// The name that a receipt is about; `None` unless the store's own signature is under it.
    fn verify(&self, receipt: &Receipt) -> Option<FileKey>;

    /// Asks the store what lies under a verified name, and has it begin its work on it. `None` when nothing lies there.
    /// `UnsupportedType` and `Unreadable` as for [`super::MediaStore::prepare_video`].
    async fn inspect(&self, name: &FileKey) -> Result<Option<StoredFilm>, MediaError>;
}
