//! Whether the server is well.

use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use crate::envelope::{Answer, Envelope, ok};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HealthView {
    /// `ok`; a server that is not answers 503.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version that runs.
    version: &'static str,
    /// Seconds since the server started.
    uptime: u64,
    /// Whether stills are taken out of videos that come without a thumbnail.
    takes_stills: bool,
}

/// Tells whether the server and its store are well.
#[utoipa::path(tag = "health", responses((status = 200, body = Envelope<HealthView>)))]
#[get("/healthcheck")]
pub(crate) async fn check(state: State) -> Answer {
    state.store.maintenance.ping().await.map_err(aviary_application::Error::from)?;
    let view = HealthView {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime: state.started.elapsed().as_secs(),
        takes_stills: state.takes_stills,
    };
    Ok(ok(view, "The server is well"))
}
