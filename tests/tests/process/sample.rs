//! Films and pictures made by ffmpeg, once for each test that wants them.

use std::path::Path;
use std::process::Command;

use crate::tools::run;

/// How a film is encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// H.264 and AAC in MP4, its index in front.
    Mp4,
    /// The same with the index at the end: a player has to ask for it by range.
    Mp4IndexLast,
    /// VP8 and Opus.
    WebM,
}

/// Writes a film of a moving test card with a tone.
pub(crate) fn film(file: &Path, size: &str, seconds: u32, codec: Codec) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i"]);
    ffmpeg.arg(format!("testsrc2=size={size}:rate=25"));
    ffmpeg.args(["-f", "lavfi", "-i", "sine=frequency=440", "-t"]).arg(seconds.to_string());
    match codec {
        Codec::Mp4 | Codec::Mp4IndexLast => {
            ffmpeg.args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac"]);
        }
        Codec::WebM => {
            ffmpeg.args(["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "50"]);
            ffmpeg.args(["-c:a", "libopus"]);
        }
    }
    if codec == Codec::Mp4 {
        ffmpeg.args(["-movflags", "+faststart"]);
    }
    run(ffmpeg.arg(file));
}

/// Writes a picture; the format follows the file's name.
pub(crate) fn picture(file: &Path, size: &str) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i"]).arg(format!("testsrc2=size={size}"));
    run(ffmpeg.args(["-frames:v", "1"]).arg(file));
}
