//! What can go wrong in a use case, by what the caller can do about it.

use std::fmt;
use std::time::Duration;

use aviary_domain::StoreError;
use aviary_domain::error::Cause;
use aviary_domain::media::MediaError;
use aviary_domain::media::notice::NoticeError;
use aviary_domain::security::HashError;

/// A field that was refused, under the name that the API gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it, for the person who filled it in.
    pub message: String,
}

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// A user.
    User,
    /// A user as a channel.
    Channel,
    /// A video.
    Video,
    /// A comment.
    Comment,
    /// A tweet.
    Tweet,
    /// A playlist.
    Playlist,
    /// A film that was sent to the media store, for which a video is to be made.
    Upload,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "User",
            Self::Channel => "Channel",
            Self::Video => "Video",
            Self::Comment => "Comment",
            Self::Tweet => "Tweet",
            Self::Playlist => "Playlist",
            Self::Upload => "Upload",
        })
    }
}

/// Why somebody is not taken for who they say they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    /// No token was presented.
    MissingToken,
    /// The token is not one of ours, or not of the kind that is needed here.
    InvalidToken,
    /// The token's time is over.
    ExpiredToken,
    /// The token was good, but its session has ended.
    SessionEnded,
    /// The account does not exist or the password is not its password.
    WrongCredentials,
}

/// Why a use case did not do what it was asked. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Input breaks its rules; every offending field is listed.
    #[error("the input is not valid")]
    Invalid(Vec<FieldError>),
    /// The caller is not authenticated.
    #[error("not authenticated: {0:?}")]
    Unauthenticated(AuthFailure),
    /// The caller may not do this; the message says who may.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The thing does not exist, or the caller may not know that it does.
    #[error("{0} not found")]
    NotFound(Noun),
    /// Somebody else holds a value that has to be unique.
    #[error("{field} is taken")]
    Conflict {
        /// The field whose value is taken.
        field: &'static str,
    },
    /// The key of the request was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// The video has not failed, so there is nothing to try again.
    #[error("the video has not failed")]
    NotFailed,
    /// What is to be stored does not fit into its owner's quota any more.
    #[error("{used} of {quota} bytes are used")]
    QuotaExceeded {
        /// What the owner has stored and what their open tickets may bring, in bytes.
        used: u64,
        /// What the owner may store, in bytes.
        quota: u64,
    },
    /// A call that says to come from the media store is not believed.
    #[error("the media store's call is refused")]
    Notice(#[source] NoticeError),
    /// A file is larger than the limit.
    #[error("{field} is larger than {limit} bytes")]
    TooLarge {
        /// The file's field.
        field: &'static str,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file is of a type that is not accepted.
    #[error("{field} has a type that is not accepted: {reason}")]
    UnsupportedMedia {
        /// The file's field.
        field: &'static str,
        /// What is accepted.
        reason: String,
    },
    /// A file cannot be read as what it claims to be.
    #[error("{field} cannot be read: {reason}")]
    Unreadable {
        /// The file's field.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// Too many attempts failed; later ones may succeed.
    #[error("too many failed attempts")]
    TooManyAttempts {
        /// How long to wait.
        retry_after: Duration,
    },
    /// As many films as may be are on their way with tickets already.
    #[error("too many tickets are open")]
    TooManyTickets {
        /// How long until the first of them is due to end.
        retry_after: Duration,
    },
    /// The store or the media provider cannot be reached or is overloaded; later attempts may succeed.
    #[error("a service that this needs is unavailable")]
    Unavailable(#[source] Cause),
    /// A fault of ours.
    #[error("an internal fault")]
    Internal(#[source] Cause),
}

impl Error {
    /// One offending field.
    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field, message: message.into() }])
    }

    /// What went wrong with the file of this field.
    pub fn of_file(field: &'static str, error: MediaError) -> Self {
        match error {
            MediaError::TooLarge { limit } => Self::TooLarge { field, limit },
            MediaError::UnsupportedType(reason) => Self::UnsupportedMedia { field, reason },
            MediaError::Unreadable(reason) => Self::Unreadable { field, reason },
            MediaError::Unavailable(cause) => Self::Unavailable(cause),
            MediaError::Backend(cause) => Self::Internal(cause),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { field } => Self::Conflict { field },
            StoreError::QuotaExceeded { used, quota } => Self::QuotaExceeded { used, quota },
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Backend(cause) => Self::Internal(cause),
        }
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Unavailable(error.into()),
            HashError::Failed(cause) => Self::Internal(cause),
        }
    }
}

/// An error with everything behind it on one line, for logs.
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
