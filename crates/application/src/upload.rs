//! Receiving files: which limit holds for which kind, and for whom.

use std::sync::Arc;

use aviary_domain::media::{Intake, MediaError};

use crate::once::IdempotencyKey;
use crate::quota::Storage;
use crate::{Actor, Error, Policy, Ports};

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
    /// What their sender has stored, where films count against a quota.
    storage: Option<Storage>,
}

impl Uploads {
    pub(crate) fn new(ports: Arc<Ports>, policy: Arc<Policy>) -> Self {
        Self { ports, policy, storage: None }
    }

    /// The same for films that are to count against the actor's quota: a film may then be no larger than what still fits.
    /// Refused at once when nothing fits, unless the form may be for a film that was sent with a ticket, whose room is kept.
    ///
    /// A request that comes again under a key that made something already is not held to the quota: it makes nothing, and its
    /// own film may be what has filled the quota. Which request it is can be told only when its files have arrived.
    pub async fn within_quota(&self, actor: Actor, key: Option<&IdempotencyKey>) -> Result<Self, Error> {
        if self.policy.storage_quota.is_none() {
            return Ok(self.clone());
        }
        // In this order: what the bytes count already, the key is known by.
        let storage = self.ports.storage(actor.user, &self.policy).await?;
        let narrow = storage.at_most(self.policy.max_video_bytes) < self.policy.max_video_bytes;
        if let Some(key) = key.filter(|_| narrow)
            && self.ports.knows_key(actor, key).await?
        {
            return Ok(self.clone());
        }
        if storage.reserved == 0 {
            storage.check(1)?;
        }
        Ok(Self { storage: Some(storage), ..self.clone() })
    }

    /// The most bytes that a file of this kind may have.
    pub fn limit(&self, kind: UploadKind) -> u64 {
        match kind {
            UploadKind::Image => self.policy.max_image_bytes,
            UploadKind::Video => {
                let limit = self.policy.max_video_bytes;
                self.storage.map_or(limit, |storage| storage.at_most(limit))
            }
        }
    }

    /// Whether a file of this kind may have fewer bytes than others of its kind, because a quota leaves no more.
    pub fn is_narrowed(&self, kind: UploadKind) -> bool {
        kind == UploadKind::Video && self.limit(kind) < self.policy.max_video_bytes
    }

    /// Opens a place for a file of this kind; it refuses what goes over the limit while it arrives.
    pub async fn receive(&self, kind: UploadKind) -> Result<Box<dyn Intake>, MediaError> {
        self.ports.media.receive(self.limit(kind)).await
    }

    /// Why a file of this kind was not taken: one that is too large may be so for the quota, or for files of its kind.
    pub fn refusal(&self, kind: UploadKind, field: &'static str, error: MediaError) -> Error {
        match (error, self.storage) {
            (MediaError::TooLarge { .. }, Some(storage @ Storage { quota: Some(quota), .. }))
                if self.is_narrowed(kind) =>
            {
                Error::QuotaExceeded { used: storage.taken(), quota }
            }
            (error, _) => Error::of_file(field, error),
        }
    }
}
