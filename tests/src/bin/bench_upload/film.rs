//! A film of any size that takes next to no room: a small one that plays, and a hole behind it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use aviary_tests::samples;
use bytes::Bytes;
use futures_util::{Stream, stream};

use super::Outcome;
use super::progress::Progress;

/// How much is read at once.
const CHUNK: usize = 256 << 10;

/// The head of a `free` box with a 64-bit size (ISO 14496-12): 1 in place of the size, the type, the size.
const BOX_HEAD: u64 = 16;

/// A film on disk.
pub(crate) struct Film {
    path: PathBuf,
    pub(crate) bytes: u64,
}

impl Film {
    /// Makes one of exactly this size.
    pub(crate) fn make(folder: &Path, bytes: u64) -> Outcome<Self> {
        let small = samples::mp4().ok_or("ffmpeg has to be on the PATH: it makes the film")?;
        let path = folder.join("film.mp4");
        std::fs::write(&path, &small.bytes)?;
        let mut file = OpenOptions::new().append(true).open(&path)?;
        let free = bytes.checked_sub(file.metadata()?.len()).filter(|free| *free >= BOX_HEAD);
        let free = free.ok_or("so small a film cannot be made")?;
        file.write_all(&[[0, 0, 0, 1], *b"free"].concat())?;
        file.write_all(&free.to_be_bytes())?;
        file.set_len(bytes)?;
        Ok(Self { path, bytes })
    }

    /// Its bytes from `start` on, so many of them, which `progress` is told of as they go.
    pub(crate) fn stretch(
        &self,
        start: u64,
        length: u64,
        progress: &Progress,
    ) -> Outcome<impl Stream<Item = std::io::Result<Bytes>> + Send + 'static> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        let progress = progress.clone();
        Ok(stream::try_unfold(file.take(length), move |mut rest| {
            let progress = progress.clone();
            async move {
                let mut chunk = vec![0; CHUNK];
                let count = rest.read(&mut chunk)?;
                chunk.truncate(count);
                progress.advance(count);
                Ok((count > 0).then(|| (Bytes::from(chunk), rest)))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt;

    #[tokio::test]
    async fn a_film_is_as_large_as_it_should_be_and_takes_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let Some(small) = samples::mp4() else { return };
        let film = Film::make(folder.path(), 5 << 30).unwrap();
        let found = std::fs::metadata(&film.path).unwrap();
        assert_eq!((film.bytes, found.len()), (5 << 30, 5 << 30));
        assert!(std::os::unix::fs::MetadataExt::blocks(&found) * 512 < 1 << 20, "{found:?}");
        let free = u64::try_from(small.bytes.len()).unwrap();
        let progress = Progress::begin("a film".to_owned(), 100);
        let head: Vec<Bytes> = film.stretch(free, 20, &progress).unwrap().try_collect().await.unwrap();
        let size = (film.bytes - free).to_be_bytes();
        assert_eq!(head.concat(), [[0, 0, 0, 1].as_slice(), b"free", &size, &[0; 4]].concat());
        assert!(Film::make(folder.path(), free + BOX_HEAD - 1).is_err());
    }
}
