//! Stored files under `/media/`, with ranges. Files never change under their name, so caches may keep them forever;
//! nothing in them is ever run.
//!
//! `actix_files::NamedFile` is not used: its validators are inode and time, which say nothing on another machine, it
//! answers several ranges with the first one, and its refusals have no body.

mod condition;
mod range;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get};
use aviary_domain::file::FileKey;
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::task::spawn_blocking;

use super::State;
use crate::envelope::Answer;
use crate::error::{ApiError, Code};
use condition::Condition;
use range::Span;

/// How much of a file is in memory at once for each download.
const CHUNK: u64 = 128 * 1024;

/// A film that is opened by itself is put into a document of the browser's making, which has to be allowed to fetch it:
/// from its own origin, which a bare `sandbox` would take away. No script runs, with that origin or without.
const POLICY: &str = "default-src 'none'; media-src 'self'; sandbox allow-same-origin";

/// Fetches a stored file, whole or a part of it.
#[utoipa::path(
    tag = "media",
    params(
        ("folder" = String, Path, description = "`images` or `videos`"),
        ("name" = String, Path, description = "The name that the server gave the file"),
        ("Range" = Option<String>, Header, description = "One range of bytes; several are answered with the whole file"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", content_type = "application/octet-stream"),
        (status = 304, description = "The file that the client has"),
    )
)]
#[get("/media/{folder}/{name}")]
pub(crate) async fn fetch(state: State, request: HttpRequest) -> Answer {
    let absent = || ApiError::new(Code::FileNotFound, "File not found");
    let path = request.match_info();
    let key = FileKey::parse(&format!("{}/{}", path.query("folder"), path.query("name"))).map_err(|_| absent())?;
    let (Some(path), Some(format)) = (state.media.path(&key), key.format()) else { return Err(absent()) };
    let (file, length) = open(path).await?.ok_or_else(absent)?;
    let tag = format!("\"{key}\"");
    match condition::judge(request.headers(), &tag) {
        Condition::Failed => Err(ApiError::new(Code::PreconditionFailed, "The file is another one")),
        Condition::NotModified => Ok(headers(StatusCode::NOT_MODIFIED, &tag).finish()),
        Condition::Whole => Ok(send(headers(StatusCode::OK, &tag), format.content_type(), file, 0, length)),
        Condition::Ranged => match range::read(request.headers().get(header::RANGE), length) {
            Span::Whole => Ok(send(headers(StatusCode::OK, &tag), format.content_type(), file, 0, length)),
            Span::Part { first, last } => {
                let mut answer = headers(StatusCode::PARTIAL_CONTENT, &tag);
                answer.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
                Ok(send(answer, format.content_type(), file, first, last - first + 1))
            }
            Span::Outside => Err(outside(length)),
        },
    }
}

fn outside(length: u64) -> ApiError {
    let refused = ApiError::new(Code::RangeNotSatisfiable, format!("The file has {length} bytes"));
    match HeaderValue::from_str(&format!("bytes */{length}")) {
        Ok(value) => refused.with_header(header::CONTENT_RANGE, value),
        Err(error) => ApiError::internal(error),
    }
}

async fn open(path: PathBuf) -> Result<Option<(File, u64)>, ApiError> {
    let opened = spawn_blocking(move || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok::<_, io::Error>((file, length))
    });
    match opened.await.map_err(ApiError::internal)? {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ApiError::internal(error)),
    }
}

fn headers(status: StatusCode, tag: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((header::ETAG, tag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::CONTENT_DISPOSITION, "inline"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"));
    answer
}

fn send(mut answer: HttpResponseBuilder, kind: &str, file: File, first: u64, length: u64) -> HttpResponse {
    answer.content_type(kind).body(SizedStream::new(length, chunks(file, first, length)))
}

/// Reads the file piece by piece, away from the threads that serve requests. A file that was removed meanwhile is
/// read to its end: the handle keeps it.
fn chunks(file: File, first: u64, length: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, first, length), |(file, offset, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let (file, bytes) = spawn_blocking(move || read(file, offset, left.min(CHUNK))).await??;
        let count = u64::try_from(bytes.len()).unwrap_or(0);
        Ok(Some((bytes, (file, offset + count, left.saturating_sub(count)))))
    })
}

fn read(mut file: File, offset: u64, count: u64) -> io::Result<(File, Bytes)> {
    let mut bytes = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
    file.seek(SeekFrom::Start(offset))?;
    (&mut file).take(count).read_to_end(&mut bytes)?;
    if bytes.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((file, Bytes::from(bytes)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::{CHUNK, chunks};

    #[tokio::test]
    async fn a_part_is_read_from_its_first_byte_to_its_last() {
        let content: Vec<u8> = (0..CHUNK * 2 + 77).map(|n| u8::try_from(n % 251).unwrap()).collect();
        for (first, length) in [(0, CHUNK * 2 + 77), (5, 1), (CHUNK - 1, CHUNK + 2), (CHUNK * 2 + 76, 1)] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&content).unwrap();
            let pieces: Vec<_> = chunks(file, first, length).try_collect().await.unwrap();
            let (first, last) = (usize::try_from(first).unwrap(), usize::try_from(first + length).unwrap());
            assert_eq!(pieces.concat(), content[first..last]);
        }
    }

    #[tokio::test]
    async fn a_file_that_ends_early_is_a_failure_not_silence() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"short").unwrap();
        assert!(chunks(file, 0, 9).try_collect::<Vec<_>>().await.is_err());
    }
}
