//! Leases: what only one process at a time may do.

use std::time::Duration;

use async_trait::async_trait;

use crate::StoreError;

/// The store of leases. Whether one is over, the store's own clock says, so that the clocks of those who ask do not
/// matter.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes a lease that is free or over, or prolongs one's own: it then ends so long after now. `false` while somebody
    /// else holds it; of many at once exactly one gets it.
    async fn acquire(&self, name: &str, holder: &str, life: Duration) -> Result<bool, StoreError>;

    /// Gives one's own lease back at once; that of somebody else is left alone.
    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError>;
}
