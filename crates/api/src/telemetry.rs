//! Logs: one subscriber for the process, and one span for each request, named by its route and never by its path.

use std::io::{self, IsTerminal};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage, HttpRequest};
use tracing::field::Empty;
use tracing::{Level, Span};
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// What is written unless `RUST_LOG` says otherwise. The HTTP parser would log every broken request as an error of the
/// server's, so any port scanner would fill the log.
const DEFAULT_FILTER: &str = "info,actix_server=warn,actix_http=off";

/// Starts logging to standard error; the first call in a process wins.
pub fn init(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => subscriber.finish().try_init(),
        LogFormat::Json => subscriber.json().finish().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
}

/// The span of a request.
pub(crate) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().copied();
        tracing::info_span!(
            "request",
            method = %request.method(),
            route = Empty,
            request_id = id.map(tracing::field::display),
            status = Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        if !tracing::enabled!(Level::DEBUG) {
            return;
        }
        let status = match outcome {
            Ok(response) => {
                name_route(&span, response.request());
                response.status()
            }
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
        tracing::debug!(parent: &span, "answered");
    }
}

/// Notes which route a request took. Before it is routed, finding that out costs as much as routing it; so it is noted
/// where something is about to be written: for a failure, and at the end where ends are written.
pub(crate) fn name_route(span: &Span, request: &HttpRequest) {
    span.record("route", request.match_pattern().as_deref().unwrap_or("none"));
}
