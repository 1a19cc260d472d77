//! What the media store tells by itself: signed calls (webhooks) when its work on a film is done.

use super::Progress;
use crate::Timestamp;
use crate::file::FileKey;

/// A call as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCall {
    /// When the store says that it sent it: the header, as it stood there.
    pub timestamp: String,
    /// The header with the signature over body and time.
    pub signature: String,
    /// The raw body.
    pub body: Vec<u8>,
}

/// What a call tells of a film.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The film's name.
    pub film: FileKey,
    /// How far the store is with it.
    pub progress: Progress,
    /// When the store sent it, in whole seconds.
    pub sent_at: Timestamp,
}

/// Why a call is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// The signature is not the store's.
    #[error("the signature does not fit")]
    Forged,
    /// It was sent too long ago, or is dated in the future.
    #[error("the call is too old")]
    Stale,
    /// The body is not what the store sends.
    #[error("the body cannot be read")]
    Malformed,
    /// This store tells nothing by itself.
    #[error("no such calls are expected")]
    Unexpected,
}

/// Reads the calls of the media store. A call may come more than once and in any order.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait MediaNotices: Send + Sync {
    /// What a call tells; `None` when it is genuine and about something that nobody waits for.
    fn read(&self, call: &SignedCall, now: Timestamp) -> Result<Option<Notice>, NoticeError>;
}
