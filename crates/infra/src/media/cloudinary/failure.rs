//! Why a call to Cloudinary came to nothing, and whether trying again may help. Nothing that Cloudinary wrote is kept: the text
//! of a refusal can hold what was signed.

use std::io;
use std::time::Duration;

use aviary_domain::media::MediaError;

/// Why one attempt failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No connection, or one that broke.
    #[error("the connection failed")]
    Transport(#[source] reqwest::Error),
    /// It took too long.
    #[error("nothing came for {0:?}")]
    TimedOut(Duration),
    /// Others found out just now that nobody answers.
    #[error("nobody answered lately, the next try is in {0:?}")]
    Open(Duration),
    /// It answered, and did not do it.
    #[error("answered {status} (request {request})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// By what Cloudinary knows the request.
        request: String,
        /// When to come again, if it said so.
        again: Option<Duration>,
    },
    /// The answer is not what it should be.
    #[error("{what} (request {request})")]
    Unbelievable {
        /// What is wrong with it.
        what: &'static str,
        /// By what Cloudinary knows the request.
        request: String,
    },
    /// Everything was sent, and it still waits for more.
    #[error("the upload did not come to an end")]
    Unfinished,
    /// The file to be sent cannot be read.
    #[error("the file to be sent cannot be read")]
    File(#[source] io::Error),
}

impl Failure {
    /// Whether the same request may succeed later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Transport(_) | Self::TimedOut(_) | Self::Open(_) => true,
            Self::Refused { status, .. } => matches!(status, 408 | 420 | 423 | 425 | 429 | 500..),
            Self::Unbelievable { .. } | Self::Unfinished | Self::File(_) => false,
        }
    }

    /// Whether Cloudinary seems to be out of reach, and not just unwilling.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self, Self::Transport(_) | Self::TimedOut(_) | Self::Refused { status: 500.., .. })
    }

    /// Whether it looked at the file and says that nothing can be made of it.
    pub(super) fn is_about_the_file(&self) -> bool {
        matches!(self.status(), Some(400 | 415 | 422))
    }

    /// How long it asked us to wait.
    pub(super) fn again(&self) -> Duration {
        match self {
            Self::Refused { again, .. } => again.unwrap_or_default(),
            Self::Open(wait) => *wait,
            _ => Duration::ZERO,
        }
    }

    /// The HTTP status, if there was an answer.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(cause: reqwest::Error) -> Self {
        // A URL of a private file opens it.
        Self::Transport(cause.without_url())
    }
}

/// Why a call came to nothing in the end.
#[derive(Debug, thiserror::Error)]
#[error("Cloudinary: {call} failed, attempt {attempts}")]
pub(super) struct Failed {
    /// What was asked.
    pub call: &'static str,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt met with.
    #[source]
    pub failure: Failure,
}

impl From<Failed> for MediaError {
    fn from(failed: Failed) -> Self {
        if failed.failure.may_pass() { Self::Unavailable(failed.into()) } else { Self::Backend(failed.into()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aviary_domain::media::MediaError;

    use super::{Failed, Failure};

    fn refused(status: u16) -> Failure {
        Failure::Refused { status, request: "r".to_owned(), again: None }
    }

    #[test]
    fn what_may_pass_is_told_from_what_does_not() {
        for status in [420, 423, 429, 500, 502, 503, 504, 599] {
            assert!(refused(status).may_pass(), "{status}");
        }
        for status in [300, 400, 401, 403, 404, 409, 422] {
            assert!(!refused(status).may_pass(), "{status}");
        }
        assert!(Failure::TimedOut(Duration::ZERO).may_pass() && Failure::Open(Duration::ZERO).may_pass());
    }

    #[test]
    fn an_unwilling_server_is_no_outage() {
        for (status, outage) in [(420, false), (429, false), (404, false), (500, true), (503, true)] {
            assert_eq!(refused(status).is_outage(), outage, "{status}");
        }
        assert!(!Failure::Open(Duration::ZERO).is_outage(), "it is known already");
    }

    #[test]
    fn callers_learn_only_whether_to_come_again() {
        let failed = |failure| MediaError::from(Failed { call: "upload", attempts: 1, failure });
        assert!(matches!(failed(refused(503)), MediaError::Unavailable(_)));
        assert!(matches!(failed(refused(401)), MediaError::Backend(_)));
        assert_eq!(failed(refused(401)).to_string(), "the media store failed");
    }
}
