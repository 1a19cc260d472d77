//! Matroska and WebM (RFC 8794, RFC 9559): a tree of elements, each an id, a length and its content.

use std::time::Duration;

use aviary_domain::file::FileFormat;

use super::{Flaw, Outline, Picture, Source};

const EBML: u32 = 0x1a45_dfa3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TIMESTAMP_SCALE: u32 = 0x002a_d7b1;
const DURATION: u32 = 0x4489;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
const DEFAULT_DURATION: u32 = 0x0023_e383;
const VIDEO: u32 = 0xe0;
const PIXEL_WIDTH: u32 = 0xb0;
const PIXEL_HEIGHT: u32 = 0xba;
const CLUSTER: u32 = 0x1f43_b675;
const CLUSTER_TIMESTAMP: u32 = 0xe7;
const SIMPLE_BLOCK: u32 = 0xa3;
const BLOCK_GROUP: u32 = 0xa0;
const BLOCK: u32 = 0xa1;
const BLOCK_DURATION: u32 = 0x9b;

const VIDEO_TRACK: u64 = 1;

/// An element: its id, where its content begins and where it ends; no end where a live recording left it open.
struct Element {
    id: u32,
    body: u64,
    end: Option<u64>,
}

pub(super) fn sniff(source: &mut Source) -> Result<Option<FileFormat>, Flaw> {
    let header = next(source, 0, source.length())?;
    let Some(Element { id: EBML, body, end: Some(end) }) = header else {
        return Ok(None);
    };
    let mut format = None;
    each(source, body, end, |source, element, end| {
        if element.id == DOC_TYPE {
            format = match text(source, element.body, end)?.as_str() {
                "webm" => Some(FileFormat::WebM),
                "matroska" => Some(FileFormat::Mkv),
                _ => None,
            };
        }
        Ok(())
    })?;
    Ok(format)
}

/// What was found so far, in the units of the file.
struct Walk {
    /// Nanoseconds of one unit of time.
    scale: u64,
    duration: Option<f64>,
    has_tracks: bool,
    picture: Option<Picture>,
    /// Nanoseconds of one frame.
    frame: u64,
    has_cluster: bool,
    cluster: u64,
    block: u64,
    /// The end of the last block.
    last: u64,
}

pub(super) fn outline(source: &mut Source) -> Result<Outline, Flaw> {
    let mut walk = Walk {
        scale: 1_000_000,
        duration: None,
        has_tracks: false,
        picture: None,
        frame: 0,
        has_cluster: false,
        cluster: 0,
        block: 0,
        last: 0,
    };
    let (body, end) = segment(source)?;
    walk.run(source, body, end)?;
    if !walk.has_tracks || !walk.has_cluster {
        return Err(Flaw::Malformed("it holds no pictures or sound"));
    }
    Ok(Outline { duration: walk.seconds(), picture: walk.picture })
}

/// Where the segment, which is all but the file's header, begins and ends.
fn segment(source: &mut Source) -> Result<(u64, u64), Flaw> {
    let length = source.length();
    let mut at = 0;
    while let Some(element) = next(source, at, length)? {
        match (element.id, element.end) {
            (SEGMENT, None) => return Ok((element.body, length)),
            (SEGMENT, Some(end)) if end > length => return Err(Flaw::Truncated),
            (SEGMENT, Some(end)) => return Ok((element.body, end)),
            (_, Some(end)) => at = end,
            (_, None) => break,
        }
    }
    Err(Flaw::Truncated)
}

impl Walk {
    /// Walks the segment as one flat row: clusters and groups of blocks are entered, all else is read or stepped over.
    /// So it does not matter whether a recorder told their lengths.
    fn run(&mut self, source: &mut Source, body: u64, end: u64) -> Result<(), Flaw> {
        let mut at = body;
        while let Some(element) = next(source, at, end)? {
            let known = element.end.filter(|stop| *stop <= end);
            match element.id {
                CLUSTER => {
                    self.has_cluster = true;
                    if self.duration.is_some() && self.has_tracks {
                        return Ok(());
                    }
                    at = element.body;
                    continue;
                }
                BLOCK_GROUP => {
                    at = element.body;
                    continue;
                }
                _ => {}
            }
            // A live recording may end anywhere; its last, unfinished part is not played.
            let Some(stop) = known else { return Ok(()) };
            self.take(source, &element, stop)?;
            at = stop;
        }
        Ok(())
    }

    fn take(&mut self, source: &mut Source, element: &Element, end: u64) -> Result<(), Flaw> {
        match element.id {
            INFO => each(source, element.body, end, |source, inner, end| self.take_info(source, inner, end))?,
            TRACKS => {
                self.has_tracks = true;
                each(source, element.body, end, |source, inner, end| self.take_track(source, inner, end))?;
            }
            CLUSTER_TIMESTAMP => self.cluster = unsigned(source, element.body, end)?,
            SIMPLE_BLOCK | BLOCK => {
                let (_, width) = vint(source, element.body, false)?;
                let offset = i16::from_be_bytes(source.read(element.body.saturating_add(width))?);
                self.block = self.cluster.saturating_add_signed(offset.into());
                let frame = self.frame.checked_div(self.scale).unwrap_or_default();
                self.last = self.last.max(self.block.saturating_add(frame));
            }
            BLOCK_DURATION => {
                let length = unsigned(source, element.body, end)?;
                self.last = self.last.max(self.block.saturating_add(length));
            }
            _ => {}
        }
        Ok(())
    }

