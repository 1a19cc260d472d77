//! Headers of real files of every kind, and of files that were made to hurt.

use std::fs;
use std::path::Path;

use aviary_domain::file::FileFormat;
use proptest::prelude::*;

use super::{Flaw, Outline, Source, outline, sniff};
use crate::media::samples::{self, H264, VP8, clip};

fn read(path: &Path) -> Result<(FileFormat, Outline), Flaw> {
    let mut source = Source::open(path).unwrap();
    let format = sniff(&mut source)?.ok_or(Flaw::Malformed("no video"))?;
    Ok((format, outline(&mut source, format)?))
}

fn read_bytes(bytes: &[u8]) -> Result<(FileFormat, Outline), Flaw> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    read(file.path())
}

fn part(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).unwrap();
    [&size.to_be_bytes()[..], &name, content].concat()
}

#[test]
fn real_files_tell_format_length_size_and_codec() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let fragments: &[&str] = &["-movflags", "frag_keyframe+empty_moov"];
    let cases: &[(&str, &[&[&str]], FileFormat, &str)] = &[
        ("plain.mp4", &[H264], FileFormat::Mp4, "h264"),
        ("fast.mp4", &[H264, &["-movflags", "+faststart"]], FileFormat::Mp4, "h264"),
        ("fragments.mp4", &[H264, fragments], FileFormat::Mp4, "h264"),
        ("half.mp4", &[H264, &["-movflags", "frag_keyframe"]], FileFormat::Mp4, "h264"),
        ("apple.mov", &[H264], FileFormat::Mov, "h264"),
        ("web.webm", &[VP8], FileFormat::WebM, "vp8"),
        ("live.webm", &[VP8, &["-live", "1"]], FileFormat::WebM, "vp8"),
        ("film.mkv", &[H264], FileFormat::Mkv, "h264"),
        ("old.mp4", &[&["-c:v", "mpeg4", "-c:a", "aac"]], FileFormat::Mp4, "mp4v"),
    ];
    for (name, encoding, format, codec) in cases {
        let (told, outline) = read(&clip(&tools, folder.path(), name, encoding)).unwrap();
        let picture = outline.picture.unwrap();
        assert_eq!((told, picture.codec.as_str()), (*format, *codec), "{name}");
        assert_eq!((picture.width, picture.height), (320, 180), "{name}");
        let seconds = outline.duration.unwrap();
        assert!((2.9..3.2).contains(&seconds), "{name}: {seconds}");
    }
}

#[test]
fn sound_alone_is_told_from_video() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let sound = ["-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac"];
    let path = samples::convert(&tools, folder.path(), "sound.mp4", &sound);
    assert_eq!(read(&path).unwrap().1.picture, None);
}

#[test]
fn a_cut_file_is_incomplete_wherever_it_was_cut() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let fast: &[&str] = &["-movflags", "+faststart"];
    for (name, encoding) in [("a.mp4", &[H264][..]), ("b.mp4", &[H264, fast]), ("c.webm", &[VP8]), ("d.mkv", &[H264])] {
        let path = clip(&tools, folder.path(), name, encoding);
        for share in [100, 1_000, 3_000, 5_000, 7_000, 9_000, 9_900, 9_999] {
            let outcome = read(&samples::cut(&path, "cut", share));
            assert!(matches!(outcome, Err(Flaw::Truncated)), "{name} cut at {share}: {outcome:?}");
        }
    }
}

#[test]
fn what_is_behind_the_end_of_a_film_does_not_matter() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(clip(&tools, folder.path(), "a.mp4", &[H264])).unwrap();
    bytes.extend(b"\0\0\0\x01 some trailer of a camera");
    assert!(read_bytes(&bytes).is_ok());
}

#[test]
fn other_files_are_no_videos() {
    let heic = part(*b"ftyp", b"heic\0\0\0\0mif1");
    let other = b"\x1a\x45\xdf\xa3\x88\x42\x82\x85other".to_vec();
    for bytes in
        [&b""[..], b"x", b"#EXTM3U\n/etc/passwd\n", b"RIFF\0\0\0\0AVI LIST", b"\x1a\x45\xdf\xa3", &heic, &other]
    {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let mut source = Source::open(file.path()).unwrap();
        assert!(matches!(sniff(&mut source), Ok(None)), "{bytes:?}");
    }
}

#[test]
fn lies_about_sizes_and_counts_end_soon() {
    let brand = part(*b"ftyp", b"isom\0\0\0\0");
    let nested = (0..20_000).fold(Vec::new(), |inner, _| {
        let size = u32::try_from(inner.len() + 8).unwrap();
        [&size.to_be_bytes()[..], b"mdia", &inner].concat()
    });
    let huge = [&1_u32.to_be_bytes()[..], b"moov", &u64::MAX.to_be_bytes()].concat();
    let run = part(*b"trun", &[&[0, 0, 1, 0][..], &u32::MAX.to_be_bytes()].concat());
    let traf = part(*b"traf", &run);
    let endless = part(*b"moov", &part(*b"trak", &nested));
    let fragments = [part(*b"moov", b""), part(*b"mdat", b""), part(*b"moof", &traf)].concat();
    for body in [huge, endless, fragments, part(*b"moov", b"\0\0\0\x04trak"), vec![0; 64]] {
        assert!(read_bytes(&[brand.clone(), body].concat()).is_err());
    }
    let segment = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
    for body in [&b"\x15\x49\xa9\x66\x01\x00\xff\xff\xff\xff\xff\xff"[..], b"\x1f\x43\xb6\x75\xff\xa3\x80", b"\0\0\0\0"]
    {
        assert!(read_bytes(&[segment, body].concat()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_it_panic(kind in 0..2_usize, bytes: Vec<u8>, names in prop::collection::vec(0..12_usize, 0..6)) {
        const NAMES: [&[u8; 4]; 12] = [
            b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"tkhd", b"mvhd", b"moof", b"traf", b"trun", b"mdat",
        ];
        let brand = part(*b"ftyp", b"isom\0\0\0\0");
        let start = [&brand[..], b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\xff"][kind];
        let nested = names.iter().fold(bytes, |inner, name| part(*NAMES[*name], &inner));
        let _ = read_bytes(&[start, &nested].concat());
    }
}

#[test]
fn damage_anywhere_does_not_make_it_panic() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, encoding) in
        [("a.mp4", &[H264, &["-movflags", "frag_keyframe"]][..]), ("b.webm", &[VP8, &["-live", "1"]])]
    {
        let whole = fs::read(clip(&tools, folder.path(), name, encoding)).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 400) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let _ = read_bytes(&damaged);
            }
        }
    }
}
