//! What lies in the media store, for comparing it with the rows.

use async_trait::async_trait;

use super::MediaError;
use crate::file::FileKey;

/// A part of what lies in the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InventoryPart {
    /// Names of our own making, without marks; other things that lie there are passed over.
    pub names: Vec<FileKey>,
    /// Where the next part begins; `None` at the end.
    pub next: Option<String>,
}

/// The list of all stored files.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait MediaInventory: Send + Sync {
    /// A part of the list, in no order: from its beginning, or from where an earlier part ended. Files that come or go
    /// meanwhile may be told or not; all others are told, and may be told more than once.
    async fn list(&self, from: Option<String>) -> Result<InventoryPart, MediaError>;

    /// Whether a file is there, whoever may fetch it. Files of other applications are taken to be there.
    async fn holds(&self, key: &FileKey) -> Result<bool, MediaError>;
}
