//! What can be told of a video without any tool: its container by its first bytes, whether the file is whole, its
//! length, size and codec. Reads headers alone, in bounded memory, from files that may be hostile.
//!
//! Written by hand because the parsers at hand trust their input: they panic, loop or fill the memory on a bad file.

mod matroska;
mod mp4;
mod source;

use std::io;

use aviary_domain::file::FileFormat;

pub(super) use source::Source;

/// Why a file is not the video it claims to be.
#[derive(Debug)]
pub(super) enum Flaw {
    /// It ends before what its own headers announce.
    Truncated,
    /// Its structure is broken; the words say where, after "the video cannot be read: ".
    Malformed(&'static str),
    /// It consists of more parts than any sound file; nobody shall walk them.
    Endless,
    /// It could not be read from the disk.
    Io(io::Error),
}

/// The picture in a video, as far as headers tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Picture {
    /// The codec under ffmpeg's name for it, or as the file spells it.
    pub(super) codec: String,
    /// Width in pixels; 0 where unknown.
    pub(super) width: u32,
    /// Height in pixels; 0 where unknown.
    pub(super) height: u32,
}

/// What the headers tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Outline {
    /// The first picture; `None` in a file of sound alone.
    pub(super) picture: Option<Picture>,
    /// Length in seconds, above 0.
    pub(super) duration: Option<f64>,
}

/// The container, told by the first bytes; `None` for what is no MP4, MOV, WebM or MKV.
pub(super) fn sniff(source: &mut Source) -> Result<Option<FileFormat>, Flaw> {
    match mp4::sniff(source) {
        Ok(None) | Err(Flaw::Truncated) => match matroska::sniff(source) {
            Err(Flaw::Truncated | Flaw::Malformed(_)) => Ok(None),
            other => other,
        },
        other => other,
    }
}

/// Walks the headers of a file of this format.
pub(super) fn outline(source: &mut Source, format: FileFormat) -> Result<Outline, Flaw> {
    match format {
        FileFormat::WebM | FileFormat::Mkv => matroska::outline(source),
        FileFormat::Mp4 | FileFormat::Mov => mp4::outline(source),
        FileFormat::Jpeg | FileFormat::Png => Err(Flaw::Malformed("it is an image")),
    }
}

/// `units` of a clock that ticks `scale` times a second, in seconds; `None` for no time and for centuries.
fn seconds(units: u64, scale: u32) -> Option<f64> {
    let whole = units.checked_div(u64::from(scale))?;
    let rest = units.checked_rem(u64::from(scale))?;
    let seconds = f64::from(u32::try_from(whole).ok()?) + f64::from(u32::try_from(rest).ok()?) / f64::from(scale);
    (seconds > 0.0).then_some(seconds)
}

#[cfg(test)]
mod tests;
