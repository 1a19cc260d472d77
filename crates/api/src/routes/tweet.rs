//! Tweets over HTTP.

use actix_web::{HttpRequest, delete, get, patch, post};
use aviary_domain::tweet::Tweet;
use aviary_domain::user::User;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::creation;
use crate::envelope::{Answer, Envelope, Nothing, ok};
use crate::error::Failure;
use crate::extract::{Actor, Body, Fields, Input, KeyHeader, ListQuery, MaybeActor, MaybeKey, PathId};
use crate::paging::{PageView, array};
use crate::view::TweetView;

/// Mounts the routes under `/tweets`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create).service(list).service(list_own).service(list_by).service(edit).service(delete);
}

/// What a tweet says.
#[derive(ToSchema)]
pub(crate) struct TweetInput {
    /// 1 to 1,000 characters.
    #[schema(required = true, nullable = false, example = "The weather is here, wish you were nice.")]
    content: Option<String>,
}

impl Input for TweetInput {
    fn take(fields: &mut Fields) -> Self {
        Self { content: fields.text("content") }
    }
}

/// Writes a tweet.
#[utoipa::path(
    tag = "tweets",
    request_body = TweetInput,
    params(KeyHeader),
    responses(
        (status = 201, body = Envelope<TweetView>),
        (status = 422, body = Failure, description = "The key was used for another request"),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("")]
pub(crate) async fn create(
    state: State,
    Actor(actor): Actor,
    MaybeKey(key): MaybeKey,
    body: Body<TweetInput>,
) -> Answer {
    let input = body.read().await?;
    let creation = state.application.tweets.create(actor, input.content.as_deref(), key.as_ref()).await?;
    creation::answer(creation, |card| TweetView::new(&card, &state), "Tweet created successfully", &state).await
}

/// Lists everybody's tweets, newest first.
#[utoipa::path(
    tag = "tweets",
    params(ListQuery),
    responses((status = 200, body = Envelope<PageView<TweetView>>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("")]
pub(crate) async fn list(state: State, MaybeActor(viewer): MaybeActor, query: ListQuery) -> Answer {
    let part = query.into();
    let page = state.application.tweets.list(viewer, &part).await?;
    let page = page.map(|card| TweetView::new(&card, &state));
    Ok(ok(PageView::new(page, &part), "Tweets fetched successfully"))
}

/// Lists one's own tweets, newest first; older clients use it.
#[utoipa::path(
    tag = "tweets",
    params(ListQuery),
    responses((status = 200, body = Envelope<Vec<TweetView>>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[get("/user")]
pub(crate) async fn list_own(state: State, Actor(actor): Actor, query: ListQuery, request: HttpRequest) -> Answer {
    let page = state.application.tweets.list_by(actor.user, Some(actor), &query.into()).await?;
    array(page.map(|card| TweetView::new(&card, &state)), &request, "Tweets fetched successfully")
}

/// Lists a user's tweets, newest first.
#[utoipa::path(
    tag = "tweets",
    params(ListQuery),
    responses((status = 200, body = Envelope<Vec<TweetView>>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("/user/{userId}")]
pub(crate) async fn list_by(
    state: State,
    MaybeActor(viewer): MaybeActor,
    PathId(user): PathId<User>,
    query: ListQuery,
    request: HttpRequest,
) -> Answer {
    let page = state.application.tweets.list_by(user, viewer, &query.into()).await?;
    array(page.map(|card| TweetView::new(&card, &state)), &request, "Tweets fetched successfully")
}

/// Changes what one's own tweet says.
#[utoipa::path(
    tag = "tweets",
    request_body = TweetInput,
    responses((status = 200, body = Envelope<TweetView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/{tweetId}")]
pub(crate) async fn edit(
    state: State,
    Actor(actor): Actor,
    PathId(tweet): PathId<Tweet>,
    body: Body<TweetInput>,
) -> Answer {
    let input = body.read().await?;
    let card = state.application.tweets.edit(actor, tweet, input.content.as_deref()).await?;
    Ok(ok(TweetView::new(&card, &state), "Tweet updated successfully"))
}

/// Deletes one's own tweet with its likes.
#[utoipa::path(
    tag = "tweets",
    responses((status = 200, body = Envelope<Nothing>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/{tweetId}")]
pub(crate) async fn delete(state: State, Actor(actor): Actor, PathId(tweet): PathId<Tweet>) -> Answer {
    state.application.tweets.delete(actor, tweet).await?;
    Ok(ok(Nothing {}, "Tweet deleted successfully"))
}
