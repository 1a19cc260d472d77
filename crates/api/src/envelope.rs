//! The form of every success: `{"statusCode", "data", "message", "success": true}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// What handlers answer.
pub(crate) type Answer = Result<HttpResponse, ApiError>;

/// A success.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<T> {
    /// The HTTP status.
    #[schema(example = 200)]
    status_code: u16,
    /// What was asked for.
    data: T,
    /// What happened, for people.
    message: &'static str,
    /// Always true.
    #[schema(example = true)]
    success: bool,
}

/// The data of answers that have nothing to say: `{}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nothing {}

/// 200 with data.
pub(crate) fn ok<T: Serialize>(data: T, message: &'static str) -> HttpResponse {
    success(StatusCode::OK, data, message)
}

/// 201 with what was made.
pub(crate) fn created<T: Serialize>(data: T, message: &'static str) -> HttpResponse {
    success(StatusCode::CREATED, data, message)
}

fn success<T: Serialize>(status: StatusCode, data: T, message: &'static str) -> HttpResponse {
    HttpResponse::build(status).json(Envelope { status_code: status.as_u16(), data, message, success: true })
}
