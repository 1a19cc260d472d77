//! Uploads and stored files: receiving, judging by content, re-encoding, keeping on the local disk.

pub mod cloudinary;
mod container;
pub(crate) mod identity;
mod image;
mod jpeg;
mod link;
pub mod local;
mod probe;
#[cfg(test)]
mod samples;
pub mod site;
mod slots;
mod spool;
mod tool;
mod video;

use std::path::Path;
use std::{fs, io};

use aviary_domain::file::FileKey;
use aviary_domain::media::MediaError;

pub use link::LinkCheck;
pub use local::{LocalMedia, LocalMediaSettings, OpenError};
pub use tool::Tools;

/// Runs work that blocks off the threads that serve requests. It runs to its end even if nobody waits for it.
async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, MediaError> + Send + 'static,
) -> Result<T, MediaError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(outcome) => outcome,
        // Only a decoder can panic in there, on a file that it did not expect.
        Err(panic) if panic.is_panic() => Err(MediaError::Unreadable("the file is damaged".to_owned())),
        Err(cancelled) => Err(MediaError::Unavailable(cancelled.into())),
    }
}

/// How long a file is; `None` when it is not there. Blocks.
pub(crate) fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found.len())),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// What is said of a name under which a store was to keep something, and which it did not choose.
fn not_ours(name: &FileKey) -> MediaError {
    MediaError::Backend(format!("{name} is not the name of a file of this store").into())
}
