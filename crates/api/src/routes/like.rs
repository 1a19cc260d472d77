//! Likes over HTTP. Videos, comments and tweets each have their three routes; what they share is at the end.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use aviary_application::LikeInput;
use aviary_domain::comment::Comment;
use aviary_domain::like::{LikeState, LikeTarget};
use aviary_domain::tweet::Tweet;
use aviary_domain::video::Video;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::envelope::{Answer, Envelope, ok};
use crate::extract::{Actor, Body, Fields, Input, ListQuery, PathId};
use crate::paging::array;
use crate::view::{LikeStateView, LikedVideoView};

/// Mounts the routes under `/likes`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(toggle_video).service(put_video).service(remove_video);
    config.service(toggle_comment).service(put_comment).service(remove_comment);
    config.service(toggle_tweet).service(put_tweet).service(remove_tweet);
    config.service(videos);
}

/// What may be said with a like; nothing has to be.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct LikeNoteInput {
    /// A note, up to 500 characters.
    description: Option<String>,
    /// The id of the user who led here.
    inviter_id: Option<String>,
}

impl Input for LikeNoteInput {
    fn take(fields: &mut Fields) -> Self {
        Self { description: fields.text("description"), inviter_id: fields.text("inviterId") }
    }
}

/// Likes a video that one does not like and the other way round.
#[utoipa::path(
    tag = "likes",
    request_body = Option<LikeNoteInput>,
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/toggle/v/{videoId}")]
pub(crate) async fn toggle_video(
    state: State,
    actor: Actor,
    PathId(video): PathId<Video>,
    body: Body<LikeNoteInput>,
) -> Answer {
    toggle(&state, actor, LikeTarget::Video(video), body).await
}

/// Likes a video; doing it twice changes nothing.
#[utoipa::path(
    tag = "likes",
    request_body = Option<LikeNoteInput>,
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[put("/v/{videoId}")]
pub(crate) async fn put_video(
    state: State,
    actor: Actor,
    PathId(video): PathId<Video>,
    body: Body<LikeNoteInput>,
) -> Answer {
    put(&state, actor, LikeTarget::Video(video), body).await
}

/// Takes the like of a video back; doing it twice changes nothing.
#[utoipa::path(
    tag = "likes",
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/v/{videoId}")]
pub(crate) async fn remove_video(state: State, actor: Actor, PathId(video): PathId<Video>) -> Answer {
    remove(&state, actor, LikeTarget::Video(video)).await
}

/// Likes a comment that one does not like and the other way round.
#[utoipa::path(
    tag = "likes",
    request_body = Option<LikeNoteInput>,
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/toggle/c/{commentId}")]
pub(crate) async fn toggle_comment(
    state: State,
    actor: Actor,
    PathId(comment): PathId<Comment>,
    body: Body<LikeNoteInput>,
) -> Answer {
    toggle(&state, actor, LikeTarget::Comment(comment), body).await
}

/// Likes a comment; doing it twice changes nothing.
#[utoipa::path(
    tag = "likes",
    request_body = Option<LikeNoteInput>,
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[put("/c/{commentId}")]
pub(crate) async fn put_comment(
    state: State,
    actor: Actor,
    PathId(comment): PathId<Comment>,
    body: Body<LikeNoteInput>,
) -> Answer {
    put(&state, actor, LikeTarget::Comment(comment), body).await
}

/// Takes the like of a comment back; doing it twice changes nothing.
#[utoipa::path(
    tag = "likes",
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/c/{commentId}")]
pub(crate) async fn remove_comment(state: State, actor: Actor, PathId(comment): PathId<Comment>) -> Answer {
    remove(&state, actor, LikeTarget::Comment(comment)).await
}

/// Likes a tweet that one does not like and the other way round.
#[utoipa::path(
    tag = "likes",
    request_body = Option<LikeNoteInput>,
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/toggle/t/{tweetId}")]
pub(crate) async fn toggle_tweet(
    state: State,
    actor: Actor,
    PathId(tweet): PathId<Tweet>,
    body: Body<LikeNoteInput>,
) -> Answer {
    toggle(&state, actor, LikeTarget::Tweet(tweet), body).await
}

/// Likes a tweet; doing it twice changes nothing.
#[utoipa::path(
    tag = "likes",
    request_body = Option<LikeNoteInput>,
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[put("/t/{tweetId}")]
pub(crate) async fn put_tweet(
    state: State,
    actor: Actor,
    PathId(tweet): PathId<Tweet>,
    body: Body<LikeNoteInput>,
) -> Answer {
    put(&state, actor, LikeTarget::Tweet(tweet), body).await
}

/// Takes the like of a tweet back; doing it twice changes nothing.
#[utoipa::path(
    tag = "likes",
    responses((status = 200, body = Envelope<LikeStateView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/t/{tweetId}")]
pub(crate) async fn remove_tweet(state: State, actor: Actor, PathId(tweet): PathId<Tweet>) -> Answer {
    remove(&state, actor, LikeTarget::Tweet(tweet)).await
}

/// Lists the videos that one likes, latest like first.
#[utoipa::path(
    tag = "likes",
    params(ListQuery),
    responses((status = 200, body = Envelope<Vec<LikedVideoView>>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[get("/videos")]
pub(crate) async fn videos(state: State, Actor(actor): Actor, query: ListQuery, request: HttpRequest) -> Answer {
    let page = state.application.likes.liked_videos(actor, &query.into()).await?;
    array(page.map(|liked| LikedVideoView::new(liked, &state)), &request, "Liked videos fetched successfully")
}

async fn toggle(state: &State, Actor(actor): Actor, target: LikeTarget, body: Body<LikeNoteInput>) -> Answer {
    let input = body.read().await?.into();
    Ok(show(state.application.likes.toggle(actor, target, &input).await?))
}

async fn put(state: &State, Actor(actor): Actor, target: LikeTarget, body: Body<LikeNoteInput>) -> Answer {
    let input = body.read().await?.into();
    Ok(show(state.application.likes.put(actor, target, &input).await?))
}

async fn remove(state: &State, Actor(actor): Actor, target: LikeTarget) -> Answer {
    Ok(show(state.application.likes.remove(actor, target).await?))
}

fn show(state: LikeState) -> HttpResponse {
    let message = if state.is_liked { "Liked successfully" } else { "Like removed successfully" };
    ok(LikeStateView::from(state), message)
}

impl From<LikeNoteInput> for LikeInput {
    fn from(input: LikeNoteInput) -> Self {
        Self { description: input.description, inviter_id: input.inviter_id }
    }
}
