//! What every handler can reach. Read-only; one for each running server.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, web};
use aviary_application::Application;
use aviary_domain::file::FileKey;
use aviary_domain::media::{MediaStore, Rendition};
use aviary_domain::security::Entropy;
use aviary_domain::time::Clock;
use aviary_domain::video::Video;
use aviary_domain::{Store, Timestamp};
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
    /// Where files are and under which URL; for URLs alone.
    pub(crate) media: Arc<dyn MediaStore>,
    /// The files of this machine's media folder, which are served from here.
    pub(crate) local: Arc<LocalMedia>,
    /// Whether stills are taken out of videos that come without a thumbnail.
    pub(crate) takes_stills: bool,
    /// How long links to files last that not everybody may fetch; they may last a quarter longer.
    pub(crate) link_life: Duration,
    /// The present.
    pub(crate) clock: Arc<dyn Clock>,
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

    /// The absolute URL of a picture of an account, which everybody may fetch.
    pub(crate) fn picture_url(&self, key: &FileKey, rendition: Rendition) -> String {
        self.media.url(key, rendition, None)
    }

    /// When links to a video's files have to end, for those who may see it; `None` when everybody may fetch them.
    pub(crate) fn links_end(&self, video: &Video) -> Option<Timestamp> {
        (!video.is_public()).then(|| link_end(self.clock.now(), self.link_life))
    }

    /// Whether pages of this origin may act with their visitors' cookies: the server's own and the configured ones.
    pub(crate) fn trusts_origin(&self, origin: &str) -> bool {
        let own = self.base_url.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let listed = matches!(&self.cors, CorsOrigins::These(origins) if origins.iter().any(|o| o == origin));
        own || listed
    }
}

/// A life from now, rounded up to a whole quarter of it: for that quarter a file's link stays the same, so that a browser that
/// reloads a page has the picture already.
fn link_end(now: Timestamp, life: Duration) -> Timestamp {
    let quarter = i64::try_from(life.as_millis() / 4).unwrap_or(i64::MAX).max(1);
    let end = now.after(life).millis();
    Timestamp::from_millis(end.saturating_add((-end).rem_euclid(quarter)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aviary_domain::Timestamp;
    use proptest::prelude::*;

    use super::link_end;

    proptest! {
        #[test]
        fn a_link_lasts_its_life_and_at_most_a_quarter_longer(
            now in 0..4_000_000_000_000_i64,
            seconds in 1..2_000_000_u64,
        ) {
            let life = Duration::from_secs(seconds);
            let end = link_end(Timestamp::from_millis(now), life).millis();
            let quarter = i64::try_from(life.as_millis() / 4).unwrap();
            let least = now + 4 * quarter;
            prop_assert!((least..least + quarter).contains(&end));
            prop_assert_eq!(end % quarter, 0);
        }
    }
}
