//! Forms with files: text parts into fields, file parts straight into the media store, nothing held in memory.
//!
//! Whatever goes wrong, files received so far vanish with the [`Form`] that was to hold them.

mod direct;
mod read;

use std::collections::HashMap;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use aviary_application::{UploadKind, Uploads};
use aviary_domain::media::Upload;

use crate::error::ApiError;
use crate::extract::{Fields, Input, PatientPayload, is_fields, read_fields};
use crate::state::AppState;

pub(crate) use direct::DirectBody;

/// A file that an endpoint takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileField {
    /// The field's name.
    pub(crate) name: &'static str,
    /// Other names that older clients use.
    pub(crate) aliases: &'static [&'static str],
    /// What kind of file it takes; decides its limit.
    pub(crate) kind: UploadKind,
}

/// A user's face.
pub(crate) const AVATAR: FileField = FileField { name: "avatar", aliases: &[], kind: UploadKind::Image };
/// A user's banner.
pub(crate) const COVER_IMAGE: FileField =
    FileField { name: "coverImage", aliases: &["cover-image", "cover"], kind: UploadKind::Image };
/// A film.
pub(crate) const VIDEO_FILE: FileField = FileField { name: "videoFile", aliases: &[], kind: UploadKind::Video };
/// A video's still.
pub(crate) const THUMBNAIL: FileField = FileField { name: "thumbnail", aliases: &[], kind: UploadKind::Image };

/// A form that was received.
#[derive(Default)]
pub(crate) struct Form {
    fields: Fields,
    files: HashMap<&'static str, Box<dyn Upload>>,
}

impl Form {
    /// Takes out a file; `None` when it was left out or empty.
    pub(crate) fn file(&mut self, field: FileField) -> Option<Box<dyn Upload>> {
        self.files.remove(field.name)
    }

    /// Reads the text fields; to be called after the files were taken out.
    pub(crate) fn read<T: Input>(self) -> Result<T, ApiError> {
        self.fields.read()
    }
}

/// A form that is yet to be received: `let form = form.receive(&[AVATAR]).await?`.
pub(crate) struct FormBody {
    request: HttpRequest,
    payload: PatientPayload,
    uploads: Option<Uploads>,
}

impl FormBody {
    /// The same form, whose files have to keep to these limits.
    pub(crate) fn within(self, uploads: Uploads) -> Self {
        Self { uploads: Some(uploads), ..self }
    }

    /// Receives a multipart form with these files.
    pub(crate) async fn receive(self, files: &[FileField]) -> Result<Form, ApiError> {
        let uploads = self.uploads()?;
        read::multipart(&self.request, self.payload, files, &uploads).await
    }

    /// Receives a multipart form with these files, or the same fields without files as JSON or urlencoded.
    pub(crate) async fn receive_any(self, files: &[FileField]) -> Result<Form, ApiError> {
        if is_fields(&self.request) {
            let fields = read_fields(&self.request, self.payload).await?;
            return Ok(Form { fields, files: HashMap::new() });
        }
        self.receive(files).await
    }

    fn uploads(&self) -> Result<Uploads, ApiError> {
        let usual = || AppState::of(&self.request).map(|state| state.application.uploads.clone());
        self.uploads.clone().map_or_else(usual, Ok)
    }
}

impl FromRequest for FormBody {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: PatientPayload::take(payload), uploads: None }))
    }
}
