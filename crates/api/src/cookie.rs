//! The cookies that carry the tokens of a session.

use std::time::Duration;

use actix_web::cookie::time::Duration as CookieAge;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};
use aviary_application::{Error, TokenPair};
use secrecy::ExposeSecret;

use crate::config;
use crate::error::ApiError;
use crate::state::AppState;

/// The cookie that carries the access token.
pub(crate) const ACCESS_COOKIE: &str = "accessToken";
/// The cookie that carries the refresh token.
pub(crate) const REFRESH_COOKIE: &str = "refreshToken";

/// The token that a request carries in a cookie. An empty one is none: it was cleared.
pub(crate) fn token(request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(name).map(|cookie| cookie.value().to_owned()).filter(|token| !token.is_empty())
}

/// Sets both cookies; each lives as long as its token.
pub(crate) fn set(answer: &mut HttpResponse, tokens: &TokenPair, state: &AppState) -> Result<(), ApiError> {
    let lives = state.token_lives;
    add(answer, ACCESS_COOKIE, tokens.access.token.expose_secret(), lives.access, state)?;
    add(answer, REFRESH_COOKIE, tokens.refresh.token.expose_secret(), lives.refresh, state)
}

/// Makes the browser drop both cookies.
pub(crate) fn clear(answer: &mut HttpResponse, state: &AppState) -> Result<(), ApiError> {
    add(answer, ACCESS_COOKIE, "", Duration::ZERO, state)?;
    add(answer, REFRESH_COOKIE, "", Duration::ZERO, state)
}

/// A failure that was the token's of this cookie makes the browser drop it: pages cannot, because it is `HttpOnly`, and
/// with it every request would fail, those too that need no token.
pub(crate) fn forget(failure: Error, name: &'static str, state: &AppState) -> ApiError {
    let to_blame = matches!(failure, Error::Unauthenticated(_));
    let failure = ApiError::from(failure);
    match HeaderValue::from_str(&cookie(name, "", Duration::ZERO, state).to_string()) {
        Ok(cleared) if to_blame => failure.with_header(SET_COOKIE, cleared),
        _ => failure,
    }
}

fn add(
    answer: &mut HttpResponse,
    name: &'static str,
    value: &str,
    life: Duration,
    state: &AppState,
) -> Result<(), ApiError> {
    answer.add_cookie(&cookie(name, value, life, state)).map_err(ApiError::internal)
}

/// Browsers drop a cookie only when its other attributes are those that it was set with.
fn cookie<'a>(name: &'static str, value: &'a str, life: Duration, state: &AppState) -> Cookie<'a> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(state.cookies.secure)
        .same_site(match state.cookies.same_site {
            config::SameSite::Strict => SameSite::Strict,
            config::SameSite::Lax => SameSite::Lax,
            config::SameSite::None => SameSite::None,
        })
        .max_age(CookieAge::seconds(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)))
        .finish()
}
