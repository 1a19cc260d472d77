//! A stretch of a file as the body of a request, and whether it moves.

use std::io::{self, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::try_unfold;
use reqwest::Body;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::sleep;

use super::settings::Patience;

/// What is read at once, in bytes.
const BUFFER: u64 = 256 * 1024;

/// Tells a slow connection from one that stands still. Clones watch the same body.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    shared: Arc<Shared>,
    stall: Duration,
    stored: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bytes that are still to be taken.
    left: AtomicU64,
    broken: Mutex<Option<io::Error>>,
}

impl Pulse {
    pub(super) fn new(patience: &Patience) -> Self {
        Self { shared: Arc::default(), stall: patience.stall, stored: patience.stored }
    }

    /// Comes to an end when nothing was taken for too long, or when no answer came once all was; says for how long.
    pub(super) async fn silence(&self) -> Duration {
        loop {
            let before = self.shared.left.load(Ordering::Relaxed);
            let limit = if before == 0 { self.stored } else { self.stall };
            sleep(limit).await;
            if self.shared.left.load(Ordering::Relaxed) == before {
                return limit;
            }
        }
    }

    /// Why the file could not be read on, if that is what ended the request.
    pub(super) fn broken(&self) -> Option<io::Error> {
        self.shared.broken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn left(&self, bytes: u64) {
        self.shared.left.store(bytes, Ordering::Relaxed);
    }

    fn break_off(&self, cause: io::Error) -> io::Error {
        let told = io::Error::from(cause.kind());
        *self.shared.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
        told
    }
}

/// Opens a stretch of a file; it is read piece by piece as it is sent.
pub(super) async fn open(path: &Path, start: u64, length: u64, pulse: &Pulse) -> io::Result<Body> {
    let mut file = File::open(path).await?;
    file.seek(SeekFrom::Start(start)).await?;
    pulse.left(length);
    let pieces = try_unfold((file, length, pulse.clone()), |(mut file, left, pulse)| async move {
        if left == 0 {
            return Ok::<_, io::Error>(None);
        }
        let piece = read(&mut file, left).await.map_err(|cause| pulse.break_off(cause))?;
        let left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(left));
        pulse.left(left);
        Ok(Some((piece, (file, left, pulse))))
    });
    Ok(Body::wrap_stream(pieces))
}

async fn read(file: &mut File, left: u64) -> io::Result<Vec<u8>> {
    let size = left.min(BUFFER);
    let mut piece = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(size).read_to_end(&mut piece).await?;
    if piece.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::time::Duration;

    use super::{Pulse, open};
    use crate::media::cloudinary::settings::Patience;

    fn pulse() -> Pulse {
        let (stall, stored) = (Duration::from_millis(50), Duration::from_millis(150));
        Pulse::new(&Patience { stall, stored, ..Patience::default() })
    }

    /// What a body of this stretch brings to a server, and how the request fared.
    async fn sent(bytes: &[u8], start: u64, length: u64) -> (Vec<u8>, bool, Option<io::ErrorKind>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let pulse = pulse();
        let body = open(file.path(), start, length, &pulse).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut seen, mut buffer) = (Vec::new(), vec![0; 65_536]);
            while !seen.ends_with(b"\r\n0\r\n\r\n") {
                match stream.read(&mut buffer).await.unwrap() {
                    0 => break,
                    n => seen.extend_from_slice(&buffer[..n]),
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            seen
        });
        let done = reqwest::Client::new().post(url).body(body).send().await;
        let broken = pulse.broken().map(|cause| cause.kind());
        (server.await.unwrap(), done.is_ok(), broken)
    }

    #[tokio::test]
    async fn the_stretch_is_sent_and_nothing_else() {
        let bytes: Vec<u8> = (0..=250).cycle().take(900_000).collect();
        let (seen, done, broken) = sent(&bytes, 1_000, 600_000).await;
        assert!(done && broken.is_none());
        // Sent in chunks, because the length is not told by the body itself: put together again here.
        let start = seen.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let (mut rest, mut body) = (&seen[start..], Vec::new());
        loop {
            let line = rest.windows(2).position(|window| window == b"\r\n").unwrap();
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
            if size == 0 {
                break;
            }
            body.extend_from_slice(&rest[line + 2..line + 2 + size]);
            rest = &rest[line + 2 + size + 2..];
        }
        assert!(body == bytes[1_000..601_000]);
    }

    #[tokio::test]
    async fn a_file_that_ends_too_early_is_its_own_fault() {
        let (_, done, broken) = sent(&[7; 1_000], 0, 2_000).await;
        assert_eq!((done, broken), (false, Some(io::ErrorKind::UnexpectedEof)));
    }

    #[tokio::test]
    async fn silence_is_told_from_slowness() {
        let slow = pulse();
        slow.left(10);
        let moving = slow.clone();
        tokio::spawn(async move {
            for left in (0..10).rev() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                moving.left(left);
            }
        });
        let begun = std::time::Instant::now();
        assert_eq!(slow.silence().await, Duration::from_millis(150), "all was taken, and no answer came");
        assert!(begun.elapsed() >= Duration::from_millis(330), "{:?}", begun.elapsed());
        let still = pulse();
        still.left(10);
        assert_eq!(still.silence().await, Duration::from_millis(50));
    }
}
