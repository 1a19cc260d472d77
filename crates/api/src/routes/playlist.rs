//! Playlists over HTTP.

use actix_web::{HttpRequest, delete, get, patch, post};
use aviary_application::PlaylistInput;
use aviary_domain::playlist::Playlist;
use aviary_domain::user::User;
use aviary_domain::video::Video;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::creation;
use crate::envelope::{Answer, Envelope, Nothing, ok};
use crate::error::Failure;
use crate::extract::{Actor, Body, Fields, Input, KeyHeader, ListQuery, MaybeActor, MaybeKey, PathId, PathIds};
use crate::paging::{array, continued};
use crate::view::PlaylistView;

/// Mounts the routes under `/playlist`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create).service(list_by).service(add_video).service(remove_video);
    config.service(show).service(edit).service(delete);
}

/// A new playlist.
#[derive(ToSchema)]
pub(crate) struct NewPlaylistInput {
    /// 1 to 150 characters.
    #[schema(required = true, nullable = false, example = "Dawn chorus")]
    name: Option<String>,
    /// Up to 5,000 characters.
    description: Option<String>,
}

impl Input for NewPlaylistInput {
    fn take(fields: &mut Fields) -> Self {
        Self { name: fields.text("name"), description: fields.text("description") }
    }
}

/// What changes of a playlist: at least one of these.
#[derive(ToSchema)]
pub(crate) struct PlaylistEditInput {
    /// 1 to 150 characters.
    name: Option<String>,
    /// Up to 5,000 characters.
    description: Option<String>,
}

impl Input for PlaylistEditInput {
    fn take(fields: &mut Fields) -> Self {
        Self { name: fields.text("name"), description: fields.text("description") }
    }
}

/// Makes an empty playlist.
#[utoipa::path(
    tag = "playlists",
    request_body = NewPlaylistInput,
    params(KeyHeader),
    responses(
        (status = 201, body = Envelope<PlaylistView>),
        (status = 422, body = Failure, description = "The key was used for another request"),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("")]
pub(crate) async fn create(
    state: State,
    Actor(actor): Actor,
    MaybeKey(key): MaybeKey,
    body: Body<NewPlaylistInput>,
) -> Answer {
    let input = body.read().await?;
    let input = PlaylistInput { name: input.name, description: input.description };
    let creation = state.application.playlists.create(actor, &input, key.as_ref()).await?;
    creation::answer(creation, |card| PlaylistView::new(card, &state), "Playlist created successfully", &state).await
}

/// Lists a user's playlists, newest first, each with its first hundred videos.
#[utoipa::path(
    tag = "playlists",
    params(ListQuery),
    responses((status = 200, body = Envelope<Vec<PlaylistView>>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("/user/{userId}")]
pub(crate) async fn list_by(
    state: State,
    MaybeActor(viewer): MaybeActor,
    PathId(owner): PathId<User>,
    query: ListQuery,
    request: HttpRequest,
) -> Answer {
    let page = state.application.playlists.list_by(owner, viewer, &query.into()).await?;
    array(page.map(|card| PlaylistView::new(card, &state)), &request, "Playlists fetched successfully")
}

/// Puts a video at the end of one's own playlist; one that is in it keeps its place.
#[utoipa::path(
    tag = "playlists",
    responses((status = 200, body = Envelope<PlaylistView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/add/{videoId}/{playlistId}")]
pub(crate) async fn add_video(
    state: State,
    Actor(actor): Actor,
    PathIds(video, playlist): PathIds<Video, Playlist>,
) -> Answer {
    let card = state.application.playlists.add_video(actor, playlist, video).await?;
    Ok(ok(PlaylistView::new(card, &state), "Video added to playlist successfully"))
}

/// Takes a video out of one's own playlist; one that is not in it is no error.
#[utoipa::path(
    tag = "playlists",
    responses((status = 200, body = Envelope<PlaylistView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/remove/{videoId}/{playlistId}")]
pub(crate) async fn remove_video(
    state: State,
    Actor(actor): Actor,
    PathIds(video, playlist): PathIds<Video, Playlist>,
) -> Answer {
    let card = state.application.playlists.remove_video(actor, playlist, video).await?;
    Ok(ok(PlaylistView::new(card, &state), "Video removed from playlist successfully"))
}

/// Shows a playlist with a part of its videos, in the order of adding.
#[utoipa::path(
    tag = "playlists",
    params(ListQuery),
    responses((status = 200, body = Envelope<PlaylistView>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("/{playlistId}")]
pub(crate) async fn show(
    state: State,
    MaybeActor(viewer): MaybeActor,
    PathId(playlist): PathId<Playlist>,
    query: ListQuery,
    request: HttpRequest,
) -> Answer {
    let mut card = state.application.playlists.show(playlist, viewer, &query.into()).await?;
    let next = card.videos.next.take();
    continued(ok(PlaylistView::new(card, &state), "Playlist fetched successfully"), next, &request)
}

/// Changes the name or description of one's own playlist.
#[utoipa::path(
    tag = "playlists",
    request_body = PlaylistEditInput,
    responses((status = 200, body = Envelope<PlaylistView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/{playlistId}")]
pub(crate) async fn edit(
    state: State,
    Actor(actor): Actor,
    PathId(playlist): PathId<Playlist>,
    body: Body<PlaylistEditInput>,
) -> Answer {
    let input = body.read().await?;
    let input = PlaylistInput { name: input.name, description: input.description };
    let card = state.application.playlists.edit(actor, playlist, &input).await?;
    Ok(ok(PlaylistView::new(card, &state), "Playlist updated successfully"))
}

/// Deletes one's own playlist; its videos stay.
#[utoipa::path(
    tag = "playlists",
    responses((status = 200, body = Envelope<Nothing>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/{playlistId}")]
pub(crate) async fn delete(state: State, Actor(actor): Actor, PathId(playlist): PathId<Playlist>) -> Answer {
    state.application.playlists.delete(actor, playlist).await?;
    Ok(ok(Nothing {}, "Playlist deleted successfully"))
}
