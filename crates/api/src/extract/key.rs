//! The key by which a request to create is known when it is sent again.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use aviary_application::IdempotencyKey;
use aviary_domain::Id;
use aviary_domain::id::RawId;
use utoipa::IntoParams;

use crate::error::ApiError;

/// The key of the request, if it has one.
pub(crate) struct MaybeKey(pub(crate) Option<IdempotencyKey>);

/// What the description says about it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "its fields are read by the description alone")]
pub(crate) struct KeyHeader {
    /// 1 to 255 visible ASCII characters that the client chose for this very request, in quotes or without. Sent again
    /// within 24 hours, the request creates nothing further and gets the same answer, marked `Idempotent-Replayed: true`.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        required = false,
        example = "8e03978e-40d5-43e8-bc93-6894a57f9324"
    )]
    key: Option<String>,
}

/// What the description says about it where the sender is nobody yet.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "its fields are read by the description alone")]
pub(crate) struct GuestKeyHeader {
    /// 1 to 255 visible ASCII characters that the client chose for this very request, in quotes or without. Everybody
    /// who registers draws from the same keys, so it has to be random: a UUID, not a number or a name. Sent again
    /// within 24 hours, the request creates nothing further and gets the same answer, marked
    /// `Idempotent-Replayed: true`; wrong passwords in it count as failed logins.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        required = false,
        example = "8e03978e-40d5-43e8-bc93-6894a57f9324"
    )]
    key: Option<String>,
}

/// Whether the request has a key, sound or not.
pub(crate) fn has_key(request: &HttpRequest) -> bool {
    request.headers().contains_key(IdempotencyKey::HEADER)
}

impl FromRequest for MaybeKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request).map(Self))
    }
}

fn read(request: &HttpRequest) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut values = request.headers().get_all(IdempotencyKey::HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    // Two of them are no key, nor is what is not even text: the empty text stands for both.
    let text = if values.next().is_none() { value.to_str().unwrap_or_default() } else { "" };
    Ok(Some(IdempotencyKey::parse(text, request.method().as_str(), &target(request))?))
}

/// The path as the routes have it, with the ids as we write them: however a client spells it, in capitals or in percent
/// sequences, it asks for the same. By now the path of an older client is the new one.
fn target(request: &HttpRequest) -> String {
    let pattern = request.match_pattern().unwrap_or_else(|| request.path().to_owned());
    request.match_info().iter().fold(pattern, |path, (name, text)| {
        // Every segment of a route that creates is an id; what is none is refused by the route itself.
        let id = Id::<RawId>::parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string());
        path.replace(&format!("{{{name}}}"), &id)
    })
}
