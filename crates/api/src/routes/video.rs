//! Videos over HTTP.

use actix_web::{delete, get, patch, post};
use aviary_application::{Publication, ReceiptInput, VideoEdit, VideoList};
use aviary_domain::media::Upload;
use aviary_domain::video::{Video, Viewer};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::client::Client;
use crate::creation;
use crate::envelope::{Answer, Envelope, Nothing, ok};
use crate::error::Failure;
use crate::extract::{Actor, Fields, Input, KeyHeader, ListQuery, MaybeActor, MaybeKey, PathId, Query};
use crate::multipart::{FormBody, THUMBNAIL, VIDEO_FILE};
use crate::paging::PageView;
use crate::view::{VideoDetailView, VideoView};

/// Mounts the routes under `/videos`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list).service(publish).service(toggle_published);
    config.service(watch).service(edit).service(delete).service(reprocess);
}

/// A new video.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct PublicationInput {
    /// 1 to 200 characters.
    #[schema(required = true, nullable = false, example = "A wren builds its nest")]
    title: Option<String>,
    /// Up to 5,000 characters.
    description: Option<String>,
    /// The film: MP4, MOV, WebM or MKV. Left out when it was sent with a ticket of `POST /videos/direct-upload`.
    #[schema(value_type = Option<String>, format = Binary)]
    video_file: Option<Box<dyn Upload>>,
    /// The still: JPEG, PNG, WebP or GIF. Taken from the film when left out.
    #[schema(value_type = Option<String>, format = Binary)]
    thumbnail: Option<Box<dyn Upload>>,
    /// With a film that was sent by itself: the name that its ticket gave it. This and the next two stand here, or together in
    /// an object `upload`.
    #[schema(rename = "public_id")]
    public_id: Option<String>,
    /// Its version, from the answer that it got.
    version: Option<u64>,
    /// The signature over both, from there too.
    signature: Option<String>,
}

impl PublicationInput {
    /// What was sent of the receipt; `None` when nothing was.
    fn receipt(&mut self) -> Option<ReceiptInput> {
        let (public_id, version, signature) = (self.public_id.take(), self.version.take(), self.signature.take());
        let sent = public_id.is_some() || version.is_some() || signature.is_some();
        sent.then_some(ReceiptInput { public_id, version, signature })
    }
}

impl Input for PublicationInput {
    fn take(fields: &mut Fields) -> Self {
        let (title, description) = (fields.text("title"), fields.text("description"));
        fields.unfold("upload");
        Self {
            title,
            description,
            video_file: None,
            thumbnail: None,
            public_id: fields.text("public_id"),
            version: fields.number("version"),
            signature: fields.text("signature"),
        }
    }
}

/// What changes of a video: at least one of these.
#[derive(ToSchema)]
pub(crate) struct VideoEditInput {
    /// 1 to 200 characters.
    title: Option<String>,
    /// Up to 5,000 characters.
    description: Option<String>,
    /// The new still, in a multipart form: JPEG, PNG, WebP or GIF.
    #[schema(value_type = Option<String>, format = Binary)]
    thumbnail: Option<Box<dyn Upload>>,
}

impl Input for VideoEditInput {
    fn take(fields: &mut Fields) -> Self {
        Self { title: fields.text("title"), description: fields.text("description"), thumbnail: None }
    }
}

