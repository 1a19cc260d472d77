//! How far Cloudinary is with a film's HLS playlist, told by asking for it where viewers do.

use aviary_domain::file::FileKey;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{FILM_MISSING, MediaError, Progress};

use super::mark::Mark;
use super::provider::Playlist;
use super::{CloudinaryMedia, Place};

/// Why a film is not ready, in our own words.
const IMPOSSIBLE: &str = "The film cannot be prepared for streaming";

impl CloudinaryMedia {
    pub(super) async fn progress_of(&self, film: &FileKey) -> Result<Progress, MediaError> {
        let (url, mark) = match self.place(film) {
            Place::Cloud(_, mark) => (self.addresses.playlist_url(&self.provider.signer, film, mark), mark),
            Place::Local => return self.local.progress(film).await,
            Place::Derived(..) | Place::Adopted(_) | Place::Foreign => return Ok(Progress::Ready(film.clone())),
        };
        let Some(url) = url.filter(|_| film.is_film()) else { return Ok(Progress::Ready(film.clone())) };
        Ok(match self.provider.playlist(&url).await? {
            Playlist::Made => Progress::Ready(film.marked(&Mark { hls: true, ..mark }.to_string())),
            Playlist::AtWork => Progress::Pending,
            Playlist::NoFilm => Progress::Failed(FILM_MISSING.to_owned()),
            Playlist::Impossible => Progress::Failed(IMPOSSIBLE.to_owned()),
        })
    }

    pub(super) async fn process_again(&self, film: &FileKey) -> Result<Progress, MediaError> {
        let asset = match self.place(film) {
            Place::Cloud(asset, _) => asset,
            Place::Local => return self.local.reprocess(film).await,
            Place::Derived(..) | Place::Adopted(_) | Place::Foreign => return Ok(Progress::Ready(film.clone())),
        };
        let is_there = self.exists(&asset, film.is_film()).await?;
        Ok(if is_there { Progress::Pending } else { Progress::Failed(FILM_MISSING.to_owned()) })
    }
}
