//! Failures as clients see them: one form, one closed list of codes, one place that knows the statuses.
//!
//! What lies behind a failure of the server's is logged, once, with the request id; it never leaves the server.

mod code;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use aviary_application::{AuthFailure, Chain, Error, IdempotencyKey, Noun};
use aviary_domain::error::Cause;
use aviary_domain::idempotency::KEY_FIELD;
use aviary_domain::media::notice::NoticeError;
use aviary_domain::ticket::MOST_OPEN_TICKETS;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use code::Code;

/// How long clients are asked to wait when something is out of reach.
const RETRY_AFTER_UNAVAILABLE: Duration = Duration::from_secs(2);

/// Why a request was not served.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: Code,
    message: Cow<'static, str>,
    errors: Vec<OffendingField>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Cause>,
}

/// A field and what is wrong with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OffendingField {
    /// The field.
    pub(crate) field: Cow<'static, str>,
    /// What is wrong with it, for the person who filled it in.
    pub(crate) message: Cow<'static, str>,
}

/// The form of every failure.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    /// The HTTP status.
    #[schema(example = 404)]
    status_code: u16,
    /// Always null.
    #[schema(value_type = Option<String>, example = json!(null))]
    data: Option<()>,
    /// What went wrong, for people.
    #[schema(example = "Video not found")]
    message: String,
    /// Always false.
    #[schema(example = false)]
    success: bool,
    /// Every offending field.
    errors: Vec<OffendingField>,
    /// What went wrong, for programs.
    code: Code,
    /// Under which id the server's log has this request.
    request_id: String,
}

impl ApiError {
    /// A failure with its sentence for people.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), errors: vec![], headers: vec![], cause: None }
    }

    /// Fields that break their rules.
    pub(crate) fn invalid(errors: Vec<OffendingField>) -> Self {
        let sentences: Vec<_> = errors.iter().map(|e| format!("{} {}", e.field, e.message)).collect();
        Self { errors, ..Self::new(Code::ValidationFailed, sentences.join("; ")) }
    }

    /// A fault of ours, with what lies behind it.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        let failure = Self::new(Code::InternalError, "Something went wrong on our side");
        Self { cause: Some(cause.into()), ..failure }
    }

    /// A signature that does not fit, or is too old.
    pub(crate) fn unsigned(message: &'static str) -> Self {
        // A 401 has to name a scheme (RFC 9110, section 15.5.2); there is none for fields that were signed beforehand.
        let scheme = HeaderValue::from_static("Signature");
        Self::new(Code::InvalidSignature, message).with_header(header::WWW_AUTHENTICATE, scheme)
    }

    /// What a library reports by its status alone.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self::new(Code::of_status(status), status.canonical_reason().unwrap_or("The request failed"))
    }

    /// The same failure, with one more offending field.
    pub(crate) fn with_field(
        mut self,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.errors.push(OffendingField { field: field.into(), message: message.into() });
        self
    }

    /// The same failure, with one more header on its answer.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Whether the caller was not taken for anybody.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        self.code.status() == StatusCode::UNAUTHORIZED
    }

    fn with_retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The answer. A failure of the server's is logged here, and only here.
    pub(crate) fn render(&self, request_id: &str) -> HttpResponse {
        let status = self.code.status();
        if status.is_server_error() {
            let cause = self.cause.as_deref().map(|cause| Chain(cause).to_string());
            tracing::error!(request_id, status = status.as_u16(), cause, "{}", self.message);
        }
        let mut answer = HttpResponse::build(status);
        for (name, value) in &self.headers {
            answer.append_header((name.clone(), value.clone()));
        }
        if self.code == Code::RequestTimeout {
            answer.force_close();
        }
        answer.json(Failure {
            status_code: status.as_u16(),
            data: None,
            message: self.message.clone().into_owned(),
            success: false,
            errors: self.errors.clone(),
            code: self.code,
            request_id: request_id.to_owned(),
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| -> &(dyn std::error::Error + 'static) { cause })
    }
}

/// The frame around all routes renders the body, because only it knows the request id; see `server::frame`.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.code.status())
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(fields) => {
                let offending = |f: aviary_application::FieldError| OffendingField {
                    field: f.field.into(),
                    message: f.message.into(),
                };
                Self::invalid(fields.into_iter().map(offending).collect())
            }
            Error::Unauthenticated(failure) => unauthenticated(failure),
            Error::Forbidden(message) => Self::new(Code::Forbidden, message),
            Error::NotFound(noun) => Self::new(not_found(noun), format!("{noun} not found")),
            Error::Conflict { field } => conflict(field),
            Error::KeyReused => {
                let message = "was used for another request";
                Self::new(Code::IdempotencyKeyReused, format!("The {} {message}", IdempotencyKey::HEADER))
                    .with_field(IdempotencyKey::HEADER, message)
            }
            Error::TooLarge { field, limit } => {
                let message = format!("is larger than {limit} bytes");
                Self::new(Code::FileTooLarge, format!("{field} {message}")).with_field(field, message)
            }
            Error::QuotaExceeded { used, quota } => Self::new(
                Code::QuotaExceeded,
                format!(
                    "Your videos and open uploads have {used} of the {quota} bytes that they may have, and this does not fit in"
                ),
            ),
            Error::NotFailed => Self::new(Code::VideoNotFailed, "Only a video that has failed can be processed again"),
            Error::Notice(error) => notice(error),
            Error::UnsupportedMedia { field, reason } => {
                Self::new(Code::UnsupportedFileType, format!("{field}: {reason}")).with_field(field, reason)
            }
            Error::Unreadable { field, reason } => {
                Self::new(Code::UnreadableFile, format!("{field}: {reason}")).with_field(field, reason)
            }
            Error::TooManyAttempts { retry_after } => {
                Self::new(Code::TooManyAttempts, "Too many failed attempts; try again later")
                    .with_retry_after(retry_after)
            }
            Error::TooManyTickets { retry_after } => {
                let message = format!("{MOST_OPEN_TICKETS} uploads are open; publish one, or try again later");
                Self::new(Code::TooManyUploads, message).with_retry_after(retry_after)
            }
            Error::Unavailable(cause) => Self {
                cause: Some(cause),
                ..Self::new(Code::Unavailable, "The service is overloaded or out of reach; try again in a moment")
                    .with_retry_after(RETRY_AFTER_UNAVAILABLE)
            },
            Error::Internal(cause) => Self::internal(cause),
        }
    }
}

