//! The media store in a folder that this machine sees, and that any number of processes share: `tmp` for what comes in,
//! in a folder a process, `images` and `videos` for what is kept, `empty` for the tools to run in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use aviary_domain::Timestamp;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::notice::{MediaNotices, NoticeError, SignedCall};
use aviary_domain::media::{ImageRole, Intake, MediaError, MediaStore, PreparedFile, PreparedVideo, Rendition, Upload};

use self::kept::{store, sync};
use super::link::{LinkCheck, Signer};
use super::probe::Prober;
use super::slots::Slots;
use super::spool::{Spool, make_folder, storage_error};
use super::video::Examiner;
use super::{blocking, image, length, not_ours};

mod direct;
mod inventory;
mod kept;
mod settings;
mod upkeep;

pub use settings::LocalMediaSettings;

/// The folders of kept files, as keys name them.
const KEPT: [&str; 2] = ["images", "videos"];

/// What a still takes, in MiB: the tool was told to make none wider than 1280 pixels.
const STILL_MEBIBYTES: u32 = 16;

/// The media folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the media folder {} cannot be used", folder.display())]
pub struct OpenError {
    /// Which folder.
    pub folder: PathBuf,
    /// Why not.
    #[source]
    pub cause: io::Error,
}

/// Files in a folder of this machine.
pub struct LocalMedia {
    folder: PathBuf,
    public_url: String,
    signer: Signer,
    spool: Arc<Spool>,
    images: Slots,
    videos: Examiner,
}

impl LocalMedia {
    /// Makes the folders and removes what dead processes left half-received.
    pub fn open(settings: LocalMediaSettings) -> Result<Self, OpenError> {
        let LocalMediaSettings { folder, public_url, link_secret, tools, image_memory, video_jobs, longest_video } =
            settings;
        let (folder, spool) = match prepare(&folder) {
            Ok(prepared) => prepared,
            Err(cause) => return Err(OpenError { folder, cause }),
        };
        let prober = tools.map(|tools| Prober::new(tools, folder.join("empty")));
        Ok(Self {
            folder,
            public_url: public_url.trim_end_matches('/').to_owned(),
            signer: Signer::new(&link_secret),
            spool: Arc::new(spool),
            images: Slots::new(image_memory),
            videos: Examiner::new(prober, video_jobs, longest_video),
        })
    }

    /// Whether ffmpeg and ffprobe are at hand; without them no still is taken out of a video.
    pub fn has_tools(&self) -> bool {
        self.videos.has_tools()
    }

    /// Removes what processes left half-received that died after this one began.
    pub async fn remove_leftovers(&self) -> Result<(), MediaError> {
        let spool = Arc::clone(&self.spool);
        blocking(move || spool.remove_leftovers().map_err(storage_error)).await
    }

    /// Where a file lies; `None` for names that are not of our own making. Whether it is there is not asked.
    pub fn path(&self, key: &FileKey) -> Option<PathBuf> {
        key.format().map(|_| self.folder.join(key.name()))
    }

    /// Judges what a link to a file says beside its name.
    pub fn check_link(&self, file: &FileKey, expires: &str, signature: &str, now: Timestamp) -> LinkCheck {
        self.signer.check_link(file, expires, signature, now)
    }

    /// Judges a film that is to be kept elsewhere.
    pub(super) async fn prepare_elsewhere(&self, upload: Box<dyn Upload>) -> Result<PreparedVideo, MediaError> {
        let (format, facts) = self.videos.examine(upload.path()).await?;
        Ok(PreparedVideo { file: PreparedFile { upload, format }, facts })
    }

    /// A still out of a film that lies here or in the spool.
    async fn still(&self, path: &Path, format: FileFormat, duration: f64) -> Result<Option<PreparedFile>, MediaError> {
        match self.videos.still(path, format, duration).await? {
            Some(still) => self.reencode(ImageRole::Thumbnail, STILL_MEBIBYTES, move || Ok(still)).await.map(Some),
            None => Ok(None),
        }
    }

    /// The keys of all stored files, in no order; blocks. Files under other names are passed over.
    pub fn keys(&self) -> io::Result<impl Iterator<Item = io::Result<FileKey>> + use<>> {
        let list = |name: &'static str| fs::read_dir(self.folder.join(name)).map(|entries| (name, entries));
        let [images, videos] = KEPT.map(list);
        Ok([images?, videos?].into_iter().flat_map(|(folder, entries)| {
            entries.filter_map(move |entry| match entry {
                Ok(entry) => FileKey::parse(&format!("{folder}/{}", entry.file_name().to_str()?)).ok().map(Ok),
                Err(cause) => Some(Err(cause)),
            })
        }))
    }