/// Lists published videos; with one's own id as `userId`, all of one's own.
#[utoipa::path(
    tag = "videos",
    params(
        ListQuery,
        ("query" = Option<String>, Query, description = "Words that the videos match, best match first"),
        ("sortBy" = Option<String>, Query, description = "createdAt (default), views, duration, title or likesCount"),
        ("sortType" = Option<String>, Query, description = "asc or desc (default)"),
        ("userId" = Option<String>, Query, description = "Whose videos"),
    ),
    responses((status = 200, body = Envelope<PageView<VideoView>>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("")]
pub(crate) async fn list(state: State, MaybeActor(viewer): MaybeActor, query: Query) -> Answer {
    let list = VideoList {
        query: query.text("query"),
        sort_by: query.text("sortBy"),
        sort_type: query.text("sortType"),
        user_id: query.text("userId"),
        part: query.list(),
    };
    let page = state.application.videos.list(&list, viewer).await?;
    let page = page.map(|card| VideoView::new(card, &state));
    Ok(ok(PageView::new(page, &list.part), "Videos fetched successfully"))
}

/// Publishes a video: with its film, or with the receipt of a film that was sent by itself.
///
/// Others see it once its `status` is `ready`, which it is at once where the server keeps the films itself.
#[utoipa::path(
    tag = "videos",
    request_body(content(
        (PublicationInput = "multipart/form-data"),
        (PublicationInput = "application/json"),
    )),
    params(KeyHeader),
    responses(
        (status = 201, body = Envelope<VideoView>),
        (status = 404, body = Failure, description = "No film has arrived with the receipt, or it was removed"),
        (status = 413, body = Failure, description = "A file is too large, or does not fit into the caller's quota"),
        (status = 422, body = Failure, description = "A file cannot be read, or the key was used for another request"),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("")]
pub(crate) async fn publish(state: State, Actor(actor): Actor, MaybeKey(key): MaybeKey, body: FormBody) -> Answer {
    let uploads = state.application.uploads.within_quota(actor, key.as_ref()).await?;
    let mut form = body.within(uploads).receive_any(&[VIDEO_FILE, THUMBNAIL]).await?;
    let (video_file, thumbnail) = (form.file(VIDEO_FILE), form.file(THUMBNAIL));
    let mut input = PublicationInput { video_file, thumbnail, ..form.read()? };
    let publication = Publication {
        upload: input.receipt(),
        title: input.title,
        description: input.description,
        video_file: input.video_file,
        thumbnail: input.thumbnail,
    };
    let creation = state.application.videos.publish(actor, publication, key.as_ref()).await?;
    creation::answer(creation, |card| VideoView::new(card, &state), "Video published successfully", &state).await
}

/// Publishes one's own unpublished video and the other way round.
#[utoipa::path(
    tag = "videos",
    responses((status = 200, body = Envelope<VideoView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/toggle/publish/{videoId}")]
pub(crate) async fn toggle_published(state: State, Actor(actor): Actor, PathId(video): PathId<Video>) -> Answer {
    let card = state.application.videos.toggle_published(actor, video).await?;
    let published = card.video.is_published;
    let message = if published { "Video published successfully" } else { "Video unpublished successfully" };
    Ok(ok(VideoView::new(card, &state), message))
}

/// Has the media store work again on one's own video that has failed.
#[utoipa::path(
    tag = "videos",
    responses(
        (status = 200, body = Envelope<VideoView>),
        (status = 409, body = Failure, description = "The video has not failed"),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/{videoId}/reprocess")]
pub(crate) async fn reprocess(state: State, Actor(actor): Actor, PathId(video): PathId<Video>) -> Answer {
    let card = state.application.videos.reprocess(actor, video).await?;
    Ok(ok(VideoView::new(card, &state), "Video is processed again"))
}

/// Opens a video's page: counts a view, and enters it in a signed-in caller's history.
#[utoipa::path(
    tag = "videos",
    responses((status = 200, body = Envelope<VideoDetailView>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("/{videoId}")]
pub(crate) async fn watch(
    state: State,
    MaybeActor(viewer): MaybeActor,
    PathId(video): PathId<Video>,
    client: Client,
) -> Answer {
    let viewer = match viewer {
        Some(actor) => Viewer::User(actor.user),
        None => Viewer::Guest(state.entropy.guest_key(client.address, &client.user_agent)),
    };
    let detail = state.application.videos.watch(video, viewer).await?;
    Ok(ok(VideoDetailView::new(detail, &state), "Video fetched successfully"))
}

/// Changes title, description or still of one's own video.
#[utoipa::path(
    tag = "videos",
    request_body(content(
        (VideoEditInput = "multipart/form-data"),
        (VideoEditInput = "application/json"),
    )),
    responses((status = 200, body = Envelope<VideoView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/{videoId}")]
pub(crate) async fn edit(state: State, Actor(actor): Actor, PathId(video): PathId<Video>, body: FormBody) -> Answer {
    let mut form = body.receive_any(&[THUMBNAIL]).await?;
    let thumbnail = form.file(THUMBNAIL);
    let input = VideoEditInput { thumbnail, ..form.read()? };
    let edit = VideoEdit { title: input.title, description: input.description, thumbnail: input.thumbnail };
    let card = state.application.videos.edit(actor, video, edit).await?;
    Ok(ok(VideoView::new(card, &state), "Video updated successfully"))
}

/// Deletes one's own video with all that hangs on it.
#[utoipa::path(
    tag = "videos",
    responses((status = 200, body = Envelope<Nothing>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[delete("/{videoId}")]
pub(crate) async fn delete(state: State, Actor(actor): Actor, PathId(video): PathId<Video>) -> Answer {
    state.application.videos.delete(actor, video).await?;
    Ok(ok(Nothing {}, "Video deleted successfully"))
}
