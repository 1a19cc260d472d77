//! The form that a page sends with a ticket: the signed fields first, then the film, because only they say how large it
//! may be.

use std::future::{Ready, ready};

use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use aviary_application::{DirectUploads, Error};
use aviary_domain::file::FileKey;
use aviary_domain::media::Upload;
use aviary_domain::media::direct::Allowance;
use futures_util::StreamExt;

use super::read::{failure, require_multipart, text};
use crate::error::{ApiError, Code};
use crate::extract::{PatientPayload, announced};

/// The field of the film.
const FILE: &str = "file";
/// The most fields before it.
const FIELDS: usize = 16;
/// The most bytes of all of them together.
const ROOM: usize = 16 * 1024;

/// A film that arrived with a ticket.
pub(crate) struct SentFilm {
    /// The name that the ticket gives it.
    pub(crate) name: FileKey,
    /// The film.
    pub(crate) upload: Box<dyn Upload>,
}

/// A form that is yet to be received.
pub(crate) struct DirectBody {
    request: HttpRequest,
    payload: PatientPayload,
}

impl DirectBody {
    /// Receives the fields, and then the film if they are a ticket that is still taken.
    pub(crate) async fn receive(self, uploads: &DirectUploads) -> Result<SentFilm, ApiError> {
        require_multipart(&self.request)?;
        let announced = announced(&self.request);
        let mut parts = Multipart::new(self.request.headers(), self.payload);
        let mut fields = vec![];
        let mut room = ROOM;
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(|error| failure(&error))?;
            let name = part.name().unwrap_or_default().to_owned();
            if name == FILE {
                let allowance = uploads.open(&fields).await?.ok_or_else(unsigned)?;
                // The boundaries and headers of the form have far less than its fields may have.
                if announced
                    .is_some_and(|length| length > allowance.limit.saturating_add(u64::try_from(ROOM).unwrap_or(0)))
                {
                    return Err(Error::TooLarge { field: FILE, limit: allowance.limit }.into());
                }
                let sent = film(uploads, allowance, part).await?;
                return match parts.next().await {
                    None => Ok(sent),
                    Some(Err(error)) => Err(failure(&error)),
                    Some(Ok(_)) => Err(ApiError::new(Code::ValidationFailed, "file must be the last field")
                        .with_field(FILE, "must be the last field")),
                };
            }
            if fields.len() >= FIELDS {
                return Err(ApiError::new(Code::BodyTooLarge, format!("The form has more than {FIELDS} text fields")));
            }
            let value = text(&name, &mut part, room).await?;
            room -= value.len();
            fields.push((name, value));
        }
        let refused = ApiError::new(Code::ValidationFailed, "file is required");
        Err(refused.with_field(FILE, "is required, after the other fields"))
    }
}

impl FromRequest for DirectBody {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: PatientPayload::take(payload) }))
    }
}

fn unsigned() -> ApiError {
    ApiError::unsigned("The fields before the film are not those that were signed, or their time is over")
}

async fn film(uploads: &DirectUploads, allowance: Allowance, mut part: Field) -> Result<SentFilm, ApiError> {
    let Allowance { name, limit } = allowance;
    let refused = |error| ApiError::from(Error::of_file(FILE, error));
    let mut place = uploads.receive(limit).await.map_err(refused)?;
    while let Some(chunk) = part.next().await {
        place.write(&chunk.map_err(|error| failure(&error))?).await.map_err(refused)?;
    }
    let upload = place.finish().await.map_err(refused)?;
    Ok(SentFilm { name, upload })
}
