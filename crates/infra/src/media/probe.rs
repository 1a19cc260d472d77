//! Videos through ffprobe and ffmpeg: facts, a proof that pictures come out, a still.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use aviary_domain::file::FileFormat;
use aviary_domain::media::MediaError;
use serde::Deserialize;

use super::container::{Outline, Picture};
use super::tool::{self, Answer, Tools};

/// The most that ffprobe may say about a file.
const MOST_FACTS: usize = 1024 * 1024;
/// The most bytes of a still.
const MOST_STILL: usize = 32 * 1024 * 1024;

/// What may be opened, whatever the file asks for. A codec stands here under its own name and under those of the
/// decoders that Debian's ffmpeg prefers for it, for it is the decoder's name that is compared.
const WHITE_LISTS: [&str; 6] = [
    "-protocol_whitelist",
    "file",
    "-format_whitelist",
    "mov,matroska,webm",
    "-codec_whitelist",
    "h264,hevc,vp8,vp9,av1,libdav1d,libaom-av1,aac,opus,vorbis,mp3,mp3float",
];

/// What ffprobe says of a file.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is readable.
    Facts(Facts),
    /// Some stream's codec is not on the white list. It may be a subtitle, a cover or an odd sound beside a good
    /// picture, so the file's own headers and a decoded frame decide.
    ForeignCodec,
    /// It cannot be read.
    Refused,
}

#[derive(Debug, PartialEq)]
pub(super) struct Facts {
    pub(super) outline: Outline,
    /// How long the picture itself is, in seconds, where the file says.
    pub(super) picture_duration: Option<f64>,
}

/// The tools with the empty folder that they run in.
pub(super) struct Prober {
    tools: Tools,
    folder: PathBuf,
}

impl Prober {
    pub(super) fn new(tools: Tools, folder: PathBuf) -> Self {
        Self { tools, folder }
    }

    /// Facts through ffprobe.
    pub(super) async fn facts(&self, path: &Path, format: FileFormat) -> Result<Verdict, MediaError> {
        const ASKED: &str = "format=duration:\
            stream=codec_type,codec_name,width,height,duration:stream_disposition=attached_pic";
        let mut arguments = words(&["-v", "error", "-show_entries", ASKED, "-of", "json"]);
        arguments.extend(input(path, format));
        let answer = self.run(&self.tools.ffprobe, arguments, MOST_FACTS).await?;
        if answer.success {
            return Ok(parse(&answer.output).map_or(Verdict::Refused, Verdict::Facts));
        }
        let foreign =
            answer.complaints.lines().any(|line| line.contains("Codec (") && line.contains("not on whitelist"));
        Ok(if foreign { Verdict::ForeignCodec } else { Verdict::Refused })
    }

    /// Whether a frame can be decoded at the start, and another one near `late` if given.
    pub(super) async fn plays(&self, path: &Path, format: FileFormat, late: Option<f64>) -> Result<bool, MediaError> {
        let places = [Some(0.0), late];
        let mut arguments = words(&["-v", "error", "-nostdin"]);
        for place in places.into_iter().flatten() {
            // The key frame before the place will do: no need to decode up to it.
            arguments.extend(words(&["-threads", "1", "-noaccurate_seek", "-ss", &seconds(place)]));
            arguments.extend(input(path, format));
        }
        for (number, _) in places.into_iter().flatten().enumerate() {
            let stream = format!("{number}:V:0");
            arguments.extend(words(&["-map", &stream, "-frames:v", "1", "-f", "framecrc", "pipe:1"]));
        }
        let answer = self.run(&self.tools.ffmpeg, arguments, MOST_FACTS).await?;
        // A line for each frame, between comments.
        let lines = answer.output.split(|byte| *byte == b'\n');
        let frames = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).count();
        Ok(answer.success && frames == places.into_iter().flatten().count())
    }

    /// A still as JPEG, `None` if no frame can be decoded from there on.
    pub(super) async fn still(&self, path: &Path, format: FileFormat, at: f64) -> Result<Option<Vec<u8>>, MediaError> {
        let mut arguments = words(&["-v", "error", "-nostdin", "-threads", "1", "-ss", &seconds(at)]);
        arguments.extend(input(path, format));
        arguments.extend(words(&["-map", "0:V:0", "-frames:v", "1", "-vf", "scale='min(1280,iw)':-2"]));
        arguments.extend(words(&["-c:v", "mjpeg", "-q:v", "2", "-f", "image2pipe", "pipe:1"]));
        let answer = self.run(&self.tools.ffmpeg, arguments, MOST_STILL).await?;
        Ok((answer.success && !answer.output.is_empty()).then_some(answer.output))
    }

    async fn run(&self, program: &Path, arguments: Vec<OsString>, limit: usize) -> Result<Answer, MediaError> {
        tool::run(self.tools.prlimit.as_deref(), program, arguments, &self.folder, limit).await
    }
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// The options and name of an input file. The container is the one we saw, not the one that the tool would guess.
fn input(path: &Path, format: FileFormat) -> Vec<OsString> {
    let demuxer = match format {
        FileFormat::WebM | FileFormat::Mkv => "matroska",
        _ => "mov",
    };
    let mut input = words(&WHITE_LISTS);
    input.extend(words(&["-f", demuxer, "-i"]));
    let mut name = OsString::from("file:");
    name.push(path);
    input.push(name);
    input
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3}")
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize, Default)]
struct Format {
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    codec_name: Option<String>,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    duration: Option<String>,
    #[serde(default)]
    disposition: Disposition,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

/// The first video stream that is not a cover picture.
fn parse(output: &[u8]) -> Option<Facts> {
    let report: Report = serde_json::from_slice(output).ok()?;
    let is_picture = |s: &Stream| s.codec_type.as_deref() == Some("video") && s.disposition.attached_pic == 0;
    let stream = report.streams.into_iter().find(is_picture);
    let picture_duration = stream.as_ref().and_then(|stream| length(stream.duration.as_deref()));
    let picture = stream.map(|stream| Picture {
        codec: stream.codec_name.unwrap_or_default(),
        width: stream.width,
        height: stream.height,
    });
    let duration = length(report.format.duration.as_deref());
    Some(Facts { outline: Outline { picture, duration }, picture_duration })
}

fn length(text: Option<&str>) -> Option<f64> {
    text?.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::{Facts, parse};

    #[test]
    fn reports_are_read_whatever_is_missing() {
        let cover = r#"{"streams":[
            {"codec_type":"video","codec_name":"mjpeg","width":9,"height":9,"disposition":{"attached_pic":1}},
            {"codec_type":"video","codec_name":"vp9","width":640,"height":360,"duration":"1.5"}],
            "format":{"duration":"2.25"}}"#;
        let facts = parse(cover.as_bytes()).unwrap();
        assert_eq!((facts.outline.duration, facts.picture_duration), (Some(2.25), Some(1.5)));
        let picture = facts.outline.picture.unwrap();
        assert_eq!((picture.codec.as_str(), picture.width, picture.height), ("vp9", 640, 360));

        let nothing = Facts { outline: super::Outline::default(), picture_duration: None };
        assert_eq!(parse(b"{}"), Some(nothing));
        assert_eq!(parse(br#"{"format":{"duration":"N/A"}}"#).unwrap().outline.duration, None);
        assert_eq!(parse(b""), None);
    }
}
