//! One's own channel's numbers and videos over HTTP.

use actix_web::{HttpRequest, get};
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::envelope::{Answer, Envelope, ok};
use crate::extract::{Actor, ListQuery};
use crate::paging::array;
use crate::view::{ChannelStatsView, VideoView};

/// Mounts the routes under `/dashboard`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(stats).service(videos);
}

/// Tells what one's own channel has and received.
#[utoipa::path(
    tag = "dashboard",
    responses((status = 200, body = Envelope<ChannelStatsView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[get("/stats")]
pub(crate) async fn stats(state: State, Actor(actor): Actor) -> Answer {
    let numbers = state.application.dashboard.stats(actor).await?;
    Ok(ok(ChannelStatsView::from(numbers), "Channel stats fetched successfully"))
}

/// Lists one's own videos, unpublished ones too, newest first.
#[utoipa::path(
    tag = "dashboard",
    params(ListQuery),
    responses((status = 200, body = Envelope<Vec<VideoView>>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[get("/videos")]
pub(crate) async fn videos(state: State, Actor(actor): Actor, query: ListQuery, request: HttpRequest) -> Answer {
    let page = state.application.videos.list_own(actor, &query.into()).await?;
    array(page.map(|card| VideoView::new(card, &state)), &request, "Channel videos fetched successfully")
}
