//! What the fake answers with: objects, refusals with the provider's words, and bodies that may end too early.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// A body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A phrase in every refusal of ours that was not asked for: whoever finds it in an answer or a log of the application
/// has found the provider's words where they must not be.
pub const PROVIDER_WORDS: &str = "words of the fake provider";

/// The connection ends here, without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the fake ends the connection")]
pub(crate) struct Dropped;

/// Why something is not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn not_found(public_id: &str) -> Self {
        Self::new(404, format!("Resource not found - {public_id}"))
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(400, format!("Missing required parameter - {parameter}"))
    }

    /// Something is wrong with the fake itself.
    #[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
    pub(crate) fn internal(cause: io::Error) -> Self {
        Self::new(500, format!("the fake's own failure: {cause}"))
    }

    pub(crate) fn answer(self) -> Response<Body> {
        let mut answer = object(&json!({ "error": { "message": self.message } }));
        *answer.status_mut() = StatusCode::from_u16(self.status).expect("a status");
        if let Ok(shown) = HeaderValue::from_str(&self.message) {
            answer.headers_mut().insert("x-cld-error", shown);
        }
        answer
    }
}

/// A JSON object, with status 200.
pub(crate) fn object(value: &Value) -> Response<Body> {
    let mut answer = Response::new(whole(value.to_string()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    // Browsers upload directly.
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// A failure that was asked for. A proxy before the provider answers some of them, in its own words.
pub(crate) fn trouble(status: u16, retry_after: Option<u64>) -> Response<Body> {
    let mut answer = if matches!(status, 502 | 504) {
        let mut page = Response::new(whole(format!("<html><h1>{status}</h1>{PROVIDER_WORDS}</html>")));
        page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        *page.status_mut() = StatusCode::from_u16(status).expect("a status");
        page
    } else {
        Refusal::new(status, format!("Status {status}: {PROVIDER_WORDS}")).answer()
    };
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert("retry-after", seconds.into());
    }
    answer
}

/// A body that is there as a whole.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is read as it is sent.
pub(crate) fn streamed(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(pieces.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

/// The same answer, whose connection ends after half of the first piece of its body.
pub(crate) fn broken_off(answer: Response<Body>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    head.headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    head.headers.remove("content-length");
    let first = BodyStream::new(body).take(1).map(|frame| {
        let data = frame.ok().and_then(|frame| frame.into_data().ok()).unwrap_or_default();
        Ok(data.slice(..data.len() / 2))
    });
    let end = stream::once(async { Err(io::Error::other(Dropped)) });
    Response::from_parts(head, streamed(first.chain(end)))
}
