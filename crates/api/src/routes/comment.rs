//! Comments over HTTP.

use actix_web::{delete, get, patch, post};
use aviary_domain::comment::Comment;
use aviary_domain::video::Video;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::creation;
use crate::envelope::{Answer, Envelope, Nothing, ok};
use crate::error::Failure;
use crate::extract::{Actor, Body, Fields, Input, KeyHeader, ListQuery, MaybeActor, MaybeKey, PathId};
use crate::paging::PageView;
use crate::view::CommentView;

/// Mounts the routes under `/comments`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(create).service(edit).service(delete);
}

/// What a comment says.
#[derive(ToSchema)]
pub(crate) struct CommentInput {
    /// 1 to 5,000 characters.
    #[schema(required = true, nullable = false, example = "At 0:42 you can see the nest.")]
    content: Option<String>,
}

impl Input for CommentInput {
    fn take(fields: &mut Fields) -> Self {
        Self { content: fields.text("content") }
    }
}

/// Lists a video's comments, newest first.
#[utoipa::path(
    tag = "comments",
    params(ListQuery),
    responses((status = 200, body = Envelope<PageView<CommentView>>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("/{videoId}")]
pub(crate) async fn list(
    state: State,
    MaybeActor(viewer): MaybeActor,
    PathId(video): PathId<Video>,
    query: ListQuery,
) -> Answer {
    let part = query.into();
    let page = state.application.comments.list(video, viewer, &part).await?;
    let page = page.map(|card| CommentView::new(card, &state));
    Ok(ok(PageView::new(page, &part), "Comments fetched successfully"))
}

/// Comments on a video.
#[utoipa::path(
    tag = "comments",
    request_body = CommentInput,
    params(KeyHeader),
    responses(
        (status = 201, body = Envelope<CommentView>),
        (status = 422, body = Failure, description = "The key was used for another request"),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/{videoId}")]
pub(crate) async fn create(
    state: State,
    Actor(actor): Actor,
    PathId(video): PathId<Video>,
    MaybeKey(key): MaybeKey,
    body: Body<CommentInput>,
) -> Answer {
    let input = body.read().await?;
    let creation = state.application.comments.create(actor, video, input.content.as_deref(), key.as_ref()).await?;
    creation::answer(creation, |card| CommentView::new(card, &state), "Comment added successfully", &state).await
}

/// Changes what one's own comment says.
#[utoipa::path(
    tag = "comments",
    request_body = CommentInput,
    responses((status = 200, body = Envelope<CommentView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/c/{commentId}")]
pub(crate) async fn edit(
    state: State,
    Actor(actor): Actor,
    PathId(comment): PathId<Comment>,
    body: Body<CommentInput>,
) -> Answer {
    let input = body.read().await?;
    let card = state.application.comments.edit(actor, comment, input.content.as_deref()).await?;
    Ok(ok(CommentView::new(card, &state), "Comment updated successfully"))
}

/// Deletes one's own comment, or one on one's own video.
#[utoipa::path(
    tag = "comments",
    responses((status = 200, body = Envelope<Nothing>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/c/{commentId}")]
pub(crate) async fn delete(state: State, Actor(actor): Actor, PathId(comment): PathId<Comment>) -> Answer {
    state.application.comments.delete(actor, comment).await?;
    Ok(ok(Nothing {}, "Comment deleted successfully"))
}
