//! Calls by which the media store tells that its work on a film is done.

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, post};
use aviary_domain::media::notice::SignedCall;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::envelope::{Answer, Envelope, Nothing, ok};
use crate::error::Failure;
use crate::extract::RawBody;

/// Where the calls arrive, after the prefix of the API.
pub(crate) const WEBHOOK: &str = "/media/cloudinary/webhook";

/// Mounts the route under `/media`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(notice);
}

/// Takes a signed call of Cloudinary. Whatever is genuine is answered with 200, also what nobody waits for.
#[utoipa::path(
    tag = "media",
    params(
        ("X-Cld-Timestamp" = String, Header, description = "When the call was sent, in seconds"),
        ("X-Cld-Signature" = String, Header, description = "The signature over body and time"),
    ),
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 200, body = Envelope<Nothing>),
        (status = 401, body = Failure, description = "The signature does not fit, or is too old"),
        (status = 404, body = Failure, description = "Films are not kept at Cloudinary here"),
    ),
)]
#[post("/cloudinary/webhook")]
pub(crate) async fn notice(state: State, request: HttpRequest, body: RawBody) -> Answer {
    let body = body.read().await?;
    let headers = request.headers();
    let call = SignedCall {
        timestamp: header(headers, "x-cld-timestamp"),
        signature: header(headers, "x-cld-signature"),
        body,
    };
    state.application.notices.receive(call).await?;
    Ok(ok(Nothing {}, "Noted"))
}

/// A header that is missing, is there twice or is no text fits nothing, as an empty one does.
fn header(headers: &HeaderMap, name: &str) -> String {
    let mut values = headers.get_all(name);
    let text = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
    text.unwrap_or_default().to_owned()
}
