//! Receiving files: which limit holds for which kind.

use std::sync::Arc;

use aviary_domain::media::{Intake, MediaError};

use crate::{Policy, Ports};

/// What kind of file a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadKind {
    /// A picture.
    Image,
    /// A film.
    Video,
}

/// Opens places for files on their way in.
#[derive(Clone)]
pub struct Uploads {
    ports: Arc<Ports>,
    policy: Arc<Policy>,
}

impl Uploads {
    pub(crate) fn new(ports: Arc<Ports>, policy: Arc<Policy>) -> Self {
        Self { ports, policy }
    }

    /// The most bytes that a file of this kind may have.
    pub fn limit(&self, kind: UploadKind) -> u64 {
        match kind {
            UploadKind::Image => self.policy.max_image_bytes,
            UploadKind::Video => self.policy.max_video_bytes,
        }
    }

    /// Opens a place for a file of this kind; it refuses what goes over the limit while it arrives.
    pub async fn receive(&self, kind: UploadKind) -> Result<Box<dyn Intake>, MediaError> {
        self.ports.media.receive(self.limit(kind)).await
    }
}
