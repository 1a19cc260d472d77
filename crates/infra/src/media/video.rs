//! Judging videos: by their headers, through ffprobe and ffmpeg where they are installed, without them where not.

use std::path::Path;
use std::time::Duration;

use aviary_domain::file::FileFormat;
use aviary_domain::media::{MediaError, VideoFacts};

use super::container::{self, Flaw, Outline, Source};
use super::probe::{Prober, Verdict};
use super::slots::Slots;
use super::spool::storage_error;

/// Codecs that browsers play, under ffmpeg's names.
const CODECS: [&str; 5] = ["h264", "hevc", "vp8", "vp9", "av1"];

/// Tells playable videos from others, a few at once.
pub(super) struct Examiner {
    prober: Option<Prober>,
    slots: Slots,
    longest: Duration,
}

impl Examiner {
    /// Videos longer than `longest` are refused.
    pub(super) fn new(prober: Option<Prober>, jobs: u32, longest: Duration) -> Self {
        Self { prober, slots: Slots::new(jobs), longest }
    }

    pub(super) fn has_tools(&self) -> bool {
        self.prober.is_some()
    }

    /// What a file is and how long and large its picture is, if it is a video that plays.
    pub(super) async fn examine(&self, path: &Path) -> Result<(FileFormat, VideoFacts), MediaError> {
        self.examine_while(path, async { Ok(()) }).await
    }

    /// The same, while something else is done once all that is left is to try whether it plays.
    pub(super) async fn examine_while(
        &self,
        path: &Path,
        meanwhile: impl Future<Output = Result<(), MediaError>>,
    ) -> Result<(FileFormat, VideoFacts), MediaError> {
        let _slot = self.slots.take(1).await?;
        let owned = path.to_owned();
        let (format, headers) = super::blocking(move || read_headers(&owned)).await?;
        let outline = if let Some(prober) = &self.prober {
            self.probe(prober, path, format, headers, meanwhile).await?
        } else {
            let outline = headers.map_err(refusal)?;
            self.judge(&outline)?;
            meanwhile.await?;
            outline
        };
        Ok((format, self.judge(&outline)?))
    }

    /// A still from two seconds into the video, or from its start; `None` without tools.
    pub(super) async fn still(
        &self,
        path: &Path,
        format: FileFormat,
        duration: f64,
    ) -> Result<Option<Vec<u8>>, MediaError> {
        let Some(prober) = &self.prober else { return Ok(None) };
        let _slot = self.slots.take(1).await?;
        // The picture may be shorter than the sound.
        for place in [f64::min(2.0, duration / 2.0), 0.0] {
            if let Some(still) = prober.still(path, format, place).await? {
                return Ok(Some(still));
            }
        }
        Err(does_not_play())
    }

    /// What the tools say, completed by what the headers say; then it is tried whether it plays.
    async fn probe(
        &self,
        prober: &Prober,
        path: &Path,
        format: FileFormat,
        headers: Result<Outline, Flaw>,
        meanwhile: impl Future<Output = Result<(), MediaError>>,
    ) -> Result<Outline, MediaError> {
        let headers = match headers {
            Ok(outline) => outline,
            // ffprobe knows more ways to write a file than our own reading does; a missing end stays missing.
            Err(Flaw::Malformed(_)) => Outline::default(),
            Err(flaw) => return Err(refusal(flaw)),
        };
        let (outline, late) = match prober.facts(path, format).await? {
            Verdict::Facts(facts) => {
                // Recorders that write while they record leave the length out.
                let duration = facts.outline.duration.or(headers.duration);
                (Outline { duration, ..facts.outline }, facts.picture_duration.map(|length| length * 0.9))
            }
            Verdict::ForeignCodec => (headers, None),
            Verdict::Refused => return Err(refusal(Flaw::Malformed("it is damaged"))),
        };
        self.judge(&outline)?;
        let plays = async { if prober.plays(path, format, late).await? { Ok(()) } else { Err(does_not_play()) } };
        tokio::try_join!(plays, meanwhile)?;
        Ok(outline)
    }

    fn judge(&self, outline: &Outline) -> Result<VideoFacts, MediaError> {
        let Some(picture) = &outline.picture else {
            return Err(unreadable("the file holds no picture, only sound or nothing at all"));
        };
        if !CODECS.contains(&picture.codec.as_str()) {
            let codec: String = picture.codec.chars().take(32).collect();
            let accepted = "use H.264, H.265, VP8, VP9 or AV1";
            return Err(MediaError::Unreadable(format!("the video codec \"{codec}\" is not accepted: {accepted}")));
        }
        let Some(duration) = outline.duration.filter(|seconds| *seconds > 0.0) else {
            return Err(unreadable("the video has no length"));
        };
        if duration > self.longest.as_secs_f64() {
            let most = self.longest.as_secs() / 60;
            return Err(MediaError::Unreadable(format!("the video is longer than {most} minutes")));
        }
        Ok(VideoFacts { duration, width: picture.width, height: picture.height })
    }
}

/// The container and what its headers tell; blocks.
fn read_headers(path: &Path) -> Result<(FileFormat, Result<Outline, Flaw>), MediaError> {
    let mut source = Source::open(path).map_err(storage_error)?;
    if source.length() == 0 {
        return Err(unreadable("the video file is empty"));
    }
    let format = container::sniff(&mut source).map_err(refusal)?;
    let format = format
        .ok_or_else(|| MediaError::UnsupportedType("the file is not an MP4, MOV, WebM or MKV video".to_owned()))?;
    let outline = container::outline(&mut source, format);
    Ok((format, outline))
}

fn refusal(flaw: Flaw) -> MediaError {
    match flaw {
        Flaw::Truncated => unreadable("the video is incomplete: a part that its headers announce is missing"),
        Flaw::Malformed(reason) => MediaError::Unreadable(format!("the video cannot be read: {reason}")),
        Flaw::Endless => unreadable("the video cannot be read: it consists of too many parts"),
        Flaw::Io(cause) => storage_error(cause),
    }
}

fn does_not_play() -> MediaError {
    unreadable("the video does not play: its pictures are damaged or missing")
}

fn unreadable(reason: &str) -> MediaError {
    MediaError::Unreadable(reason.to_owned())
}
