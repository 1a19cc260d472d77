//! What every answer has, whatever its status: the request id, the security headers, and the failure form.

use actix_cors::CorsError;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse};
use tracing::Span;
use tracing_actix_web::RequestId;

use crate::error::{ApiError, Code};
use crate::state::AppState;
use crate::telemetry::name_route;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Nothing that the API answers is a page.
const API_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Puts the frame around a request.
pub(super) async fn frame<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    let tls = request.app_data::<actix_web::web::Data<AppState>>().is_some_and(|s| s.base_url.starts_with("https:"));
    match next.call(request).await {
        Ok(response) => {
            let mut response = in_failure_form(response, &id);
            finish_headers(response.headers_mut(), &id, tls);
            Ok(response)
        }
        Err(error) => {
            let mut answer = failure_of(&error).render(&id);
            finish_headers(answer.headers_mut(), &id, tls);
            Err(InternalError::from_response(error.to_string(), answer).into())
        }
    }
}

/// Renders failures. Headers that others have set on the answer (`Allow`, those of CORS) stay.
fn in_failure_form<B: MessageBody>(response: ServiceResponse<B>, id: &str) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let is_failure = response.status().is_client_error() || response.status().is_server_error();
    if !is_failure && response.response().error().is_none() {
        return response.map_into_left_body();
    }
    name_route(&Span::current(), response.request());
    let failure = match response.response().error() {
        Some(error) => failure_of(error).render(id),
        None => ApiError::of_status(response.status()).render(id),
    };
    let (request, bare) = response.into_parts();
    ServiceResponse::new(request, keep_headers(failure, bare.headers())).map_into_right_body()
}

fn failure_of(error: &actix_web::Error) -> Rendered<'_> {
    match error.as_error::<ApiError>() {
        Some(failure) => Rendered::Ours(failure),
        None if error.as_error::<CorsError>().is_some() => {
            Rendered::Foreign(ApiError::new(Code::OriginNotAllowed, "Pages of this origin may not send this request"))
        }
        None => Rendered::Foreign(ApiError::of_status(error.as_response_error().status_code())),
    }
}

/// A failure of ours, or what stands for one of a library.
enum Rendered<'a> {
    Ours(&'a ApiError),
    Foreign(ApiError),
}

impl Rendered<'_> {
    fn render(&self, id: &str) -> HttpResponse {
        match self {
            Self::Ours(failure) => failure.render(id),
            Self::Foreign(failure) => failure.render(id),
        }
    }
}

fn keep_headers(mut answer: HttpResponse, others: &HeaderMap) -> HttpResponse {
    for (name, value) in others {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}

fn finish_headers(headers: &mut HeaderMap, id: &str, tls: bool) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // The rules for other origins say more than they should to those that they turn away.
    if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    }
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    for (name, value) in
        [(header::CONTENT_SECURITY_POLICY, API_POLICY), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
    {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
}
