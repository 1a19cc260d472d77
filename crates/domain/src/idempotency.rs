//! Creations that their senders may send again: the note of what a key made, and the answer that was given.

use std::time::Duration;

use async_trait::async_trait;

use crate::id::RawId;
use crate::{StoreError, Timestamp};

/// How long a key is remembered.
pub const KEY_LIFE: Duration = Duration::from_hours(24);

/// The field that a creation names which is refused because its key is noted already.
pub const KEY_FIELD: &str = "idempotencyKey";

/// The most bytes of a remembered answer; a longer one is made anew when it is needed.
pub const MAX_ANSWER: usize = 64 * 1024;

/// The hash of a sender and the key that they chose; neither can be recovered from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

/// The hash of all that a request asks for, by which the same request is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// The note that goes with a creation, so that the same request creates once.
///
/// Every port method that creates takes one. It notes the key in its own atomic step: if the key is noted already and
/// not over, the whole step fails with `Conflict { field: `[`KEY_FIELD`]` }` and changes nothing; a note that is over is
/// replaced. A step that fails, or finds nothing to create upon, leaves no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// Whose key it is, and which.
    pub key: KeyHash,
    /// What is asked for.
    pub fingerprint: Fingerprint,
    /// The present.
    pub now: Timestamp,
}

impl Once {
    /// When the note is over.
    pub fn expires_at(&self) -> Timestamp {
        self.now.after(KEY_LIFE)
    }
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What was asked for with it.
    pub fingerprint: Fingerprint,
    /// The id of what was made; which noun it is, the fingerprint tells.
    pub made: RawId,
    /// The answer that was given, unless it was lost or too long.
    pub answer: Option<Vec<u8>>,
}

/// The store of keys.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait IdempotencyRepository: Send + Sync {
    /// What is known of a key; `None` when it was never noted or its note is over. Who was told that a key is noted
    /// finds it here, and what is found here stays, whoever fails.
    async fn find(&self, key: KeyHash, now: Timestamp) -> Result<Option<Remembered>, StoreError>;

    /// Keeps the answer that was given to the request of this note. The first answer stays; without the note nothing
    /// is kept.
    async fn remember_answer(&self, once: Once, answer: &[u8]) -> Result<(), StoreError>;
}
