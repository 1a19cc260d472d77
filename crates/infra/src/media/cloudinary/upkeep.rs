//! Looking after what lies at Cloudinary, and in the local folder beside it.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{Access, MediaError, Progress};

use super::{CloudinaryMedia, Place};

#[async_trait]
impl MediaUpkeep for CloudinaryMedia {
    fn is_ready(&self, film: &FileKey) -> bool {
        match self.place(film) {
            Place::Cloud(_, mark) => mark.hls || !film.is_film(),
            Place::Local => self.local.is_ready(film),
            Place::Derived(..) | Place::Adopted(_) | Place::Foreign => true,
        }
    }

    async fn progress(&self, film: &FileKey) -> Result<Progress, MediaError> {
        self.progress_of(film).await
    }

    async fn reprocess(&self, film: &FileKey) -> Result<Progress, MediaError> {
        self.process_again(film).await
    }

    fn has_access(&self, key: &FileKey, access: Access) -> bool {
        match self.place(key) {
            Place::Cloud(_, mark) => mark.access == access,
            Place::Local => self.local.has_access(key, access),
            Place::Adopted(adopted) => adopted.access == access,
            // Nobody can change that of the one, and the other is nothing by itself.
            Place::Foreign | Place::Derived(..) => true,
        }
    }

    async fn set_access(&self, key: &FileKey, access: Access) -> Result<Option<FileKey>, MediaError> {
        self.moved(key, access).await
    }

    async fn remove(&self, key: &FileKey) -> Result<(), MediaError> {
        let asset = match self.place(key) {
            // The ledger has names without marks: the file may lie on either side.
            Place::Cloud(asset, _) => asset,
            Place::Local => match self.addresses.asset(key) {
                Some(asset) => asset,
                None => return self.local.remove(key).await,
            },
            Place::Adopted(adopted) => adopted.asset,
            Place::Derived(..) | Place::Foreign => return Ok(()),
        };
        self.local.remove(&key.unmarked()).await?;
        // One after the other: were they sent together, the failure of one would call off the other, which may be the one
        // that finds out whether an outage is over.
        for access in [Access::Public, Access::Private] {
            self.provider.destroy(&asset, access).await?;
        }
        Ok(())
    }
}
