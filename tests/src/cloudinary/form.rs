//! Reading what a call sends: a multipart form, its file straight to disk, or a URL-encoded one.

use std::io;
use std::path::Path;

use actix_multipart::Multipart;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, future, stream};
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::{Body, Incoming};

use super::answer::{Dropped, Refusal};
use super::blob::{Part, PartWriter};

/// The most that a parameter may say.
const LONGEST_PARAMETER: usize = 64 * 1024;

/// What came in.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) file: Option<Part>,
}

/// Why nothing came in.
pub(crate) enum Unread {
    Dropped,
    Refused(Refusal),
}

impl From<Refusal> for Unread {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Dropped> for Unread {
    fn from(Dropped: Dropped) -> Self {
        Self::Dropped
    }
}

type Pieces = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// Reads a body; with `halfway`, the connection ends in the middle of it.
pub(crate) async fn read(request: Request<Incoming>, folder: &Path, halfway: bool) -> Result<Form, Unread> {
    let content_type = request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.to_owned();
    let expected = request.body().size_hint().exact();
    let pieces = request.into_body().into_data_stream().map(|piece| piece.map_err(|_| PayloadError::Incomplete(None)));
    let pieces: Pieces = match (halfway, expected) {
        (false, _) => Box::pin(pieces),
        // Without a length, after the first piece.
        (true, None) => Box::pin(pieces.take(1).chain(broken())),
        (true, Some(length)) => Box::pin(half(pieces, length / 2).chain(broken())),
    };
    if content_type.starts_with("multipart/form-data") {
        multipart(&content_type, pieces, folder).await
    } else if content_type.starts_with("application/x-www-form-urlencoded") {
        urlencoded(pieces).await
    } else {
        Err(Refusal::new(400, format!("Unsupported content type - {content_type}")).into())
    }
}

/// Reads what is left of a body, as servers do that answer early.
pub(crate) async fn drain(request: Request<Incoming>) -> Result<(), Dropped> {
    let mut pieces = request.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        piece.map_err(|_| Dropped)?;
    }
    Ok(())
}

fn broken() -> impl Stream<Item = Result<Bytes, PayloadError>> {
    stream::once(future::ready(Err(PayloadError::Incomplete(None))))
}

/// The pieces until this many bytes have come.
fn half(
    pieces: impl Stream<Item = Result<Bytes, PayloadError>>,
    most: u64,
) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    pieces.scan(most, |left, piece| {
        if *left == 0 {
            return future::ready(None);
        }
        let length = piece.as_ref().map_or(0, Bytes::len);
        *left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        future::ready(Some(piece))
    })
}

async fn multipart(content_type: &str, pieces: Pieces, folder: &Path) -> Result<Form, Unread> {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(content_type).map_err(|_| Refusal::new(400, "Invalid content type"))?;
    headers.insert(CONTENT_TYPE, value);
    let mut fields = Multipart::new(&headers, pieces);
    let mut form = Form::default();
    while let Some(field) = fields.next().await {
        let mut field = field.map_err(unread)?;
        let name = field.name().ok_or_else(|| Refusal::new(400, "A part of the form has no name"))?.to_owned();
        if name == "file" {
            if form.file.is_some() {
                return Err(Refusal::new(400, "More than one file").into());
            }
            let mut writer = PartWriter::new(folder).map_err(Refusal::internal)?;
            while let Some(piece) = field.next().await {
                writer.write(&piece.map_err(unread)?).map_err(Refusal::internal)?;
            }
            form.file = Some(writer.finish().map_err(Refusal::internal)?);
            continue;
        }
        let mut value = vec![];
        while let Some(piece) = field.next().await {
            value.extend_from_slice(&piece.map_err(unread)?);
            if value.len() > LONGEST_PARAMETER {
                return Err(Refusal::new(400, format!("Parameter {name} is too long")).into());
            }
        }
        let value = String::from_utf8(value).map_err(|_| Refusal::new(400, format!("Parameter {name} is not text")))?;
        form.parameters.push((name, value));
    }
    Ok(form)
}

fn unread(error: actix_multipart::MultipartError) -> Unread {
    match error {
        actix_multipart::MultipartError::Payload(_) | actix_multipart::MultipartError::Incomplete => Unread::Dropped,
        other => Refusal::new(400, format!("Invalid form - {other}")).into(),
    }
}

async fn urlencoded(mut pieces: Pieces) -> Result<Form, Unread> {
    let mut body = vec![];
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.map_err(|_| Dropped)?);
        if body.len() > LONGEST_PARAMETER {
            return Err(Refusal::new(400, "Too many parameters").into());
        }
    }
    let text = String::from_utf8(body).map_err(io::Error::other).map_err(Refusal::internal)?;
    let url = reqwest::Url::parse(&format!("http://form/?{text}")).map_err(|_| Refusal::new(400, "Invalid form"))?;
    let parameters = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    Ok(Form { parameters, file: None })
}
