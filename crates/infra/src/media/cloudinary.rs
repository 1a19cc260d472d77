//! The media store at Cloudinary. Files are received and judged on this machine, as for the local store, and kept there. What
//! was kept in the local folder before stays there and is served as before.

mod adopted;
mod answer;
mod asset;
mod body;
mod breaker;
mod caller;
mod depot;
mod direct;
mod failure;
mod inventory;
mod mark;
mod moving;
mod notice;
mod progress;
mod provider;
#[cfg(test)]
mod sdk;
mod settings;
mod signature;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;
mod upkeep;
mod upload;

use std::sync::Arc;

use async_trait::async_trait;
use aviary_domain::Timestamp;
use aviary_domain::file::FileKey;
use aviary_domain::media::{
    Access, ImageRole, Intake, MediaError, MediaStore, PreparedFile, PreparedVideo, Rendition, Upload,
};
use aviary_domain::time::Clock;

use self::adopted::{Adopted, Cloud};
use self::asset::{Addresses, Asset};
use self::mark::Mark;
use self::provider::Provider;
use self::upload::Sending;
use super::{LocalMedia, not_ours};

pub use depot::{CloudinaryDepot, Found};
pub use settings::{CloudinaryPart, CloudinarySettings, CloudinarySettingsError, Patience};
pub use signature::SignatureAlgorithm;

/// Files at Cloudinary.
///
/// Keys of files that lie there carry a mark. Names of our own without one are files of the local folder, from before or
/// not moved yet, and are passed on to it. URLs of our own cloud, which another application left, are understood; other
/// URLs are left as they are.
pub struct CloudinaryMedia {
    provider: Provider,
    addresses: Addresses,
    cloud: Cloud,
    local: Arc<LocalMedia>,
}

/// Where the file of a key lies.
enum Place {
    /// At Cloudinary, under a public id of ours.
    Cloud(Asset, Mark),
    /// Nowhere by itself: it is made out of this film at Cloudinary.
    Derived(FileKey, Mark),
    /// In the local folder, if anywhere.
    Local,
    /// At Cloudinary, under the public id of another application.
    Adopted(Adopted),
    /// Somewhere else.
    Foreign,
}

impl CloudinaryMedia {
    /// A store that has sent nothing yet. `local` receives and judges files, and has those of before.
    pub fn new(
        mut settings: CloudinarySettings,
        local: Arc<LocalMedia>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CloudinarySettingsError> {
        settings.tidy();
        let (addresses, cloud) = (Addresses::new(&settings), Cloud::new(&settings));
        Ok(Self { provider: Provider::new(settings, clock)?, addresses, cloud, local })
    }

    fn place(&self, key: &FileKey) -> Place {
        let mark = key.mark().and_then(Mark::parse);
        if key.is_derived() {
            let film = mark.and_then(|mark| Some((film_of(key, mark)?, mark)));
            return film.map_or(Place::Foreign, |(film, mark)| Place::Derived(film, mark));
        }
        match (self.addresses.asset(key), mark) {
            (Some(asset), Some(mark)) => Place::Cloud(asset, mark),
            (Some(_), None) => Place::Local,
            (None, _) => self.cloud.read(key).map_or(Place::Foreign, Place::Adopted),
        }
    }
}

/// The film that a derived still is made out of, by the name that the still has and the format that its mark tells.
fn film_of(still: &FileKey, mark: Mark) -> Option<FileKey> {
    let format = mark.film?;
    let name = format!("{}/{}.{}", format.folder(), still.stem()?, format.extension());
    FileKey::parse(&name).ok().filter(FileKey::is_film)
}

/// The derived still of a film with this mark; one of a film without a mark has none either.
fn still_of(film: &FileKey, mark: Option<Mark>) -> Option<FileKey> {
    let still = FileKey::poster_of(film)?;
    Some(match mark {
        Some(mark) => still.marked(&Mark { hls: false, film: film.format(), ..mark }.to_string()),
        None => still,
    })
}

#[async_trait]
impl MediaStore for CloudinaryMedia {
    async fn receive(&self, limit: u64) -> Result<Box<dyn Intake>, MediaError> {
        self.provider.reachable().await.map_err(|failure| MediaError::Unavailable(failure.into()))?;
        self.local.receive(limit).await
    }

    async fn prepare_image(&self, upload: Box<dyn Upload>, role: ImageRole) -> Result<PreparedFile, MediaError> {
        self.local.prepare_image(upload, role).await
    }

    async fn prepare_video(&self, upload: Box<dyn Upload>) -> Result<PreparedVideo, MediaError> {
        self.local.prepare_elsewhere(upload).await
    }

    async fn poster(&self, video: &PreparedVideo) -> Result<Option<PreparedFile>, MediaError> {
        self.local.poster(video).await
    }

    async fn poster_of_stored(&self, film: &FileKey) -> Result<Option<PreparedFile>, MediaError> {
        match self.place(film) {
            Place::Local => self.local.poster_of_stored(film).await,
            Place::Cloud(..) | Place::Derived(..) | Place::Adopted(_) | Place::Foreign => Ok(None),
        }
    }

    fn derived_poster(&self, film: &FileKey) -> Option<FileKey> {
        still_of(film, film.mark().and_then(Mark::parse))
    }

    async fn keep(&self, file: PreparedFile, name: &FileKey) -> Result<FileKey, MediaError> {
        let asset = self.addresses.asset(name).ok_or_else(|| not_ours(name))?;
        let PreparedFile { upload, format } = file;
        let sending = Sending::new(&asset, upload.path(), upload.bytes(), format, Access::Public);
        let stored = self.provider.upload(&sending).await?;
        Ok(name.marked(&Mark::stored(stored.version).to_string()))
    }

    /// With `until`, a file of the local folder has a link that ends then; a signed URL of Cloudinary's works as long as the file is
    /// private and there.
    fn url(&self, key: &FileKey, rendition: Rendition, until: Option<Timestamp>) -> String {
        let signer = &self.provider.signer;
        let url = match self.place(key) {
            Place::Cloud(_, mark) => self.addresses.url(signer, key, mark, rendition),
            Place::Derived(film, mark) => self.addresses.poster_url(signer, &film, mark),
            Place::Adopted(adopted) if adopted.access == Access::Private => Some(adopted.url(signer)),
            Place::Local | Place::Adopted(_) | Place::Foreign => None,
        };
        url.unwrap_or_else(|| self.local.url(key, rendition, until))
    }

    fn playback_url(&self, film: &FileKey) -> Option<String> {
        match self.place(film) {
            Place::Cloud(_, mark) if mark.hls => self.addresses.playlist_url(&self.provider.signer, film, mark),
            Place::Local => self.local.playback_url(film),
            Place::Cloud(..) | Place::Derived(..) | Place::Adopted(_) | Place::Foreign => None,
        }
    }
}
