//! Signing in, staying signed in, signing out, over HTTP.

use actix_web::{FromRequest, HttpRequest, post};
use aviary_application::{Error, Login};
use secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::client::Client;
use crate::cookie::{self, REFRESH_COOKIE};
use crate::envelope::{Answer, Envelope, Nothing, ok};
use crate::error::ApiError;
use crate::extract::{Actor, Body, Fields, Input, refuse_foreign_pages};
use crate::state::AppState;
use crate::view::{SignedInView, TokensView};

/// Mounts the routes under `/users`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(log_in).service(log_out).service(refresh).service(change_password);
}

/// Who signs in: `email` or `username`, and the password.
#[derive(ToSchema)]
pub(crate) struct LoginInput {
    /// The address.
    #[schema(example = "ada@example.org")]
    email: Option<String>,
    /// The user name.
    username: Option<String>,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Option<SecretString>,
}

impl Input for LoginInput {
    fn take(fields: &mut Fields) -> Self {
        Self { email: fields.text("email"), username: fields.text("username"), password: fields.secret("password") }
    }
}

/// The refresh token of a client that keeps no cookies.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RefreshInput {
    /// The token.
    #[schema(value_type = Option<String>, format = Password)]
    refresh_token: Option<SecretString>,
}

impl Input for RefreshInput {
    fn take(fields: &mut Fields) -> Self {
        Self { refresh_token: fields.secret("refreshToken") }
    }
}

/// A change of password.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct PasswordInput {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    old_password: Option<SecretString>,
    /// The new one: 8 characters or more, 71 bytes or fewer.
    #[schema(value_type = String, format = Password)]
    new_password: Option<SecretString>,
}

impl Input for PasswordInput {
    fn take(fields: &mut Fields) -> Self {
        Self { old_password: fields.secret("oldPassword"), new_password: fields.secret("newPassword") }
    }
}

/// Signs in on this device; sets both tokens as cookies too.
#[utoipa::path(
    tag = "sessions",
    request_body = LoginInput,
    responses((status = 200, body = Envelope<SignedInView>))
)]
#[post("/login")]
pub(crate) async fn log_in(state: State, client: Client, body: Body<LoginInput>) -> Answer {
    let input = body.read().await?;
    let login = Login { email: input.email, username: input.username, password: input.password };
    let signed_in = state.application.sessions.log_in(&login, client.address).await?;
    let mut answer = ok(SignedInView::new(&signed_in, &state), "User logged in successfully");
    cookie::set(&mut answer, &signed_in.tokens, &state)?;
    Ok(answer)
}

/// Signs out on this device; its tokens stop working at once, on other servers of the database within seconds.
#[utoipa::path(
    tag = "sessions",
    responses((status = 200, body = Envelope<Nothing>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/logout")]
pub(crate) async fn log_out(state: State, request: HttpRequest) -> Answer {
    let sessions = &state.application.sessions;
    match (Actor::extract(&request).await, cookie::token(&request, REFRESH_COOKIE)) {
        (Ok(Actor(actor)), _) => sessions.log_out(actor).await?,
        // A browser whose access cookie is over can still sign out.
        (Err(refused), Some(token)) if refused.is_unauthenticated() => {
            refuse_foreign_pages(&request, &state)?;
            end_by_refresh(&token, &state).await?;
        }
        (Err(refused), _) => return Err(refused),
    }
    let mut answer = ok(Nothing {}, "User logged out successfully");
    cookie::clear(&mut answer, &state)?;
    Ok(answer)
}

/// Exchanges a refresh token, from the cookie or else the body, for a new pair; sets both as cookies too.
#[utoipa::path(
    tag = "sessions",
    request_body = Option<RefreshInput>,
    responses((status = 200, body = Envelope<TokensView>))
)]
#[post("/refresh-token")]
pub(crate) async fn refresh(state: State, body: Body<RefreshInput>, request: HttpRequest) -> Answer {
    let sessions = &state.application.sessions;
    let given = body.read().await?.refresh_token;
    let given = given.as_ref().map(ExposeSecret::expose_secret);
    let tokens = match cookie::token(&request, REFRESH_COOKIE) {
        None => sessions.refresh(given).await?,
        Some(kept) => match sessions.refresh(Some(&kept)).await {
            // A cookie that is over must not hide a token that is not.
            Err(Error::Unauthenticated(_)) if given.is_some_and(|given| given != kept) => {
                sessions.refresh(given).await?
            }
            tokens => tokens.map_err(|failure| cookie::forget(failure, REFRESH_COOKIE, &state))?,
        },
    };
    let mut answer = ok(TokensView::from(&tokens), "Access token refreshed successfully");
    cookie::set(&mut answer, &tokens, &state)?;
    Ok(answer)
}

async fn end_by_refresh(token: &str, state: &AppState) -> Result<(), ApiError> {
    let ended = state.application.sessions.log_out_by_refresh(token).await;
    ended.map_err(|failure| cookie::forget(failure, REFRESH_COOKIE, state))
}

/// Sets a new password and signs out every other device.
#[utoipa::path(
    tag = "sessions",
    request_body = PasswordInput,
    responses((status = 200, body = Envelope<Nothing>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/change-password")]
pub(crate) async fn change_password(
    state: State,
    Actor(actor): Actor,
    client: Client,
    body: Body<PasswordInput>,
) -> Answer {
    let input = body.read().await?;
    let (old, new) = (input.old_password.as_ref(), input.new_password.as_ref());
    state.application.sessions.change_password(actor, client.address, old, new).await?;
    Ok(ok(Nothing {}, "Password changed successfully"))
}