fn unauthenticated(failure: AuthFailure) -> ApiError {
    let (code, message) = match failure {
        AuthFailure::MissingToken => (Code::MissingToken, "Sign in first"),
        AuthFailure::InvalidToken => (Code::InvalidToken, "The token is not valid"),
        AuthFailure::ExpiredToken => (Code::ExpiredToken, "The token has expired"),
        AuthFailure::SessionEnded => (Code::SessionEnded, "The session has ended; sign in again"),
        AuthFailure::WrongCredentials => (Code::WrongCredentials, "The account or the password is wrong"),
    };
    ApiError::new(code, message).with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn notice(error: NoticeError) -> ApiError {
    match error {
        NoticeError::Forged => ApiError::unsigned("The signature does not fit"),
        NoticeError::Stale => ApiError::unsigned("The call was sent too long ago"),
        NoticeError::Malformed => ApiError::new(Code::MalformedBody, "The body is not what was expected"),
        NoticeError::Unexpected => ApiError::new(Code::RouteNotFound, "There is nothing at this path"),
    }
}

fn not_found(noun: Noun) -> Code {
    match noun {
        Noun::User => Code::UserNotFound,
        Noun::Channel => Code::ChannelNotFound,
        Noun::Video => Code::VideoNotFound,
        Noun::Comment => Code::CommentNotFound,
        Noun::Tweet => Code::TweetNotFound,
        Noun::Playlist => Code::PlaylistNotFound,
        Noun::Upload => Code::UploadNotFound,
    }
}

fn conflict(field: &'static str) -> ApiError {
    let code = match field {
        "username" => Code::UsernameTaken,
        "email" => Code::EmailTaken,
        KEY_FIELD => {
            let message = format!("What this {} made is gone; send the request with a new one", IdempotencyKey::HEADER);
            return ApiError::new(Code::Conflict, message);
        }
        _ => return ApiError::new(Code::Conflict, "Something changed in between; send the request again"),
    };
    ApiError::new(code, format!("{field} is taken")).with_field(field, "is taken")
}
