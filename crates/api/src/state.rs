//! What every handler can reach. Read-only; one for each running server.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, web};
use aviary_application::Application;
use aviary_domain::Store;
use aviary_domain::media::MediaStore;
use aviary_domain::security::Entropy;
use aviary_infra::media::local::LocalMedia;
use tokio::time::Instant;

use crate::config::{CookieSettings, CorsOrigins};
use crate::error::ApiError;

/// How long tokens work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenLives {
    /// Of an access token.
    pub(crate) access: Duration,
    /// Of a refresh token.
    pub(crate) refresh: Duration,
}

/// What every handler can reach.
pub(crate) struct AppState {
    /// The use cases.
    pub(crate) application: Application,
    /// The store, for the health check alone: everything else goes through the use cases.
    pub(crate) store: Store,
    /// Where files are and under which URL.
    pub(crate) media: Arc<LocalMedia>,
    /// Tells guests apart.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The base of absolute URLs, without a slash at the end.
    pub(crate) base_url: String,
    /// Which pages of other origins may call.
    pub(crate) cors: CorsOrigins,
    /// How long the cookies of tokens last.
    pub(crate) token_lives: TokenLives,
    /// How cookies are set.
    pub(crate) cookies: CookieSettings,
    /// Whether a proxy's word on the client's address counts.
    pub(crate) trust_proxy: bool,
    /// When the server started.
    pub(crate) started: Instant,
}

impl AppState {
    /// The state of the server that serves this request.
    pub(crate) fn of(request: &HttpRequest) -> Result<&Self, ApiError> {
        let state = request.app_data::<web::Data<Self>>();
        state.map(web::Data::get_ref).ok_or_else(|| ApiError::internal("the server has no state"))
    }

    /// The absolute URL of a stored file.
    pub(crate) fn file_url(&self, key: &aviary_domain::file::FileKey) -> String {
        self.media.url(key)
    }

    /// Whether pages of this origin may act with their visitors' cookies: the server's own and the configured ones.
    pub(crate) fn trusts_origin(&self, origin: &str) -> bool {
        let own = self.base_url.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let listed = matches!(&self.cors, CorsOrigins::These(origins) if origins.iter().any(|o| o == origin));
        own || listed
    }
}
