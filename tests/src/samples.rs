//! Files to upload: sound ones of every accepted type, and hostile ones.

pub mod hostile;

use std::io::{Cursor, Write};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, OnceLock};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A film that plays.
pub struct Film {
    pub name: &'static str,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// How long the films are, in seconds.
pub const FILM_SECONDS: f64 = 2.0;
/// How large the films are, in pixels.
pub const FILM_SIZE: (u64, u64) = (64, 48);

/// A picture with a pattern of its own.
pub fn picture(format: ImageFormat, width: u32, height: u32, tint: u8) -> Vec<u8> {
    let pixels = RgbImage::from_fn(width, height, |x, y| {
        let [x, y] = [x, y].map(|n| u8::try_from(n % 256).unwrap_or_default());
        Rgb([x.wrapping_mul(7), y.wrapping_mul(5), tint])
    });
    let mut bytes = Cursor::new(vec![]);
    DynamicImage::ImageRgb8(pixels).write_to(&mut bytes, format).expect("an encoded picture");
    bytes.into_inner()
}

/// A small PNG.
pub fn png() -> &'static [u8] {
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| picture(ImageFormat::Png, 24, 16, 90));
    &BYTES
}

/// A small JPEG.
pub fn jpeg() -> &'static [u8] {
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| picture(ImageFormat::Jpeg, 24, 16, 90));
    &BYTES
}

/// An MP4 with H.264; `None`, with a loud line, where there is no ffmpeg.
pub fn mp4() -> Option<&'static Film> {
    static FILM: OnceLock<Option<Film>> = OnceLock::new();
    film(&FILM, "film.mp4", "video/mp4", &["-c:v", "libx264", "-movflags", "+faststart", "-f", "mp4"])
}

/// A QuickTime film.
pub fn mov() -> Option<&'static Film> {
    static FILM: OnceLock<Option<Film>> = OnceLock::new();
    film(&FILM, "film.mov", "video/quicktime", &["-c:v", "libx264", "-f", "mov"])
}

/// A WebM with VP8.
pub fn webm() -> Option<&'static Film> {
    static FILM: OnceLock<Option<Film>> = OnceLock::new();
    film(&FILM, "film.webm", "video/webm", &["-c:v", "libvpx", "-b:v", "200k", "-f", "webm"])
}

/// A Matroska film.
pub fn mkv() -> Option<&'static Film> {
    static FILM: OnceLock<Option<Film>> = OnceLock::new();
    film(&FILM, "film.mkv", "video/x-matroska", &["-c:v", "libx264", "-f", "matroska"])
}

fn film(
    once: &'static OnceLock<Option<Film>>,
    name: &'static str,
    content_type: &'static str,
    encoding: &[&str],
) -> Option<&'static Film> {
    let make = || {
        let pattern = format!("testsrc=duration={FILM_SECONDS}:size={}x{}:rate=10", FILM_SIZE.0, FILM_SIZE.1);
        let source = ["-f", "lavfi", "-i", &pattern, "-pix_fmt", "yuv420p"];
        Some(Film { name, content_type, bytes: ffmpeg(&[&source, encoding].concat())? })
    };
    once.get_or_init(make).as_ref()
}

/// What ffmpeg writes with these arguments. Without ffmpeg the test is skipped, except in CI, where nothing may be.
pub fn ffmpeg(arguments: &[&str]) -> Option<Vec<u8>> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments)
        .arg(file.path())
        .stdin(Stdio::null())
        .status();
    match made {
        Ok(status) => {
            assert!(status.success(), "ffmpeg {arguments:?}: {status}");
            Some(std::fs::read(file.path()).expect("a film"))
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "CI needs ffmpeg: {error}");
            // Not `eprintln!`, which the test runner keeps to itself when a test passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED, NOT TESTED: there is no ffmpeg to make a film with: {error}");
            None
        }
    }
}
