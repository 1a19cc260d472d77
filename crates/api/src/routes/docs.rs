//! The API description, and Swagger UI over it, from the binary: nothing is loaded from elsewhere.

use std::sync::Arc;

use actix_web::http::header::{self, ContentEncoding, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::State;
use crate::envelope::Answer;
use crate::error::{ApiError, Code};
use crate::openapi;

/// Swagger UI sets styles from its script and shows pictures from data URLs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'",
);

/// The description as JSON.
pub(super) async fn description(document: web::Data<OpenApi>) -> HttpResponse {
    HttpResponse::Ok().json(document.get_ref())
}

/// Swagger UI names its files relative to a folder, so its page has to be in one.
pub(super) async fn redirect(state: State) -> HttpResponse {
    let prefix = openapi::path_of(&state.base_url);
    let page = format!("{}/docs/index.html", prefix.trim_end_matches('/'));
    HttpResponse::Found().insert_header((header::LOCATION, page)).finish()
}

/// A file of Swagger UI.
pub(super) async fn file(request: HttpRequest) -> Answer {
    let config = Arc::new(Config::new(["../api/v1/openapi.json"]));
    let name = request.match_info().query("file");
    let file = utoipa_swagger_ui::serve(name, config).map_err(|error| ApiError::internal(error.to_string()))?;
    let file = file.ok_or_else(|| ApiError::new(Code::RouteNotFound, "There is nothing at this path"))?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(file.content_type).insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    if file.gzpipped {
        answer.insert_header(ContentEncoding::Gzip);
    }
    Ok(answer.body(file.bytes.into_owned()))
}
