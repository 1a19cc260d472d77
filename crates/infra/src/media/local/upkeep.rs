//! Looking after what lies in the media folder: films are judged anew, and files removed.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{Access, FILM_MISSING, MediaError, Progress};

use super::kept::discard;
use super::{LocalMedia, here, stored_length};
use crate::media::blocking;
use crate::media::spool::storage_error;

impl LocalMedia {
    /// Judges a stored film anew.
    async fn examine(&self, film: &FileKey) -> Result<Progress, MediaError> {
        here(film)?;
        let Some(path) = self.path(film) else { return Ok(Progress::Ready(film.clone())) };
        if stored_length(path.clone()).await?.is_none() {
            return Ok(Progress::Failed(FILM_MISSING.to_owned()));
        }
        match self.videos.examine(&path).await {
            Ok(_) => Ok(Progress::Ready(film.clone())),
            Err(MediaError::Unreadable(reason) | MediaError::UnsupportedType(reason)) => Ok(Progress::Failed(reason)),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl MediaUpkeep for LocalMedia {
    fn is_ready(&self, _film: &FileKey) -> bool {
        true
    }

    async fn progress(&self, film: &FileKey) -> Result<Progress, MediaError> {
        self.examine(film).await
    }

    async fn reprocess(&self, film: &FileKey) -> Result<Progress, MediaError> {
        self.examine(film).await
    }

    /// Who may fetch a file is decided whenever it is fetched.
    fn has_access(&self, _key: &FileKey, _access: Access) -> bool {
        true
    }

    async fn set_access(&self, key: &FileKey, _access: Access) -> Result<Option<FileKey>, MediaError> {
        here(key)?;
        match self.path(key) {
            Some(path) => Ok(stored_length(path).await?.map(|_| key.clone())),
            None => Ok(Some(key.clone())),
        }
    }

    async fn remove(&self, key: &FileKey) -> Result<(), MediaError> {
        here(key)?;
        match self.path(key) {
            Some(target) => blocking(move || discard(&target).map_err(storage_error)).await,
            // The URL of another application's file: it is not here.
            None => Ok(()),
        }
    }
}
