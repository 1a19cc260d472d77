//! Reading `multipart/form-data` part by part.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::{HttpMessage, HttpRequest};
use aviary_application::Uploads;
use aviary_domain::media::{Intake, MediaError, Upload};
use bytes::BytesMut;
use futures_util::StreamExt;

use super::{FileField, Form};
use crate::error::{ApiError, Code};
use crate::extract::{Fields, PatientPayload, announced, has_key, payload_failure};

/// The most bytes of one text part.
const TEXT_LIMIT: usize = 64 * 1024;
/// The most text parts.
const TEXT_PARTS: usize = 32;
/// The most parts of any kind: the files of a form are few, and empty ones must not go on for ever.
const PARTS: usize = 64;
/// The most bytes of all text parts together, with room for the headers of all parts.
const TEXT_TOTAL: usize = 512 * 1024;

/// Receives a form with these files.
pub(super) async fn multipart(
    request: &HttpRequest,
    payload: PatientPayload,
    files: &[FileField],
    uploads: &Uploads,
) -> Result<Form, ApiError> {
    require_multipart(request)?;
    refuse_announced_excess(request, files, uploads)?;
    let mut parts = Multipart::new(request.headers(), payload);
    let mut reader = Reader {
        files,
        uploads,
        keyed: has_key(request),
        form: Form::default(),
        texts: vec![],
        text_bytes: 0,
        parts: 0,
    };
    while let Some(part) = parts.next().await {
        reader.take(part.map_err(|error| failure(&error))?).await?;
    }
    Ok(reader.finish())
}

/// Refuses every other kind of body.
pub(super) fn require_multipart(request: &HttpRequest) -> Result<(), ApiError> {
    if request.content_type().trim().eq_ignore_ascii_case("multipart/form-data") {
        return Ok(());
    }
    Err(ApiError::new(Code::UnsupportedMediaType, "The body must be multipart/form-data"))
}

/// A body that says it is larger than everything this form can hold is refused before it is sent.
fn refuse_announced_excess(request: &HttpRequest, files: &[FileField], uploads: &Uploads) -> Result<(), ApiError> {
    let text = u64::try_from(TEXT_TOTAL).unwrap_or(u64::MAX);
    let most = files.iter().map(|file| uploads.limit(file.kind)).fold(text, u64::saturating_add);
    if announced(request).is_none_or(|length| length <= most) {
        return Ok(());
    }
    // Of several files the one is to blame for which a quota leaves less room than there is for its kind.
    let to_blame = match files {
        [file] => Some(file),
        several => several.iter().find(|file| uploads.is_narrowed(file.kind)),
    };
    Err(match to_blame {
        Some(file) => {
            uploads.refusal(file.kind, file.name, MediaError::TooLarge { limit: uploads.limit(file.kind) }).into()
        }
        None => ApiError::new(Code::FileTooLarge, format!("The form is larger than the {most} bytes that it may have")),
    })
}

struct Reader<'a> {
    files: &'a [FileField],
    uploads: &'a Uploads,
    /// Whether the request may be sent again, so that its files have to be known again.
    keyed: bool,
    form: Form,
    texts: Vec<(String, String)>,
    text_bytes: usize,
    parts: usize,
}

impl Reader<'_> {
    async fn take(&mut self, part: Field) -> Result<(), ApiError> {
        self.parts += 1;
        if self.parts > PARTS {
            return Err(ApiError::new(Code::BodyTooLarge, format!("The form has more than {PARTS} parts")));
        }
        let name = part.name().unwrap_or_default().to_owned();
        // Browsers send a file input that was left empty as a part with an empty file name.
        let file_name = part.content_disposition().and_then(|disposition| disposition.get_filename());
        let is_file = file_name.is_some_and(|file_name| !file_name.is_empty());
        match self.files.iter().find(|file| file.name == name || file.aliases.contains(&name.as_str())) {
            Some(file) if file_name.is_some() => self.take_file(*file, part).await,
            None if is_file => {
                let refused = ApiError::new(Code::ValidationFailed, format!("{name} is not a file of this form"));
                Err(refused.with_field(name, "is not a file of this form"))
            }
            _ => self.take_text(name, part).await,
        }
    }

    async fn take_file(&mut self, file: FileField, part: Field) -> Result<(), ApiError> {
        if self.form.files.contains_key(file.name) {
            let refused = ApiError::new(Code::ValidationFailed, format!("{} takes one file", file.name));
            return Err(refused.with_field(file.name, "takes one file"));
        }
        if let Some(upload) = receive(file, part, self.uploads, self.keyed).await? {
            self.form.files.insert(file.name, upload);
        }
        Ok(())
    }

    async fn take_text(&mut self, name: String, mut part: Field) -> Result<(), ApiError> {
        if self.texts.len() >= TEXT_PARTS {
            return Err(ApiError::new(Code::BodyTooLarge, format!("The form has more than {TEXT_PARTS} text fields")));
        }
        let text = text(&name, &mut part, TEXT_TOTAL - self.text_bytes).await?;
        self.text_bytes += text.len();
        self.texts.push((name, text));
        Ok(())
    }

    fn finish(self) -> Form {
        Form { fields: self.texts.into_iter().collect::<Fields>(), ..self.form }
    }
}

/// Reads one text part, of at most `room` bytes.
pub(super) async fn text(name: &str, part: &mut Field, room: usize) -> Result<String, ApiError> {
    let limit = room.min(TEXT_LIMIT);
    let mut bytes = BytesMut::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| failure(&error))?;
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::new(Code::BodyTooLarge, format!("{name} is larger than {limit} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        ApiError::new(Code::MalformedBody, format!("{name} must be in UTF-8"))
            .with_field(name.to_owned(), "must be in UTF-8")
    })
}

/// Streams one file into the media store; an empty one counts as left out.
async fn receive(
    file: FileField,
    mut part: Field,
    uploads: &Uploads,
    keyed: bool,
) -> Result<Option<Box<dyn Upload>>, ApiError> {
    let refused = |error| ApiError::from(uploads.refusal(file.kind, file.name, error));
    let mut intake = None;
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| failure(&error))?;
        if chunk.is_empty() {
            continue;
        }
        let place = match &mut intake {
            Some(place) => place,
            None => intake.insert(open(file, uploads, keyed).await.map_err(refused)?),
        };
        place.write(&chunk).await.map_err(refused)?;
    }
    match intake {
        Some(intake) => Ok(Some(intake.finish().await.map_err(refused)?)),
        None => Ok(None),
    }
}

/// A place for a file; that of a request with a key has to be known again.
async fn open(file: FileField, uploads: &Uploads, keyed: bool) -> Result<Box<dyn Intake>, MediaError> {
    let mut place = uploads.receive(file.kind).await?;
    if keyed {
        place.ask_digest();
    }
    Ok(place)
}

/// How a form that cannot be read is told. Every kind that is not named here is a form that breaks RFC 7578.
pub(super) fn failure(error: &MultipartError) -> ApiError {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => {
            ApiError::new(Code::MalformedBody, "The headers of a part are too long, or a boundary never comes")
        }
        MultipartError::Payload(error) => payload_failure(error),
        MultipartError::BoundaryMissing => {
            ApiError::new(Code::MalformedBody, "The multipart boundary is missing or never stands in the body")
        }
        MultipartError::ContentTypeParse => ApiError::new(Code::MalformedBody, "The content type cannot be read"),
        _ => ApiError::new(Code::MalformedBody, "The multipart form is broken or ends early"),
    }
}