    fn take_info(&mut self, source: &mut Source, element: &Element, end: u64) -> Result<(), Flaw> {
        match element.id {
            TIMESTAMP_SCALE => self.scale = unsigned(source, element.body, end)?,
            DURATION => {
                let units = match end.saturating_sub(element.body) {
                    4 => f64::from(f32::from_be_bytes(source.read(element.body)?)),
                    8 => f64::from_be_bytes(source.read(element.body)?),
                    _ => 0.0,
                };
                self.duration = (units.is_finite() && units > 0.0).then_some(units);
            }
            _ => {}
        }
        Ok(())
    }

    fn take_track(&mut self, source: &mut Source, element: &Element, end: u64) -> Result<(), Flaw> {
        if element.id != TRACK_ENTRY || self.picture.is_some() {
            return Ok(());
        }
        let (mut is_video, mut frame, mut picture) = (false, 0, Picture::default());
        each(source, element.body, end, |source, field, end| {
            match field.id {
                TRACK_TYPE => is_video = unsigned(source, field.body, end)? == VIDEO_TRACK,
                CODEC_ID => picture.codec = codec(&text(source, field.body, end)?),
                DEFAULT_DURATION => frame = unsigned(source, field.body, end)?,
                VIDEO => each(source, field.body, end, |source, size, end| {
                    let pixels = match size.id {
                        PIXEL_WIDTH => &mut picture.width,
                        PIXEL_HEIGHT => &mut picture.height,
                        _ => return Ok(()),
                    };
                    *pixels = u32::try_from(unsigned(source, size.body, end)?).unwrap_or_default();
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })?;
        if is_video {
            (self.picture, self.frame) = (Some(picture), frame);
        }
        Ok(())
    }

    fn seconds(&self) -> Option<f64> {
        let told = self.duration.zip(u32::try_from(self.scale).ok());
        let told = told.map(|(units, scale)| units * f64::from(scale) / 1e9);
        let counted = || Duration::from_nanos(self.last.saturating_mul(self.scale)).as_secs_f64();
        Some(told.unwrap_or_else(counted)).filter(|seconds| *seconds > 0.0)
    }
}

/// The element at a place, if there is room for one.
fn next(source: &mut Source, at: u64, limit: u64) -> Result<Option<Element>, Flaw> {
    if limit.saturating_sub(at) < 2 {
        return Ok(None);
    }
    source.step()?;
    let (id, id_width) = vint(source, at, true)?;
    let size_at = at.saturating_add(id_width);
    let (size, size_width) = vint(source, size_at, false)?;
    let body = size_at.saturating_add(size_width);
    // All ones mean that nobody knew the length when the header was written.
    let open = size == (1 << (7 * size_width)) - 1;
    let id = u32::try_from(id).map_err(|_| Flaw::Malformed("it holds an element with a name that is too long"))?;
    Ok(Some(Element { id, body, end: (!open).then_some(body.saturating_add(size)) }))
}

/// Visits the elements between two places; one that claims to reach beyond is taken as a fault.
fn each(
    source: &mut Source,
    from: u64,
    to: u64,
    mut visit: impl FnMut(&mut Source, &Element, u64) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let mut at = from;
    while let Some(element) = next(source, at, to)? {
        let end = element.end.filter(|end| *end <= to);
        let end = end.ok_or(Flaw::Malformed("a part of its header reaches beyond the header"))?;
        visit(source, &element, end)?;
        at = end;
    }
    Ok(())
}

/// A number whose leading zero bits tell how many bytes it has; ids keep the bit that ends them.
fn vint(source: &mut Source, at: u64, keep_marker: bool) -> Result<(u64, u64), Flaw> {
    let first = source.u8(at)?;
    let more = first.leading_zeros();
    if more > 7 {
        return Err(Flaw::Malformed("it holds a number that is too long"));
    }
    let head = if keep_marker { first } else { first & !(0x80 >> more) };
    let mut value = u64::from(head);
    for step in 1..=u64::from(more) {
        value = value << 8 | u64::from(source.u8(at.saturating_add(step))?);
    }
    Ok((value, u64::from(more) + 1))
}

fn unsigned(source: &mut Source, body: u64, end: u64) -> Result<u64, Flaw> {
    if end.saturating_sub(body) > 8 {
        return Err(Flaw::Malformed("it holds a number that is too long"));
    }
    (body..end).try_fold(0, |value, at| Ok(value << 8 | u64::from(source.u8(at)?)))
}

/// A short text; what is longer than any we look for is cut.
fn text(source: &mut Source, body: u64, end: u64) -> Result<String, Flaw> {
    let mut bytes = Vec::new();
    for at in body..end.min(body.saturating_add(64)) {
        bytes.push(source.u8(at)?);
    }
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(text.escape_ascii().to_string())
}

fn codec(id: &str) -> String {
    match id {
        "V_MPEG4/ISO/AVC" => "h264".to_owned(),
        "V_MPEGH/ISO/HEVC" => "hevc".to_owned(),
        "V_VP8" => "vp8".to_owned(),
        "V_VP9" => "vp9".to_owned(),
        "V_AV1" => "av1".to_owned(),
        other => other.to_owned(),
    }
}
