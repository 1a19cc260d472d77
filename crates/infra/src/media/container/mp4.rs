//! MP4 and MOV (ISO 14496-12): a tree of boxes, each a length and a name of four letters.

use aviary_domain::file::FileFormat;

use super::{Flaw, Outline, Picture, Source, seconds};

/// A box: its name, where its content begins, and where it ends.
struct Part {
    name: [u8; 4],
    body: u64,
    end: u64,
}

/// Brands of the same container that hold pictures, sound or pages instead of video.
const OTHER_BRANDS: [&[u8; 4]; 12] =
    [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis", b"M4A ", b"M4B ", b"jp2 ", b"crx "];

pub(super) fn sniff(source: &mut Source) -> Result<Option<FileFormat>, Flaw> {
    let [_, _, _, _, a, b, c, d] = source.read(0)?;
    Ok(match &[a, b, c, d] {
        b"ftyp" => match &source.read(8)? {
            b"qt  " => Some(FileFormat::Mov),
            brand if OTHER_BRANDS.contains(&brand) => None,
            _ => Some(FileFormat::Mp4),
        },
        // QuickTime files from before there were brands.
        b"moov" | b"mdat" | b"wide" => Some(FileFormat::Mov),
        _ => None,
    })
}

#[derive(Default)]
struct Movie {
    timescale: u32,
    duration: Option<u64>,
    fragments_duration: Option<u64>,
    tracks: Vec<Track>,
    /// Length of a sample where a fragment does not say, by track.
    defaults: Vec<(u32, u32)>,
}

#[derive(Default)]
struct Track {
    id: u32,
    is_video: bool,
    codec: [u8; 4],
    width: u32,
    height: u32,
    timescale: u32,
    duration: Option<u64>,
    /// Where the last fragment ends, in the track's time.
    fragments_end: u64,
}

/// A file has few tracks; a hostile one may have millions.
const MOST_TRACKS: usize = 256;

pub(super) fn outline(source: &mut Source) -> Result<Outline, Flaw> {
    let length = source.length();
    let mut movie = None;
    let mut has_media = false;
    let mut at = 0;
    loop {
        let part = match next(source, at, length) {
            Ok(Some(part)) => part,
            Ok(None) => break,
            // Players ignore what stands behind the end.
            Err(Flaw::Malformed(_)) if movie.is_some() && has_media => break,
            Err(flaw) => return Err(flaw),
        };
        let essential = matches!(&part.name, b"moov" | b"moof" | b"mdat");
        if part.end > length {
            if essential || movie.is_none() || !has_media {
                return Err(Flaw::Truncated);
            }
            break;
        }
        match &part.name {
            b"mdat" => has_media = true,
            b"moov" if movie.is_none() => movie = Some(read_movie(source, &part)?),
            b"moof" => {
                if let Some(movie) = &mut movie {
                    each(source, &part, |source, inner| read_fragment(source, inner, movie))?;
                }
            }
            _ => {}
        }
        at = part.end;
    }
    let movie = movie.ok_or(Flaw::Truncated)?;
    if has_media { Ok(movie.outline()) } else { Err(Flaw::Malformed("it holds no pictures or sound")) }
}

/// The box at a place, if there is room for one.
fn next(source: &mut Source, at: u64, limit: u64) -> Result<Option<Part>, Flaw> {
    const TOO_SHORT: Flaw = Flaw::Malformed("a part of it is shorter than its own header");
    if limit.saturating_sub(at) < 8 {
        return Ok(None);
    }
    source.step()?;
    let name = source.read(at.saturating_add(4))?;
    let (header, size) = match source.u32(at)? {
        0 => (8, limit.saturating_sub(at)),
        1 => (16, source.u64(at.saturating_add(8))?),
        size => (8, u64::from(size)),
    };
    if size < header {
        return Err(TOO_SHORT);
    }
    Ok(Some(Part { name, body: at.saturating_add(header), end: at.saturating_add(size) }))
}

/// Visits the boxes inside a box. One that claims to reach beyond its parent ends the visit.
fn each(
    source: &mut Source,
    parent: &Part,
    mut visit: impl FnMut(&mut Source, &Part) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let mut at = parent.body;
    while let Some(part) = next(source, at, parent.end)? {
        if part.end > parent.end {
            return Err(Flaw::Malformed("a part of its index reaches beyond the index"));
        }
        visit(source, &part)?;
        at = part.end;
    }
    Ok(())
}

fn read_movie(source: &mut Source, moov: &Part) -> Result<Movie, Flaw> {
    let mut movie = Movie::default();
    each(source, moov, |source, part| {
        match &part.name {
            b"mvhd" => (movie.timescale, movie.duration) = read_clock(source, part)?,
            b"trak" if movie.tracks.len() < MOST_TRACKS => movie.tracks.push(read_track(source, part)?),
            b"mvex" => each(source, part, |source, part| read_extension(source, part, &mut movie))?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(movie)
}

/// Ticks a second and the number of ticks, from `mvhd` or `mdhd`.
fn read_clock(source: &mut Source, part: &Part) -> Result<(u32, Option<u64>), Flaw> {
    if source.u8(part.body)? == 1 {
        let duration = source.u64(part.body.saturating_add(24))?;
        return Ok((source.u32(part.body.saturating_add(20))?, (duration != u64::MAX).then_some(duration)));
    }
    let duration = source.u32(part.body.saturating_add(16))?;
    Ok((source.u32(part.body.saturating_add(12))?, (duration != u32::MAX).then_some(u64::from(duration))))
}

fn read_extension(source: &mut Source, part: &Part, movie: &mut Movie) -> Result<(), Flaw> {
    match &part.name {
        b"mehd" => {
            let at = part.body.saturating_add(4);
            let wide = source.u8(part.body)? == 1;
            movie.fragments_duration = Some(if wide { source.u64(at)? } else { source.u32(at)?.into() });
        }
        b"trex" if movie.defaults.len() < MOST_TRACKS => {
            let track = source.u32(part.body.saturating_add(4))?;
            movie.defaults.push((track, source.u32(part.body.saturating_add(12))?));
        }
        _ => {}
    }
    Ok(())
}

fn read_track(source: &mut Source, part: &Part) -> Result<Track, Flaw> {
    let mut track = Track::default();
    each(source, part, |source, part| read_track_part(source, part, &mut track, DEEPEST))?;
    Ok(track)
}

/// How far the boxes of a track nest: `mdia`, `minf`, `stbl`.
const DEEPEST: u8 = 3;

/// One of `tkhd` and the nested `mdia` with its `mdhd`, `hdlr` and `minf` / `stbl` / `stsd`.
fn read_track_part(source: &mut Source, part: &Part, track: &mut Track, depth: u8) -> Result<(), Flaw> {
    match &part.name {
        b"tkhd" => {
            let id_at = if source.u8(part.body)? == 1 { 20 } else { 12 };
            track.id = source.u32(part.body.saturating_add(id_at))?;
            // The last two fields, in 65,536ths of a pixel.
            track.width = source.u32(part.end.saturating_sub(8))? >> 16;
            track.height = source.u32(part.end.saturating_sub(4))? >> 16;
        }
        b"mdhd" => (track.timescale, track.duration) = read_clock(source, part)?,
        // QuickTime has a second one deeper down, for the place of the data.
        b"hdlr" => track.is_video |= &source.read(part.body.saturating_add(8))? == b"vide",
        b"stsd" => track.codec = source.read(part.body.saturating_add(12))?,
        b"mdia" | b"minf" | b"stbl" => {
            let depth = depth.checked_sub(1).ok_or(Flaw::Malformed("its index nests without end"))?;
            each(source, part, |source, part| read_track_part(source, part, track, depth))?;
        }
        _ => {}
    }
    Ok(())
}

/// A `traf`: whose fragment it is, where it begins and how long it is.
fn read_fragment(source: &mut Source, traf: &Part, movie: &mut Movie) -> Result<(), Flaw> {
    if &traf.name != b"traf" {
        return Ok(());
    }
    let (mut id, mut default, mut start, mut length) = (0, 0_u32, None, 0_u64);
    each(source, traf, |source, part| {
        let flags = source.u32(part.body)?;
        let field = part.body.saturating_add(4);
        match &part.name {
            b"tfhd" => {
                id = source.u32(field)?;
                default = movie.defaults.iter().find(|(track, _)| *track == id).map_or(0, |(_, default)| *default);
                let before = u64::from(flags & 1) * 8 + u64::from(flags >> 1 & 1) * 4;
                if flags & 8 != 0 {
                    default = source.u32(field.saturating_add(4).saturating_add(before))?;
                }
            }
            b"tfdt" => {
                let wide = flags >> 24 == 1;
                start = Some(if wide { source.u64(field)? } else { source.u32(field)?.into() });
            }
            b"trun" => length = length.saturating_add(read_run(source, part, flags, default)?),
            _ => {}
        }
        Ok(())
    })?;
    if let Some(track) = movie.tracks.iter_mut().find(|track| track.id == id) {
        let end = start.unwrap_or(track.fragments_end).saturating_add(length);
        track.fragments_end = track.fragments_end.max(end);
    }
    Ok(())
}

/// How long a run of samples is: the sum of their lengths, or as many times the default.
fn read_run(source: &mut Source, trun: &Part, flags: u32, default: u32) -> Result<u64, Flaw> {
    let count = source.u32(trun.body.saturating_add(4))?;
    if flags & 0x100 == 0 {
        return Ok(u64::from(count).saturating_mul(default.into()));
    }
    let optional = u64::from((flags & 1) + (flags >> 2 & 1)) * 4;
    let stride = u64::from((flags >> 8 & 0xf).count_ones()) * 4;
    let mut at = trun.body.saturating_add(8).saturating_add(optional);
    let mut total = 0_u64;
    for _ in 0..count {
        if at.saturating_add(stride) > trun.end {
            return Err(Flaw::Malformed("a fragment announces more samples than it lists"));
        }
        source.step()?;
        total = total.saturating_add(source.u32(at)?.into());
        at = at.saturating_add(stride);
    }
    Ok(total)
}

impl Movie {
    fn outline(&self) -> Outline {
        let picture = self.tracks.iter().find(|track| track.is_video);
        let timed = picture.or(self.tracks.first());
        let whole = [self.duration, self.fragments_duration].map(|units| seconds(units?, self.timescale));
        let fragments = timed.and_then(|track| seconds(track.fragments_end, track.timescale));
        // A file in fragments may tell the length of its first one alone.
        let duration = whole.into_iter().chain([fragments]).flatten().reduce(f64::max);
        Outline {
            picture: picture.map(|track| Picture {
                codec: codec(track.codec),
                width: track.width,
                height: track.height,
            }),
            duration: duration.or_else(|| timed.and_then(|track| seconds(track.duration?, track.timescale))),
        }
    }
}

fn codec(name: [u8; 4]) -> String {
    match &name {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => "h264".to_owned(),
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "hevc".to_owned(),
        b"vp08" => "vp8".to_owned(),
        b"vp09" => "vp9".to_owned(),
        b"av01" => "av1".to_owned(),
        other => other.escape_ascii().to_string(),
    }
}
