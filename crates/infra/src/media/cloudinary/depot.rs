//! An account at Cloudinary as a place to put files into that lie on this machine and stay there, for whoever moves a home.
//! It receives nothing and serves nothing.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::site::MediaSite;
use aviary_domain::media::{Access, MediaError};
use aviary_domain::time::Clock;

use super::asset::Addresses;
use super::mark::Mark;
use super::provider::Provider;
use super::settings::{CloudinarySettings, CloudinarySettingsError};
use super::upload::Sending;
use crate::media::not_ours;

/// A place for the files of a home, reached by the same settings as the media store there.
pub struct CloudinaryDepot {
    provider: Provider,
    addresses: Addresses,
    place: String,
    site: MediaSite,
}

/// A file as the account describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its length in bytes, where that is told.
    pub bytes: Option<u64>,
}

impl CloudinaryDepot {
    /// A depot that has sent nothing yet.
    pub fn new(mut settings: CloudinarySettings, clock: Arc<dyn Clock>) -> Result<Self, CloudinarySettingsError> {
        settings.tidy();
        let (addresses, place, site) = (Addresses::new(&settings), settings.to_string(), settings.site());
        Ok(Self { provider: Provider::new(settings, clock)?, addresses, place, site })
    }

    /// Where the files are, without what it takes to get there.
    pub fn site(&self) -> &MediaSite {
        &self.site
    }

    /// Fails unless the account answers and takes what is signed with its secret. Changes nothing.
    pub async fn check(&self) -> Result<(), MediaError> {
        let nobodys = FileKey::new(FileFormat::Jpeg, [0; 16]);
        self.find(&nobodys.marked(&Mark::stored(1).to_string())).await.map(drop)
    }

    /// Stores a file under a name of our own, with nobody else able to fetch it at any moment than those who may. The file
    /// here is only read. Done again, it replaces what it stored before. Answers with the key.
    pub async fn store(&self, path: &Path, bytes: u64, name: &FileKey, access: Access) -> Result<FileKey, MediaError> {
        let asset = self.addresses.asset(name).zip(name.format());
        let (asset, format) = asset.ok_or_else(|| not_ours(name))?;
        let stored = self.provider.upload(&Sending::new(&asset, path, bytes, format, access)).await?;
        if access == Access::Private {
            // An earlier copy, which was given up, may have found the file open to everybody.
            self.provider.destroy(&asset, Access::Public).await?;
        }
        Ok(name.marked(&Mark::stored_for(access, stored.version).to_string()))
    }

    /// Asks for a file by the key that it was stored with; `None` when it is not there for those who may fetch it by that
    /// key, or the key is none of this store's.
    pub async fn find(&self, key: &FileKey) -> Result<Option<Found>, MediaError> {
        let mark = key.mark().and_then(Mark::parse);
        let Some((asset, mark)) = self.addresses.asset(key).zip(mark) else { return Ok(None) };
        let found = self.provider.explicit(&asset, mark.access, false).await?;
        Ok(found.map(|found| Found { bytes: found.bytes }))
    }
}

/// Which account and folder, without its secret.
impl fmt::Display for CloudinaryDepot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl fmt::Debug for CloudinaryDepot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CloudinaryDepot").field(&self.place).finish()
    }
}
