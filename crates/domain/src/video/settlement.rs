//! What the media store has to say of a video's files, and what becomes of the video then; for the stores, which write it
//! down.

use std::mem::discriminant;

use super::{Video, VideoStatus};
use crate::file::FileKey;

/// What the media store has to say of a video's files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settlement {
    /// The film's key as it was, and as it is from now on: the same file under another mark or URL. Passed over when the
    /// row has another key by now.
    pub film: Option<(FileKey, FileKey)>,
    /// The same of the still.
    pub still: Option<(FileKey, FileKey)>,
    /// The new status.
    pub status: Option<StatusChange>,
}

/// A change of status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// Taken only from this one, whatever the reason of a failure was.
    pub from: VideoStatus,
    /// The status from now on. `Processing` makes a [task](super::MediaTasks) for the video, due at once.
    pub to: VideoStatus,
}

/// A video as it is from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The video.
    pub video: Video,
    /// Whether the media store has begun to work on it, so that a [task](super::MediaTasks) has to be made.
    pub begins: bool,
}

impl Settlement {
    /// What the video is afterwards; for the stores, which ask within the step that writes it. Each part counts where the
    /// video is still as the media store knew it.
    pub fn applied_to(&self, mut video: Video) -> Settled {
        for (key, said) in [(&mut video.file, &self.film), (&mut video.thumbnail, &self.still)] {
            if let Some((_, after)) = said.as_ref().filter(|(before, _)| before == key) {
                *key = after.clone();
            }
        }
        let status = self.status.as_ref();
        let status = status.filter(|change| discriminant(&change.from) == discriminant(&video.status));
        if let Some(status) = status {
            video.status = status.to.clone();
        }
        Settled { video, begins: status.is_some_and(|change| change.to == VideoStatus::Processing) }
    }
}
