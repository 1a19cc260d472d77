//! The cookies that carry the tokens of a session.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::cookie::time::Duration as CookieAge;
use actix_web::cookie::{Cookie, SameSite};
use aviary_application::TokenPair;
use secrecy::ExposeSecret;

use crate::config;
use crate::error::ApiError;
use crate::extract::ACCESS_COOKIE;
use crate::state::AppState;

/// The cookie that carries the refresh token.
pub(super) const REFRESH_COOKIE: &str = "refreshToken";

/// Sets both cookies; each lives as long as its token.
pub(super) fn set(answer: &mut HttpResponse, tokens: &TokenPair, state: &AppState) -> Result<(), ApiError> {
    let lives = state.token_lives;
    add(answer, ACCESS_COOKIE, tokens.access.token.expose_secret(), lives.access, state)?;
    add(answer, REFRESH_COOKIE, tokens.refresh.token.expose_secret(), lives.refresh, state)
}

/// Makes the browser drop both cookies.
pub(super) fn clear(answer: &mut HttpResponse, state: &AppState) -> Result<(), ApiError> {
    add(answer, ACCESS_COOKIE, "", Duration::ZERO, state)?;
    add(answer, REFRESH_COOKIE, "", Duration::ZERO, state)
}

/// Browsers drop a cookie only when its other attributes are those that it was set with.
fn add(
    answer: &mut HttpResponse,
    name: &'static str,
    value: &str,
    life: Duration,
    state: &AppState,
) -> Result<(), ApiError> {
    let cookie = Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(state.cookies.secure)
        .same_site(match state.cookies.same_site {
            config::SameSite::Strict => SameSite::Strict,
            config::SameSite::Lax => SameSite::Lax,
            config::SameSite::None => SameSite::None,
        })
        .max_age(CookieAge::seconds(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)))
        .finish();
    answer.add_cookie(&cookie).map_err(ApiError::internal)
}
