//! What can go wrong inside the adapter, and how it looks to a caller of a port.

use std::error::Error as _;
use std::fmt;

use aviary_domain::StoreError;
use mongodb::error::{Error, ErrorKind, RETRYABLE_WRITE_ERROR, TRANSIENT_TRANSACTION_ERROR, WriteFailure};

/// The code of a write that met a unique index.
pub(crate) const DUPLICATE_KEY: i32 = 11_000;

/// Codes of a deployment that is between two primaries, overloaded or out of time, by the SDAM specification:
/// `InterruptedAtShutdown`, `InterruptedDueToReplStateChange`, `NotWritablePrimary`, `NotPrimaryNoSecondaryOk`,
/// `NotPrimaryOrSecondary`, `PrimarySteppedDown`, `ShutdownInProgress`, `HostUnreachable`, `HostNotFound`,
/// `NetworkTimeout`, `SocketException`, `ExceededTimeLimit`, `MaxTimeMSExpired`, `WriteConcernFailed`, `LockTimeout`,
/// `WriteConflict`, `SnapshotUnavailable`, `OutOfDiskSpace`, `ReadConcernMajorityNotAvailableYet`; and what becomes of
/// work that was under way meanwhile: `Interrupted`, `ClientDisconnect`, `CursorNotFound`, `CursorKilled`,
/// `QueryPlanKilled`, `NoSuchTransaction`, `TransactionExceededLifetimeLimitSeconds`, `NotYetInitialized`.
const PASSING: [i32; 27] = [
    11_600, 11_602, 10_107, 13_435, 13_436, 189, 91, 6, 7, 89, 9_001, 262, 50, 64, 24, 112, 246, 14_031, 134, 11_601,
    279, 43, 237, 175, 251, 290, 94,
];

/// Why a step failed: a refusal that the port names, or the driver's own error.
#[derive(Debug)]
pub(crate) enum TxError {
    /// Already what the port answers.
    Store(StoreError),
    /// What the driver said.
    Driver(Error),
}

impl From<StoreError> for TxError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for TxError {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<TxError> for StoreError {
    fn from(error: TxError) -> Self {
        match error {
            TxError::Store(error) => error,
            TxError::Driver(error) if may_pass(&error) => Self::unavailable(error),
            TxError::Driver(error) => Self::backend(error),
        }
    }
}

impl TxError {
    /// Whether the deployment says for certain that nothing was committed, and that the same steps may succeed on a
    /// fresh snapshot.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Driver(error) if error.contains_label(TRANSIENT_TRANSACTION_ERROR))
    }

    /// Whether the same call may succeed later: the deployment is away, between two primaries, or overloaded.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Driver(error) if may_pass(error))
    }

    /// The same for another caller who waited for the same answer.
    pub(crate) fn for_another(&self) -> Self {
        match self {
            Self::Driver(error) => Self::Driver(error.clone()),
            Self::Store(StoreError::Unavailable(cause)) => Self::Store(StoreError::unavailable(cause.to_string())),
            Self::Store(StoreError::Conflict { field }) => Self::Store(StoreError::Conflict { field }),
            Self::Store(StoreError::QuotaExceeded { used, quota }) => {
                Self::Store(StoreError::QuotaExceeded { used: *used, quota: *quota })
            }
            Self::Store(error @ StoreError::Backend(_)) => {
                let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                Self::Store(StoreError::backend(cause))
            }
        }
    }

    /// Whether the call was given up on the way.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unavailable(_)))
    }

    /// Whether a unique index refused the write, and this is its name.
    pub(crate) fn is_duplicate(&self, index: &str) -> bool {
        matches!(self, Self::Driver(error) if duplicate_index(error) == Some(index))
    }
}

/// The call took longer than a request may.
#[derive(Debug)]
pub(crate) struct OutOfTime;

impl fmt::Display for OutOfTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database did not answer in time")
    }
}

impl std::error::Error for OutOfTime {}

/// The name of the unique index that refused a write. The driver keeps only the server's sentence:
/// `E11000 duplicate key error collection: db.users index: email_1 dup key: { … }`.
fn duplicate_index(error: &Error) -> Option<&str> {
    let (code, message) = match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(error)) => (error.code, error.message.as_str()),
        ErrorKind::Command(error) => (error.code, error.message.as_str()),
        ErrorKind::InsertMany(error) => {
            let first = error.write_errors.as_ref()?.first()?;
            (first.code, first.message.as_str())
        }
        _ => return None,
    };
    // What stands before the first `dup key` was written by the server alone: no value can forge it.
    let sentence = message.split_once(" dup key").map_or(message, |(head, _)| head);
    let index = sentence.rsplit_once("index: ").map(|(_, index)| index)?;
    (code == DUPLICATE_KEY).then_some(index.trim())
}

fn may_pass(error: &Error) -> bool {
    if error.contains_label(TRANSIENT_TRANSACTION_ERROR) || error.contains_label(RETRYABLE_WRITE_ERROR) {
        return true;
    }
    match error.kind.as_ref() {
        ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Shutdown
        | ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        ErrorKind::Command(error) => PASSING.contains(&error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => PASSING.contains(&error.code),
        ErrorKind::InsertMany(error) => {
            let written = error.write_errors.iter().flatten().all(|error| PASSING.contains(&error.code));
            written && (error.write_errors.is_some() || error.write_concern_error.is_some())
        }
        _ => false,
    }
}
