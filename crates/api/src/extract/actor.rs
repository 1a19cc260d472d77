//! Who asks: the cookie `accessToken` first, else `Authorization: Bearer`. A token that is present but bad is refused
//! even where none is needed.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use aviary_application::{AuthFailure, Error};
use futures_util::future::LocalBoxFuture;

use crate::config::SameSite;
use crate::cookie::{self, ACCESS_COOKIE};
use crate::error::{ApiError, Code};
use crate::state::AppState;

/// The signed-in user; 401 when there is none.
pub(crate) struct Actor(pub(crate) aviary_application::Actor);

/// The signed-in user, if there is one.
pub(crate) struct MaybeActor(pub(crate) Option<aviary_application::Actor>);

impl FromRequest for Actor {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let actor = authenticate(&request).await?;
            actor.map(Self).ok_or_else(|| Error::Unauthenticated(AuthFailure::MissingToken).into())
        })
    }
}

impl FromRequest for MaybeActor {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { authenticate(&request).await.map(Self) })
    }
}

async fn authenticate(request: &HttpRequest) -> Result<Option<aviary_application::Actor>, ApiError> {
    let state = AppState::of(request)?;
    let sessions = &state.application.sessions;
    if let Some(token) = cookie::token(request, ACCESS_COOKIE) {
        refuse_foreign_pages(request, state)?;
        let actor = sessions.authenticate(&token).await;
        return actor.map(Some).map_err(|failure| cookie::forget(failure, ACCESS_COOKIE, state));
    }
    match bearer_token(request)? {
        Some(token) => Ok(Some(sessions.authenticate(&token).await?)),
        None => Ok(None),
    }
}

/// Other schemes than `Bearer` are somebody else's, such as a proxy's; clients that are signed out send it empty.
fn bearer_token(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let value = value.to_str().map_err(|_| Error::Unauthenticated(AuthFailure::InvalidToken))?.trim();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    Ok(Some(token.trim().to_owned()).filter(|token| scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()))
}

/// With `SameSite=None` browsers send the cookie along with forms of any page, so the page has to be one of ours.
/// The other settings make browsers keep it back, and bearer tokens are never sent by themselves.
pub(crate) fn refuse_foreign_pages(request: &HttpRequest, state: &AppState) -> Result<(), ApiError> {
    if state.cookies.same_site != SameSite::None || request.method().is_safe() {
        return Ok(());
    }
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
    match origin.to_str() {
        Ok(origin) if state.trusts_origin(origin) => Ok(()),
        _ => Err(ApiError::new(Code::OriginNotAllowed, "Pages of this origin may not use the cookie")),
    }
}
