//! Opening and closing files: Cloudinary moves an asset from one delivery type to the other. What was made out of a film is
//! gone then and has to be made anew.

use aviary_domain::file::FileKey;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{Access, MediaError};

use super::adopted::Adopted;
use super::asset::{Asset, Kind, other};
use super::mark::Mark;
use super::{CloudinaryMedia, Place};

/// What became of an asset that was to be moved.
struct Moved {
    version: u64,
    /// Whether it lay under the other delivery type until now.
    now: bool,
}

impl CloudinaryMedia {
    /// The key of a file once it is open to those; `None` when it is nowhere.
    pub(super) async fn moved(&self, key: &FileKey, access: Access) -> Result<Option<FileKey>, MediaError> {
        match self.place(key) {
            Place::Cloud(asset, mark) => {
                let moved = self.move_asset(&asset, mark, access).await?;
                Ok(moved.map(|mark| key.marked(&mark.to_string())))
            }
            Place::Adopted(adopted) => self.move_adopted(&adopted, access).await,
            Place::Local => self.local.set_access(key, access).await,
            Place::Derived(..) | Place::Foreign => Ok(Some(key.clone())),
        }
    }

    async fn move_asset(&self, asset: &Asset, mark: Mark, access: Access) -> Result<Option<Mark>, MediaError> {
        let Some(moved) = self.rename(asset, access).await? else { return Ok(None) };
        // Somebody may have moved it who could not say so any more: then the playlist may be gone too.
        let is_new = moved.now || mark.access != access;
        if is_new && asset.kind == Kind::Video {
            match self.provider.explicit(asset, access, true).await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                // The row must learn where the film lies, also when it never has a playlist.
                Err(failed) if failed.failure.is_about_the_file() => {
                    tracing::warn!(asset.public_id, %failed, failed.failure = %failed.failure, "a playlist is not made anew");
                }
                Err(failed) => return Err(failed.into()),
            }
        }
        Ok(Some(Mark { access, version: moved.version, hls: mark.hls && !is_new, ..mark }))
    }

    async fn move_adopted(&self, adopted: &Adopted, access: Access) -> Result<Option<FileKey>, MediaError> {
        let moved = self.rename(&adopted.asset, access).await?;
        Ok(moved.map(|moved| adopted.moved(access, moved.version)))
    }

    async fn rename(&self, asset: &Asset, access: Access) -> Result<Option<Moved>, MediaError> {
        if let Some(renamed) = self.provider.rename(asset, other(access), access).await? {
            return Ok(Some(Moved { version: renamed.version, now: true }));
        }
        let there = self.provider.explicit(asset, access, false).await?;
        Ok(there.map(|there| Moved { version: there.version, now: false }))
    }
}
