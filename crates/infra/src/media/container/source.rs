//! Bounded reading of an uploaded file at chosen places: a small window, never the whole, and no more steps than a
//! sound file needs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Flaw;

/// Bytes that are read at once; headers lie close together.
const WINDOW: u64 = 4096;
/// The most parts that are looked at: a day of video has a few million. A file that was made to be walked for hours
/// ends here, after some seconds.
const MOST_STEPS: u32 = 16_000_000;

pub(in crate::media) struct Source {
    file: File,
    length: u64,
    window: Vec<u8>,
    window_at: u64,
    steps_left: u32,
}

impl Source {
    pub(in crate::media) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length, window: Vec::new(), window_at: 0, steps_left: MOST_STEPS })
    }

    /// The length of the file in bytes.
    pub(in crate::media) fn length(&self) -> u64 {
        self.length
    }

    /// Counts one more part.
    pub(super) fn step(&mut self) -> Result<(), Flaw> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Flaw::Endless)?;
        Ok(())
    }

    /// The bytes at a place; a file that ends before is `Truncated`.
    pub(super) fn read<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Flaw> {
        if let Some(bytes) = self.seen(at) {
            return Ok(bytes);
        }
        let left = self.length.saturating_sub(at).min(WINDOW);
        self.window.resize(usize::try_from(left).unwrap_or_default(), 0);
        self.window_at = at;
        self.file.read_exact_at(&mut self.window, at).map_err(Flaw::Io)?;
        self.seen(at).ok_or(Flaw::Truncated)
    }

    pub(super) fn u8(&mut self, at: u64) -> Result<u8, Flaw> {
        self.read(at).map(u8::from_be_bytes)
    }

    pub(super) fn u32(&mut self, at: u64) -> Result<u32, Flaw> {
        self.read(at).map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self, at: u64) -> Result<u64, Flaw> {
        self.read(at).map(u64::from_be_bytes)
    }

    fn seen<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let from = usize::try_from(at.checked_sub(self.window_at)?).ok()?;
        self.window.get(from..)?.first_chunk().copied()
    }
}
