//! Which pages of other origins may call the API, as browsers ask.

use actix_cors::Cors;
use actix_web::http::{Method, header};

use crate::config::CorsOrigins;
use crate::creation;

/// How long browsers may remember the answer to a preflight.
const MAX_AGE_SECONDS: usize = 3600;

/// The rules for these origins. Pages of any origin may read public answers where `*` is configured, but never with
/// cookies; listed origins may use cookies.
pub(super) fn rules(origins: &CorsOrigins) -> Cors {
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_any_header()
        .expose_headers([
            header::HeaderName::from_static("x-request-id"),
            header::HeaderName::from_static("x-next-cursor"),
            header::LINK,
            header::RETRY_AFTER,
            header::ETAG,
            header::ACCEPT_RANGES,
            header::CONTENT_RANGE,
            creation::REPLAYED,
        ])
        .max_age(MAX_AGE_SECONDS);
    match origins {
        CorsOrigins::Nobody => cors,
        CorsOrigins::Anyone => cors.allow_any_origin().send_wildcard(),
        CorsOrigins::These(origins) => {
            origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin)).supports_credentials()
        }
    }
}
