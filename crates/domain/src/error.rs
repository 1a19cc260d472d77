//! What a value or a store can refuse, by what the caller can do about it.

use std::borrow::Cow;
use std::error::Error;

/// A value that breaks its own rules. The message is a sentence for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidValue {
    message: Cow<'static, str>,
}

impl InvalidValue {
    /// A refusal with its reason.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into() }
    }

    /// The reason, ready to be shown.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The cause behind an error, for logs only.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a store did not do what it was asked. Absence is not an error: ports answer it with `Ok(None)`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the value that has to be unique; nothing was changed.
    #[error("{field} is taken")]
    Conflict {
        /// The name of the field as the API spells it.
        field: &'static str,
    },
    /// What is to be stored does not fit into its owner's quota any more; nothing was changed.
    #[error("the quota of {quota} bytes has no room: {used} bytes are used")]
    QuotaExceeded {
        /// What the owner has stored and what their open tickets may bring, in bytes.
        used: u64,
        /// What the owner may store, in bytes.
        quota: u64,
    },
    /// The store cannot be reached or is overloaded; the same call may succeed later.
    #[error("the store is unavailable")]
    Unavailable(#[source] Cause),
    /// The store answered something it must not; repeating the call will not help.
    #[error("the store failed")]
    Backend(#[source] Cause),
}

impl StoreError {
    /// Wraps a driver's error that repeating cannot cure.
    pub fn backend(cause: impl Into<Cause>) -> Self {
        Self::Backend(cause.into())
    }

    /// Wraps a driver's error that may pass.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
}
