//! Looking after files that are stored: whether films can be played, who may fetch what, and removing what has to go.

use async_trait::async_trait;

use super::{Access, MediaError, Progress};
use crate::file::FileKey;

/// The upkeep of what [`super::MediaStore`] keeps.
///
/// Whoever asks about a file hands in the key by which it is known, with its mark. Reading a key (`is_ready`, `has_access`)
/// costs nothing and asks nobody.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait MediaUpkeep: Send + Sync {
    /// Whether the store has done all that it does to a film before it is shown to others.
    fn is_ready(&self, film: &FileKey) -> bool;

    /// Asks how far the store is with a film.
    async fn progress(&self, film: &FileKey) -> Result<Progress, MediaError>;

    /// Has the store do its work on a film again. `Failed` when the file is gone or is none that can be played.
    async fn reprocess(&self, film: &FileKey) -> Result<Progress, MediaError>;

    /// Whether the file under this key is open to those, and only to those. A store that decides at each fetch says yes. Not
    /// asked of derived stills, which go with their film.
    fn has_access(&self, key: &FileKey, access: Access) -> bool;

    /// Opens a file to everybody, or closes it: its earlier public URL then finds nothing. Answers with the key by which the
    /// file is known from then on. Doing again what was done already is no error. `None` when there is no such file.
    /// Not asked of derived stills, which go with their film.
    async fn set_access(&self, key: &FileKey, access: Access) -> Result<Option<FileKey>, MediaError>;

    /// Removes a file, whoever may fetch it. Removing what is not there is no error.
    async fn remove(&self, key: &FileKey) -> Result<(), MediaError>;
}
