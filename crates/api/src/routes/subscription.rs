//! Subscriptions over HTTP.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use aviary_domain::subscription::SubscriptionState;
use aviary_domain::user::User;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::envelope::{Answer, Envelope, ok};
use crate::extract::{Actor, ListQuery, MaybeActor, PathId};
use crate::paging::array;
use crate::view::{SubscribedChannelView, SubscriberView, SubscriptionStateView};

/// Mounts the routes under `/subscriptions`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(toggle).service(put).service(remove).service(subscribers).service(channels);
}

/// Subscribes who is not subscribed and the other way round.
#[utoipa::path(
    tag = "subscriptions",
    responses((status = 200, body = Envelope<SubscriptionStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/c/{channelId}")]
pub(crate) async fn toggle(state: State, Actor(actor): Actor, PathId(channel): PathId<User>) -> Answer {
    Ok(show(state.application.subscriptions.toggle(actor, channel).await?))
}

/// Subscribes; doing it twice changes nothing.
#[utoipa::path(
    tag = "subscriptions",
    responses((status = 200, body = Envelope<SubscriptionStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[put("/c/{channelId}")]
pub(crate) async fn put(state: State, Actor(actor): Actor, PathId(channel): PathId<User>) -> Answer {
    Ok(show(state.application.subscriptions.put(actor, channel).await?))
}

/// Unsubscribes; doing it twice changes nothing.
#[utoipa::path(
    tag = "subscriptions",
    responses((status = 200, body = Envelope<SubscriptionStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/c/{channelId}")]
pub(crate) async fn remove(state: State, Actor(actor): Actor, PathId(channel): PathId<User>) -> Answer {
    Ok(show(state.application.subscriptions.remove(actor, channel).await?))
}

fn show(state: SubscriptionState) -> HttpResponse {
    let message = if state.is_subscribed { "Subscribed successfully" } else { "Unsubscribed successfully" };
    ok(SubscriptionStateView::from(state), message)
}

/// Lists a channel's subscribers, latest first.
#[utoipa::path(
    tag = "subscriptions",
    params(ListQuery),
    responses((status = 200, body = Envelope<Vec<SubscriberView>>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("/c/{channelId}")]
pub(crate) async fn subscribers(
    state: State,
    _: MaybeActor,
    PathId(channel): PathId<User>,
    query: ListQuery,
    request: HttpRequest,
) -> Answer {
    let page = state.application.subscriptions.subscribers(channel, &query.into()).await?;
    array(page.map(|card| SubscriberView::new(&card, &state)), &request, "Subscribers fetched successfully")
}

/// Lists the channels that a user subscribes to, latest first.
#[utoipa::path(
    tag = "subscriptions",
    params(ListQuery),
    responses((status = 200, body = Envelope<Vec<SubscribedChannelView>>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("/u/{subscriberId}")]
pub(crate) async fn channels(
    state: State,
    _: MaybeActor,
    PathId(subscriber): PathId<User>,
    query: ListQuery,
    request: HttpRequest,
) -> Answer {
    let page = state.application.subscriptions.channels(subscriber, &query.into()).await?;
    let page = page.map(|card| SubscribedChannelView::new(&card, &state));
    array(page, &request, "Subscribed channels fetched successfully")
}
