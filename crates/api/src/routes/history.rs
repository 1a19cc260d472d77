//! One's own watch history over HTTP.

use actix_web::{HttpRequest, delete, get};
use aviary_domain::video::Video;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::envelope::{Answer, Envelope, Nothing, ok};
use crate::extract::{Actor, ListQuery, PathId};
use crate::paging::array;
use crate::view::WatchedVideoView;

/// Mounts the routes under `/users`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(clear).service(remove);
}

/// Lists what one watched, latest first.
#[utoipa::path(
    tag = "history",
    params(ListQuery),
    responses((status = 200, body = Envelope<Vec<WatchedVideoView>>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[get("/history")]
pub(crate) async fn list(state: State, Actor(actor): Actor, query: ListQuery, request: HttpRequest) -> Answer {
    let page = state.application.history.list(actor, &query.into()).await?;
    let page = page.map(|entry| WatchedVideoView::new(entry, &state));
    array(page, &request, "Watch history fetched successfully")
}

/// Forgets everything that one watched.
#[utoipa::path(
    tag = "history",
    responses((status = 200, body = Envelope<Nothing>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/history")]
pub(crate) async fn clear(state: State, Actor(actor): Actor) -> Answer {
    state.application.history.clear(actor).await?;
    Ok(ok(Nothing {}, "Watch history cleared successfully"))
}

/// Forgets that one watched a video.
#[utoipa::path(
    tag = "history",
    responses((status = 200, body = Envelope<Nothing>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/history/{videoId}")]
pub(crate) async fn remove(state: State, Actor(actor): Actor, PathId(video): PathId<Video>) -> Answer {
    state.application.history.remove(actor, video).await?;
    Ok(ok(Nothing {}, "Video removed from watch history successfully"))
}
