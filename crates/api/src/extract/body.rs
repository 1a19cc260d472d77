//! Small bodies: JSON or urlencoded, up to 256 KiB, or raw.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::BytesMut;
use futures_util::StreamExt;

use super::fields::{Fields, Input};
use super::payload::{PatientPayload, announced, payload_failure};
use crate::error::{ApiError, Code};

/// The most bytes of a body without files.
const LIMIT: usize = 256 * 1024;
/// The most bytes of a raw body: a call of a media provider has some thousand.
const RAW_LIMIT: usize = 1024 * 1024;

/// An input that is yet to be read: `let input = body.read().await?`.
pub(crate) struct Body<T> {
    request: HttpRequest,
    payload: PatientPayload,
    input: PhantomData<fn() -> T>,
}

impl<T: Input> Body<T> {
    /// Receives and reads it. Without a body, every field is absent.
    pub(crate) async fn read(self) -> Result<T, ApiError> {
        read_fields(&self.request, self.payload).await?.read()
    }
}

impl<T> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = PatientPayload::take(payload);
        ready(Ok(Self { request: request.clone(), payload, input: PhantomData }))
    }
}

/// A body as it is, of a kind that does not matter here, up to 1 MiB.
pub(crate) struct RawBody {
    request: HttpRequest,
    payload: PatientPayload,
}

impl RawBody {
    /// Receives it.
    pub(crate) async fn read(self) -> Result<Vec<u8>, ApiError> {
        read_bytes(&self.request, self.payload, RAW_LIMIT).await.map(Vec::from)
    }
}

impl FromRequest for RawBody {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: PatientPayload::take(payload) }))
    }
}

/// Receives a body into memory.
async fn read_bytes(request: &HttpRequest, mut payload: PatientPayload, limit: usize) -> Result<BytesMut, ApiError> {
    let too_large = || ApiError::new(Code::BodyTooLarge, format!("The body is larger than {limit} bytes"));
    let is_more = |length| usize::try_from(length).map_or(true, |length| length > limit);
    if announced(request).is_some_and(is_more) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| payload_failure(&error))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

enum Form {
    Json,
    Urlencoded,
}

fn form(request: &HttpRequest) -> Option<Form> {
    match request.content_type().trim().to_ascii_lowercase().as_str() {
        "application/json" => Some(Form::Json),
        "application/x-www-form-urlencoded" => Some(Form::Urlencoded),
        _ => None,
    }
}

/// Whether the body, by its content type, is one that [`read_fields`] reads.
pub(crate) fn is_fields(request: &HttpRequest) -> bool {
    form(request).is_some()
}

/// Receives a small body.
pub(crate) async fn read_fields(request: &HttpRequest, payload: PatientPayload) -> Result<Fields, ApiError> {
    let bytes = read_bytes(request, payload, LIMIT).await?;
    if bytes.is_empty() {
        return Ok(Fields::default());
    }
    let encoded = request.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
    match form(request).filter(|_| !encoded) {
        Some(Form::Json) => Fields::from_json(&bytes),
        Some(Form::Urlencoded) => Fields::from_urlencoded(&bytes),
        None => Err(ApiError::new(
            Code::UnsupportedMediaType,
            "The body must be application/json or application/x-www-form-urlencoded, without a content encoding",
        )),
    }
}
