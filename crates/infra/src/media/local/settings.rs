//! How a media store in a folder is set up.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use secrecy::SecretString;

use crate::media::tool::Tools;

/// How a local media store is set up.
#[derive(Debug, Clone)]
pub struct LocalMediaSettings {
    /// The folder, made if it is not there. Several processes may share it, on several machines where its file system
    /// keeps file locks between them.
    pub folder: PathBuf,
    /// Where clients reach this server.
    pub public_url: String,
    /// Signs links to files that not everybody may fetch, and tickets; the same for all processes that share the folder.
    pub link_secret: SecretString,
    /// ffmpeg and ffprobe, where they are installed.
    pub tools: Option<Tools>,
    /// How much memory decoding images may take at any time, in MiB; one larger image is decoded alone.
    pub image_memory: u32,
    /// How many videos are examined at once.
    pub video_jobs: u32,
    /// Longer videos are refused.
    pub longest_video: Duration,
}

impl LocalMediaSettings {
    /// The tools that `PATH` has, 256 MiB for images, as many videos at once as cores up to four, of up to a day.
    pub fn new(folder: impl Into<PathBuf>, public_url: impl Into<String>, link_secret: SecretString) -> Self {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            folder: folder.into(),
            public_url: public_url.into(),
            link_secret,
            tools: Tools::discover(),
            image_memory: 256,
            video_jobs: u32::try_from(cores).map_or(4, |cores| cores.min(4)),
            longest_video: Duration::from_hours(24),
        }
    }
}
