//! The page at `/`: what runs here and where to go on.

use actix_web::HttpResponse;
use actix_web::http::header::{self, ContentType, HeaderValue};

const PAGE: &str = include_str!("home.html");
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");

/// Answers with the page.
pub(super) async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(PAGE.replace("{version}", env!("CARGO_PKG_VERSION")))
}