    /// Makes an image of ours out of bytes that are fetched and decoded on the blocking pool, in their turn.
    async fn reencode(
        &self,
        role: ImageRole,
        mebibytes: u32,
        fetch: impl FnOnce() -> Result<Vec<u8>, MediaError> + Send + 'static,
    ) -> Result<PreparedFile, MediaError> {
        // The slots go along with the work: a caller who leaves does not make room before the memory is free.
        let slots = self.images.take(mebibytes).await?;
        let spool = Arc::clone(&self.spool);
        let decoded = blocking(move || {
            let encoded = image::reencode(&fetch()?, role)?;
            drop(slots);
            Ok(PreparedFile { upload: spool.write(&encoded.bytes)?, format: encoded.format })
        });
        decoded.await
    }
}

#[async_trait]
impl MediaStore for LocalMedia {
    async fn receive(&self, limit: u64) -> Result<Box<dyn Intake>, MediaError> {
        self.spool.receive(limit).await
    }

    async fn prepare_image(&self, upload: Box<dyn Upload>, role: ImageRole) -> Result<PreparedFile, MediaError> {
        let path = upload.path().to_owned();
        let mebibytes = blocking(move || Ok(image::mebibytes(&path))).await?;
        self.reencode(role, mebibytes, move || fs::read(upload.path()).map_err(storage_error)).await
    }

    async fn prepare_video(&self, upload: Box<dyn Upload>) -> Result<PreparedVideo, MediaError> {
        // The disk takes the film in while the tools try it, so that keeping it has little left to wait for. What goes
        // wrong counts: the kernel tells it once.
        let path = upload.path().to_owned();
        let synced = blocking(move || sync(&path).map_err(storage_error));
        let (format, facts) = self.videos.examine_while(upload.path(), synced).await?;
        Ok(PreparedVideo { file: PreparedFile { upload, format }, facts })
    }

    async fn poster(&self, video: &PreparedVideo) -> Result<Option<PreparedFile>, MediaError> {
        let PreparedFile { upload, format } = &video.file;
        self.still(upload.path(), *format, video.facts.duration).await
    }

    async fn poster_of_stored(&self, film: &FileKey) -> Result<Option<PreparedFile>, MediaError> {
        here(film)?;
        let (Some(path), Some(format)) = (self.path(film), film.format()) else { return Ok(None) };
        let (_, facts) = self.videos.examine(&path).await?;
        self.still(&path, format, facts.duration).await
    }

    fn derived_poster(&self, _film: &FileKey) -> Option<FileKey> {
        None
    }

    async fn keep(&self, file: PreparedFile, name: &FileKey) -> Result<FileKey, MediaError> {
        let target = self.path(name).ok_or_else(|| not_ours(name))?;
        blocking(move || store(file.upload.as_ref(), &target).map_err(storage_error)).await?;
        Ok(name.clone())
    }

    fn url(&self, key: &FileKey, _rendition: Rendition, until: Option<Timestamp>) -> String {
        // What another application left is given out as it is: only names of our own making lie here.
        if key.format().is_none() {
            return key.as_str().to_owned();
        }
        let plain = format!("{}/media/{}", self.public_url, key.name());
        match until {
            Some(until) => format!("{plain}?{}", self.signer.link(key, until)),
            None => plain,
        }
    }

    fn playback_url(&self, _film: &FileKey) -> Option<String> {
        None
    }
}

impl MediaNotices for LocalMedia {
    fn read(&self, _call: &SignedCall, _now: Timestamp) -> Result<Option<FileKey>, NoticeError> {
        Err(NoticeError::Unexpected)
    }
}

/// Refuses a key with a mark: its file is at an account of which this store knows nothing, so that nothing may be said about
/// it, least of all that it is gone.
fn here(key: &FileKey) -> Result<(), MediaError> {
    match key.mark() {
        None => Ok(()),
        Some(_) => Err(MediaError::Unavailable(format!("{key} is at an account that this process lacks").into())),
    }
}

/// How long a file is; `None` when it is not there.
async fn stored_length(path: PathBuf) -> Result<Option<u64>, MediaError> {
    blocking(move || length(&path).map_err(storage_error)).await
}

/// Makes the folders; their path becomes absolute, because the tools run in another one.
fn prepare(folder: &Path) -> io::Result<(PathBuf, Spool)> {
    make_folder(folder)?;
    let folder = fs::canonicalize(folder)?;
    for kept in KEPT {
        make_folder(&folder.join(kept))?;
    }
    make_folder(&folder.join("empty"))?;
    sync(&folder)?;
    let spool = Spool::open(folder.join("tmp"))?;
    Ok((folder, spool))
}

#[cfg(test)]
mod tests;
