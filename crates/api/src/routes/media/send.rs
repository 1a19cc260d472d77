//! Sending an open file, whole or a part of it, with the headers that make it inert in a browser.

use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::io::IoSliceMut;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use aviary_domain::file::FileKey;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
#[cfg(target_os = "linux")]
use rustix::io::{ReadWriteFlags, preadv2};
use tokio::task::{spawn_blocking, yield_now};

use super::condition::{self, Condition};
use super::range::{self, Span};
use crate::envelope::Answer;
use crate::error::{ApiError, Code};

/// How much of a file is in memory at once for each download.
const CHUNK: usize = 128 * 1024;

/// After how many bytes it is another request's turn.
const TURN: u64 = 1024 * 1024;

/// A film that is opened by itself is put into a document of the browser's making, which has to be allowed to fetch it:
/// from its own origin, which a bare `sandbox` would take away. No script runs, with that origin or without.
const POLICY: &str = "default-src 'none'; media-src 'self'; sandbox allow-same-origin";

/// What caches may do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caching {
    /// Everybody may fetch it now, but that may end any minute.
    Shared,
    /// It was sent to one who may see what not everybody may.
    Never,
}

impl Caching {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Shared => "public, max-age=300",
            Self::Never => "private, no-store",
        })
    }
}

/// An open file.
pub(super) struct Served {
    file: File,
    length: u64,
    kind: &'static str,
    tag: String,
    caching: Caching,
}

impl Served {
    /// Opens a file; `None` when it is not there.
    pub(super) async fn open(path: PathBuf, key: &FileKey) -> Result<Option<Self>, ApiError> {
        let opened = spawn_blocking(move || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok::<_, io::Error>((file, length))
        });
        let kind = key.format().map_or("application/octet-stream", aviary_domain::file::FileFormat::content_type);
        match opened.await.map_err(ApiError::internal)? {
            Ok((file, length)) => {
                Ok(Some(Self { file, length, kind, tag: format!("\"{key}\""), caching: Caching::Shared }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ApiError::internal(error)),
        }
    }

    /// The same file, with what caches may do with it.
    pub(super) fn cached(self, caching: Caching) -> Self {
        Self { caching, ..self }
    }

    /// Answers with what the request asks for of the file.
    pub(super) fn answer(self, request: &HttpRequest) -> Answer {
        let length = self.length;
        match condition::judge(request.headers(), &self.tag) {
            Condition::Failed => Err(ApiError::new(Code::PreconditionFailed, "The file is another one")),
            Condition::NotModified => Ok(self.headers(StatusCode::NOT_MODIFIED).finish()),
            Condition::Whole => Ok(self.send(StatusCode::OK, 0, length)),
            Condition::Ranged => match range::read(request.headers().get(header::RANGE), length) {
                Span::Whole => Ok(self.send(StatusCode::OK, 0, length)),
                Span::Part { first, last } => Ok(self.send(StatusCode::PARTIAL_CONTENT, first, last - first + 1)),
                Span::Outside => Err(outside(length)),
            },
        }
    }

    fn headers(&self, status: StatusCode) -> HttpResponseBuilder {
        let mut answer = HttpResponse::build(status);
        answer
            .insert_header((header::ETAG, self.tag.as_str()))
            .insert_header((header::ACCEPT_RANGES, "bytes"))
            .insert_header((header::CACHE_CONTROL, self.caching.header()))
            .insert_header((header::CONTENT_DISPOSITION, "inline"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"));
        answer
    }

    fn send(self, status: StatusCode, first: u64, count: u64) -> HttpResponse {
        let mut answer = self.headers(status);
        if status == StatusCode::PARTIAL_CONTENT {
            let last = first + count - 1;
            answer.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", self.length)));
        }
        answer.content_type(self.kind).body(SizedStream::new(count, chunks(self.file, first, count)))
    }
}

fn outside(length: u64) -> ApiError {
    let refused = ApiError::new(Code::RangeNotSatisfiable, format!("The file has {length} bytes"));
    match HeaderValue::from_str(&format!("bytes */{length}")) {
        Ok(value) => refused.with_header(header::CONTENT_RANGE, value),
        Err(error) => ApiError::internal(error),
    }
}

/// Reads the file piece by piece: what the system has in memory at once, the rest away from the threads that serve
/// requests. A file that was removed meanwhile is read to its end: the handle keeps it.
fn chunks(file: File, first: u64, length: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, first, length, TURN), |(file, offset, left, mut turn)| async move {
        if left == 0 {
            return Ok(None);
        }
        if turn == 0 {
            // A fast reader of what is in memory never has to be waited for, and others want to be served.
            yield_now().await;
            turn = TURN;
        }
        let mut piece = BytesMut::zeroed(usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK)));
        let (file, piece) = match read_cached(&file, &mut piece, offset) {
            Some(count) => (file, first_of(piece, count)),
            None => spawn_blocking(move || read(&file, piece, offset).map(|piece| (file, piece))).await??,
        };
        let count = u64::try_from(piece.len()).unwrap_or(0);
        Ok(Some((piece, (file, offset + count, left.saturating_sub(count), turn.saturating_sub(count)))))
    })
}

/// Reads what of a piece is in memory, and answers how much that was; `None` where it is nothing, or where the file system
/// cannot tell.
#[cfg(target_os = "linux")]
fn read_cached(file: &File, piece: &mut [u8], offset: u64) -> Option<usize> {
    let count = preadv2(file, &mut [IoSliceMut::new(piece)], offset, ReadWriteFlags::NOWAIT).ok()?;
    (count > 0).then_some(count)
}

/// Only Linux can tell what is in memory.
#[cfg(not(target_os = "linux"))]
fn read_cached(_file: &File, _piece: &mut [u8], _offset: u64) -> Option<usize> {
    None
}

/// Reads a piece, or less of it; blocks.
fn read(file: &File, mut piece: BytesMut, offset: u64) -> io::Result<Bytes> {
    loop {
        match file.read_at(&mut piece, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => return Ok(first_of(piece, count?)),
        }
    }
}

fn first_of(mut piece: BytesMut, count: usize) -> Bytes {
    piece.truncate(count);
    piece.freeze()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::{CHUNK, chunks};

    /// In memory, or on the disk alone where the file system can be asked for that.
    #[tokio::test]
    async fn a_part_is_read_from_its_first_byte_to_its_last() {
        let chunk = u64::try_from(CHUNK).unwrap();
        let content: Vec<u8> = (0..chunk * 2 + 77).map(|n| u8::try_from(n % 251).unwrap()).collect();
        for (first, length) in [(0, chunk * 2 + 77), (5, 1), (chunk - 1, chunk + 2), (chunk * 2 + 76, 1)] {
            for forgotten in [false, true] {
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(&content).unwrap();
                if forgotten {
                    file.sync_all().unwrap();
                    forget(&file);
                }
                let pieces: Vec<_> = chunks(file, first, length).try_collect().await.unwrap();
                let (first, last) = (usize::try_from(first).unwrap(), usize::try_from(first + length).unwrap());
                assert_eq!(pieces.concat(), content[first..last]);
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn forget(file: &File) {
        rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    }

    #[cfg(not(target_os = "linux"))]
    fn forget(_file: &File) {}

    #[tokio::test]
    async fn a_file_that_ends_early_is_a_failure_not_silence() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"short").unwrap();
        assert!(chunks(file, 0, 9).try_collect::<Vec<_>>().await.is_err());
    }
}
