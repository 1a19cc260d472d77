//! What the media store tells by itself: signed calls (webhooks) when its work on a film is done.

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
    /// The name of the film with which the store is done, well or not; `None` when a call is genuine and about something that
    /// nobody waits for. How the film is by now, the store itself is asked: calls come late, twice and in any order.
    fn read(&self, call: &SignedCall, now: Timestamp) -> Result<Option<FileKey>, NoticeError>;
}
