//! Delivery: what everybody fetches, from the assets or from the caches in front of them.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use hyper::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, RANGE};
use hyper::{HeaderMap, Method, Response, StatusCode};
use image::ImageFormat;

use super::answer::{Body, Refusal, streamed, whole};
use super::asset::{Delivery, Place, Resource};
use super::blob::Blob;
use super::parameter::is_signed;
use super::shared::Shared;
use super::still::Transformation;
use super::streaming;

/// What a cache keeps.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    /// Which asset it was made of.
    pub(crate) place: Place,
    content: Content,
    content_type: &'static str,
}

#[derive(Debug, Clone)]
enum Content {
    Stored(Arc<Blob>),
    Made(Bytes),
}

/// What a URL asks for.
struct Asked<'a> {
    place: Place,
    extension: &'a str,
    transformation: Vec<&'a str>,
    signature: Option<&'a str>,
}

/// Reads a path: resource, type, an optional signature, transformations, the version, and the public id.
fn read(path: &str) -> Option<Asked<'_>> {
    let mut pieces = path.splitn(3, '/');
    let resource = Resource::parse(pieces.next()?)?;
    let delivery = Delivery::parse(pieces.next()?)?;
    let mut rest = pieces.next()?;
    let mut signature = None;
    let mut transformation = vec![];
    loop {
        let (piece, after) = rest.split_once('/')?;
        rest = after;
        match piece {
            piece if is_version(piece) => break,
            piece if piece.starts_with("s--") && signature.is_none() && transformation.is_empty() => {
                signature = Some(piece);
            }
            piece => transformation.push(piece),
        }
    }
    let (public_id, extension) = match rest.rsplit_once('.') {
        Some((id, extension)) if !extension.contains('/') => (id, extension),
        _ => (rest, ""),
    };
    let place = Place { resource, delivery, public_id: public_id.to_owned() };
    Some(Asked { place, extension, transformation, signature })
}

/// A version stands in every URL that we make: without it, caches show what has gone.
fn is_version(piece: &str) -> bool {
    piece.strip_prefix('v').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Answers a GET or HEAD of a path below the cloud's name.
pub(crate) fn deliver(
    shared: &Shared,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, Refusal> {
    let cached = shared.state().caches.get(path).cloned();
    let copy = match cached {
        Some(copy) => copy,
        None => {
            let copy = fetch(shared, path)?;
            shared.state().caches.insert(path.to_owned(), copy.clone());
            copy
        }
    };
    send(copy, method, headers)
}

/// Finds or makes what a URL asks for.
fn fetch(shared: &Shared, path: &str) -> Result<Copy, Refusal> {
    let asked = read(path).ok_or_else(|| Refusal::new(400, "Invalid URL"))?;
    let file = match asked.extension {
        "" => asked.place.public_id.clone(),
        extension => format!("{}.{extension}", asked.place.public_id),
    };
    let signed = asked.transformation.iter().copied().chain([file.as_str()]).collect::<Vec<_>>().join("/");
    let is_sound = asked.signature.map(|signature| is_signed(&shared.account, signature, &signed));
    let needed = asked.place.delivery != Delivery::Upload;
    if is_sound == Some(false) || (needed && is_sound.is_none()) {
        return Err(Refusal::new(401, "Invalid or missing signature"));
    }
    let asset = shared.state().assets.get(&asked.place).cloned();
    let asset = asset.ok_or_else(|| Refusal::not_found(&asked.place.public_id))?;
    let transformation = Transformation::read(&asked.transformation)?;
    let (content, content_type) = match (asked.place.resource, asked.extension) {
        (_, extension) if asked.transformation.is_empty() && extension == asset.format => {
            (Content::Stored(Arc::clone(&asset.blob)), content_type(extension))
        }
        (Resource::Video, "m3u8") => {
            let text = streaming::playlist(&shared.account, &asked.place, &asset, &transformation)?;
            (Content::Made(text.into()), "application/vnd.apple.mpegurl")
        }
        (Resource::Video, "ts") => {
            streaming::segment(&asset, &transformation)?;
            (Content::Stored(Arc::clone(&asset.blob)), "video/mp2t")
        }
        (Resource::Video, extension) => {
            let made = transformation.of_film(asset.size, picture_format(extension)?)?;
            (Content::Made(made), content_type(extension))
        }
        (_, extension) => {
            let bytes = asset.blob.all().map_err(Refusal::internal)?;
            let made = transformation.of_picture(&bytes, picture_format(extension)?)?;
            (Content::Made(made), content_type(extension))
        }
    };
    Ok(Copy { place: asked.place, content, content_type })
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "jpg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        "mkv" => "video/x-matroska",
        _ => "application/octet-stream",
    }
}

fn picture_format(extension: &str) -> Result<ImageFormat, Refusal> {
    match extension {
        "jpg" | "jpeg" => Ok(ImageFormat::Jpeg),
        "png" => Ok(ImageFormat::Png),
        "webp" => Ok(ImageFormat::WebP),
        other => Err(Refusal::new(400, format!("The fake makes no {other} out of this asset"))),
    }
}

/// Sends a copy, or the range of it that is asked for.
fn send(copy: Copy, method: &Method, headers: &HeaderMap) -> Result<Response<Body>, Refusal> {
    let length = match &copy.content {
        Content::Stored(blob) => blob.length(),
        Content::Made(bytes) => u64::try_from(bytes.len()).map_err(io::Error::other).map_err(Refusal::internal)?,
    };
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok()).and_then(|text| range(text, length));
    let (start, end) = match asked {
        None => (0, length),
        Some(Some(range)) => range,
        Some(None) => return Err(Refusal::new(416, "Invalid range")),
    };
    let body = match copy.content {
        _ if method == Method::HEAD => streamed(stream::empty()),
        Content::Stored(blob) => streamed(blob.stream(start, end - start)),
        Content::Made(bytes) => {
            let [start, end] = [start, end].map(|place| usize::try_from(place).unwrap_or(usize::MAX));
            whole(bytes.slice(start..end))
        }
    };
    let mut answer = Response::new(body);
    let head = answer.headers_mut();
    head.insert(CONTENT_TYPE, HeaderValue::from_static(copy.content_type));
    head.insert(CONTENT_LENGTH, (end - start).into());
    head.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if asked.is_some() {
        let shown = format!("bytes {start}-{}/{length}", end - 1);
        head.insert(CONTENT_RANGE, HeaderValue::from_str(&shown).map_err(|_| Refusal::new(416, "Invalid range"))?);
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(answer)
}

/// The bytes that a `Range` header asks for; `Some(None)` when there are none such, `None` when it is no range.
fn range(text: &str, length: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first.parse::<u64>().ok(), last.parse::<u64>().ok()) {
        (Some(start), Some(last)) => (start, last.saturating_add(1).min(length)),
        (Some(start), None) if last.is_empty() => (start, length),
        (None, Some(count)) if first.is_empty() => (length.saturating_sub(count), length),
        _ => return None,
    };
    Some((start < end).then_some((start, end)))
}
