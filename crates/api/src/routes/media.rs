//! Stored files under `/media/`, with ranges. Files never change under their name, but who may fetch them does: what not
//! everybody may see is fetched by a signed link, and caches ask again every few minutes. Nothing in a file is ever run.
//!
//! `actix_files::NamedFile` is not used: its validators are inode and time, which say nothing on another machine, it
//! answers several ranges with the first one, and its refusals have no body.

mod condition;
mod range;
mod send;

use actix_web::{HttpRequest, get};
use aviary_domain::file::FileKey;
use aviary_infra::media::LinkCheck;

use super::State;
use crate::envelope::Answer;
use crate::error::{ApiError, Code};
use crate::extract::Query;
use send::{Caching, Served};

/// Fetches a stored file, whole or a part of it. What not everybody may see is fetched by the links that its owner is
/// given, which work for some hours.
#[utoipa::path(
    tag = "media",
    params(
        ("folder" = String, Path, description = "`images` or `videos`"),
        ("name" = String, Path, description = "The name that the server gave the file"),
        ("expires" = Option<String>, Query, description = "Until when a signed link works"),
        ("signature" = Option<String>, Query, description = "The signature of such a link"),
        ("Range" = Option<String>, Header, description = "One range of bytes; several are answered with the whole file"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", content_type = "application/octet-stream"),
        (status = 304, description = "The file that the client has"),
    )
)]
#[get("/media/{folder}/{name}")]
pub(crate) async fn fetch(state: State, request: HttpRequest, query: Query) -> Answer {
    let path = request.match_info();
    let key = FileKey::parse(&format!("{}/{}", path.query("folder"), path.query("name"))).map_err(|_| absent())?;
    let file = match state.local.path(&key) {
        Some(path) => Served::open(path, &key).await?.ok_or_else(absent)?,
        None => return Err(absent()),
    };
    let caching = admit(&state, &key, &query).await?;
    file.cached(caching).answer(&request)
}

fn absent() -> ApiError {
    ApiError::new(Code::FileNotFound, "File not found")
}

/// Who has a link that is signed may fetch the file; everybody else, if it is not hidden. Of a hidden one they learn as
/// little as of an absent one.
async fn admit(state: &State, key: &FileKey, query: &Query) -> Result<Caching, ApiError> {
    let link = match (query.text("expires"), query.text("signature")) {
        (Some(expires), Some(signature)) => state.local.check_link(key, &expires, &signature, state.clock.now()),
        _ => LinkCheck::Forged,
    };
    if link == LinkCheck::Valid {
        return Ok(Caching::Never);
    }
    match state.application.videos.is_hidden_file(key).await? {
        false => Ok(Caching::Shared),
        true if link == LinkCheck::Expired => {
            Err(ApiError::new(Code::LinkExpired, "The time of this link is over; ask for a new one"))
        }
        true => Err(absent()),
    }
}
