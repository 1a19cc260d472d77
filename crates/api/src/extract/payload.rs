//! Bodies as they arrive, from senders that keep sending: a connection that dribbles is not kept open.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep};

use crate::error::{ApiError, Code};

/// The longest wait for the next chunk.
const CHUNK_PATIENCE: Duration = Duration::from_secs(10);
/// How much waiting is forgiven before the rate is looked at.
const GRACE: Duration = Duration::from_secs(10);
/// The lowest rate, in bytes for each second that the sender kept us waiting.
const LEAST_RATE: u64 = 1024;

/// A body that fails when its sender is too slow.
///
/// Waiting is counted from a poll that found nothing to the next one that found something, so a server that is slow
/// itself adds to it; the least rate is far below anything that this could make of an honest sender.
pub(crate) struct PatientPayload {
    inner: Payload,
    deadline: Pin<Box<Sleep>>,
    waiting_since: Option<Instant>,
    waited: Duration,
    received: u64,
}

impl PatientPayload {
    /// Takes the body out of a request.
    pub(crate) fn take(payload: &mut Payload) -> Self {
        Self {
            inner: payload.take(),
            deadline: Box::pin(tokio::time::sleep(CHUNK_PATIENCE)),
            waiting_since: None,
            waited: Duration::ZERO,
            received: 0,
        }
    }

    fn is_too_slow(&self) -> bool {
        self.waited > GRACE && self.received < self.waited.as_secs().saturating_mul(LEAST_RATE)
    }
}

impl Stream for PatientPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match Pin::new(&mut self.inner).poll_next(context) {
            Poll::Ready(Some(Ok(chunk))) => {
                if let Some(since) = self.waiting_since.take() {
                    self.waited += since.elapsed();
                }
                self.received = self.received.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
                Poll::Ready(Some(if self.is_too_slow() { Err(too_slow()) } else { Ok(chunk) }))
            }
            Poll::Ready(end) => Poll::Ready(end),
            Poll::Pending => {
                if self.waiting_since.is_none() {
                    let now = Instant::now();
                    self.waiting_since = Some(now);
                    self.deadline.as_mut().reset(now + CHUNK_PATIENCE);
                }
                self.deadline.as_mut().poll(context).map(|()| Some(Err(too_slow())))
            }
        }
    }
}

fn too_slow() -> PayloadError {
    PayloadError::Io(io::ErrorKind::TimedOut.into())
}

/// How many bytes a request says that its body has; `None` where it does not say.
pub(crate) fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How a body that broke off is told.
pub(crate) fn payload_failure(error: &PayloadError) -> ApiError {
    match error {
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
            ApiError::new(Code::RequestTimeout, "The body arrived too slowly")
        }
        _ => ApiError::new(Code::MalformedBody, "The body ended early or is broken"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::dev::Payload;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use futures_util::stream;

    use super::{CHUNK_PATIENCE, GRACE, PatientPayload};

    fn sender(every: Duration, chunk: &'static [u8]) -> PatientPayload {
        let chunks = stream::unfold((), move |()| async move {
            tokio::time::sleep(every).await;
            Some((Ok(Bytes::from_static(chunk)), ()))
        });
        PatientPayload::take(&mut Payload::Stream { payload: chunks.boxed_local() })
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_the_body() {
        let mut body = sender(CHUNK_PATIENCE * 2, b"x");
        assert!(body.next().await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn dribbling_ends_the_body() {
        let mut body = sender(Duration::from_secs(1), b"x");
        let taken = body.by_ref().take_while(|chunk| std::future::ready(chunk.is_ok())).count().await;
        assert!(u64::try_from(taken).unwrap() <= GRACE.as_secs() + 1, "{taken}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_sender_may_take_all_day() {
        let body = sender(Duration::from_secs(1), &[0; 2048]);
        assert!(body.take(86_400).all(|chunk| std::future::ready(chunk.is_ok())).await);
    }
}
