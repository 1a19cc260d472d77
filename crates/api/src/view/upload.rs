//! Films that browsers send by themselves: what they are told to send, and what is said when one arrived here.

use std::collections::BTreeMap;

use aviary_domain::media::Rendition;
use aviary_domain::media::direct::{Receipt, StoredFilm, UploadTicket};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// How a browser sends a film by itself: one POST of a multipart form with the fields, and then the film in a field
/// `file`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DirectUploadView {
    /// Where it is sent.
    upload_url: String,
    /// All fields but the film, as they have to be sent.
    fields: BTreeMap<String, String>,
    /// Until when it is taken, RFC 3339.
    expires_at: String,
    /// The largest film that is taken, in bytes.
    max_bytes: u64,
}

impl DirectUploadView {
    /// Shows a ticket.
    pub(crate) fn new(ticket: UploadTicket, max_bytes: u64) -> Self {
        Self {
            upload_url: ticket.url,
            fields: ticket.fields.into_iter().collect(),
            expires_at: ticket.expires_at.to_string(),
            max_bytes,
        }
    }
}

/// A film that arrived, in the words of Cloudinary, so that a page needs one way of sending films for both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SentFilmView {
    /// The film's name.
    public_id: String,
    /// Its version.
    version: u64,
    /// The server's signature over both.
    signature: String,
    /// Always `video`.
    #[schema(example = "video")]
    resource_type: &'static str,
    /// Always `upload`.
    #[serde(rename = "type")]
    #[schema(example = "upload")]
    kind: &'static str,
    /// The ending of its name.
    #[schema(example = "mp4")]
    format: &'static str,
    /// Its size in bytes.
    bytes: u64,
    /// Width of a frame in pixels; 0 where unknown.
    width: u32,
    /// Height of a frame in pixels; 0 where unknown.
    height: u32,
    /// Length in seconds.
    duration: f64,
    /// Where it is fetched once it is published.
    secure_url: String,
}

impl SentFilmView {
    /// Shows a film with its receipt.
    pub(crate) fn new(receipt: Receipt, film: &StoredFilm, state: &AppState) -> Self {
        Self {
            public_id: receipt.public_id,
            version: receipt.version,
            signature: receipt.signature,
            resource_type: "video",
            kind: "upload",
            format: film.key.format().map(aviary_domain::file::FileFormat::extension).unwrap_or_default(),
            bytes: film.bytes,
            width: film.facts.width,
            height: film.facts.height,
            duration: film.facts.duration,
            secure_url: state.media.url(&film.key, Rendition::Film, None),
        }
    }
}
