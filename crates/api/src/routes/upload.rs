//! Films that browsers send to the media store by themselves: the ticket for it, and the place where they arrive when
//! this server is that store.

use actix_web::{HttpResponse, post};
use aviary_application::DirectRequest;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::envelope::{Answer, Envelope, created};
use crate::error::Failure;
use crate::extract::{Actor, Body, Fields, Input};
use crate::multipart::DirectBody;
use crate::view::{DirectUploadView, SentFilmView};

/// Mounts the route under `/videos`; before those that take an id there.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(begin);
}

/// Mounts the route under `/media`.
pub(super) fn media_routes(config: &mut ServiceConfig<'_>) {
    config.service(receive);
}

/// The film that is to be sent: its type, or a name with its ending.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct DirectUploadInput {
    /// `video/mp4`, `video/quicktime`, `video/webm` or `video/matroska`.
    #[schema(example = "video/mp4")]
    content_type: Option<String>,
    /// A name that ends in `.mp4`, `.mov`, `.webm` or `.mkv`.
    #[schema(example = "wren.mp4")]
    file_name: Option<String>,
    /// Its size. Left out, room is kept for the largest film that still fits; given, the film may not have more.
    #[schema(example = 1_048_576)]
    bytes: Option<u64>,
}

impl Input for DirectUploadInput {
    fn take(fields: &mut Fields) -> Self {
        Self {
            content_type: fields.text("contentType"),
            file_name: fields.text("fileName"),
            bytes: fields.number("bytes"),
        }
    }
}

/// What a page sends with a ticket. Beside the film it sends the fields of the ticket, before it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are read by the description alone")]
pub(crate) struct SentFilmInput {
    /// The name that the ticket gives the film.
    public_id: String,
    /// When the ticket was signed.
    timestamp: String,
    /// The largest film that it is good for.
    max_bytes: String,
    /// The server's signature over these.
    signature: String,
    /// The film.
    #[schema(value_type = String, format = Binary)]
    file: String,
}

/// Signs the upload of a film past this API: the page sends it by itself, and then publishes it with the answer.
///
/// The page POSTs a multipart form to `uploadUrl`: every one of `fields`, and then the film as `file`. With `public_id`,
/// `version` and `signature` of what it is answered it goes to `POST /videos`. A film that is not published within some hours
/// is removed.
///
/// Until it is published or removed it takes room: `maxBytes` of it count for the caller's quota, so say how large it is in
/// `bytes`. Ten uploads of a user can be open at a time.
#[utoipa::path(
    tag = "videos",
    request_body = DirectUploadInput,
    responses(
        (status = 201, body = Envelope<DirectUploadView>),
        (status = 413, body = Failure, description = "The film is too large, or does not fit into the caller's quota"),
        (status = 429, body = Failure, description = "Ten uploads of the caller are open"),
    ),
    security(("bearer" = []), ("cookie" = []))
)]
#[post("/direct-upload")]
pub(crate) async fn begin(state: State, Actor(actor): Actor, body: Body<DirectUploadInput>) -> Answer {
    let input = body.read().await?;
    let request = DirectRequest { content_type: input.content_type, file_name: input.file_name, bytes: input.bytes };
    let begun = state.application.direct_uploads.begin(actor, &request).await?;
    Ok(created(DirectUploadView::new(begun.ticket, begun.limit), "Upload signed successfully"))
}

/// Takes a film that a page sends with a ticket, where this server keeps the films itself.
///
/// Answers as Cloudinary does, without the form of other successes.
#[utoipa::path(
    tag = "media",
    request_body(content = SentFilmInput, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = SentFilmView),
        (status = 401, body = Failure, description = "The fields are no ticket, or its time is over"),
        (status = 404, body = Failure, description = "The film is not waited for any more"),
        (status = 422, body = Failure, description = "The film cannot be read, or one was sent with this ticket before"),
    ),
)]
#[post("/direct-upload")]
pub(crate) async fn receive(state: State, body: DirectBody) -> Answer {
    let uploads = &state.application.direct_uploads;
    let sent = body.receive(uploads).await?;
    let accepted = uploads.accept(sent.name, sent.upload).await?;
    Ok(HttpResponse::Ok().json(SentFilmView::new(accepted.receipt, &accepted.film, &state)))
}
