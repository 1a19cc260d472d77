//! Sessions: the tokens that somebody gets. Deliberately without `Debug`.

use aviary_application::{SignedIn, TokenPair};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::UserView;
use crate::state::AppState;

/// The two tokens of a session, which are also set as cookies.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokensView {
    /// For requests.
    access_token: String,
    /// For the next pair; works once.
    refresh_token: String,
}

impl From<&TokenPair> for TokensView {
    fn from(pair: &TokenPair) -> Self {
        Self {
            access_token: pair.access.token.expose_secret().to_owned(),
            refresh_token: pair.refresh.token.expose_secret().to_owned(),
        }
    }
}

/// Somebody who has just signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedInView {
    /// The caller's account.
    user: UserView,
    #[serde(flatten)]
    tokens: TokensView,
}

impl SignedInView {
    /// Shows a fresh session.
    pub(crate) fn new(signed_in: &SignedIn, state: &AppState) -> Self {
        Self { user: UserView::new(&signed_in.user, state), tokens: TokensView::from(&signed_in.tokens) }
    }
}
