//! How long is waited before something that failed is tried again.

use std::time::Duration;

/// The wait after so many attempts: it begins with the first one, doubles with each attempt, and never gets longer than the
/// longest.
pub(crate) fn wait(first: Duration, attempts: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << attempts.min(16)).min(longest)
}
