//! The closed list of failure codes and, in one place, the HTTP status of each.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, for programs. The list only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// Fields break their rules; `errors` lists every one.
    ValidationFailed,
    /// An id in the path is not 24 hexadecimal digits.
    InvalidId,
    /// The body cannot be read as what its content type says.
    MalformedBody,
    /// The query string cannot be read.
    MalformedQuery,
    /// The request cannot be read.
    BadRequest,
    /// A token is needed and none was presented.
    MissingToken,
    /// The presented token is not one of this server's, or not of the kind that is needed.
    InvalidToken,
    /// The presented token's time is over.
    ExpiredToken,
    /// The session of the presented token has ended.
    SessionEnded,
    /// The account does not exist or the password is not its password.
    WrongCredentials,
    /// What should have been signed is not, was changed, or its time is over.
    InvalidSignature,
    /// This is somebody else's.
    Forbidden,
    /// Pages of this origin may not act with their visitors' cookies.
    OriginNotAllowed,
    /// There is no such user.
    UserNotFound,
    /// There is no such channel.
    ChannelNotFound,
    /// There is no such video that the caller may see.
    VideoNotFound,
    /// There is no such comment that the caller may see.
    CommentNotFound,
    /// There is no such tweet.
    TweetNotFound,
    /// There is no such playlist.
    PlaylistNotFound,
    /// There is no such file.
    FileNotFound,
    /// The time of this link to a file is over; ask for a new one.
    LinkExpired,
    /// There is no such upload any more, or nothing has arrived with it.
    UploadNotFound,
    /// There is nothing at this path.
    RouteNotFound,
    /// The path is right, the method is not; `Allow` lists those that are.
    MethodNotAllowed,
    /// The body arrived too slowly.
    RequestTimeout,
    /// The user name is taken.
    UsernameTaken,
    /// The e-mail address is taken.
    EmailTaken,
    /// The video has not failed, so there is nothing to be done again.
    VideoNotFailed,
    /// Something else changed in between; the same request may succeed now.
    Conflict,
    /// The condition in `If-Match` does not hold.
    PreconditionFailed,
    /// The body is larger than this endpoint takes.
    BodyTooLarge,
    /// A file is larger than its limit.
    FileTooLarge,
    /// The files would be more than the caller may have stored.
    QuotaExceeded,
    /// The body has a content type that this endpoint does not take.
    UnsupportedMediaType,
    /// A file has a type that is not accepted, judged by its content.
    UnsupportedFileType,
    /// The range lies outside the file.
    RangeNotSatisfiable,
    /// A file cannot be read as what it claims to be.
    UnreadableFile,
    /// The `Idempotency-Key` was used for another request.
    IdempotencyKeyReused,
    /// Too many attempts failed; `Retry-After` says when to go on.
    TooManyAttempts,
    /// The caller has as many direct uploads open as may be; publish one, or go on when `Retry-After` says.
    TooManyUploads,
    /// A fault of the server's; the log has it under the request id.
    InternalError,
    /// The store or the media provider is out of reach or overloaded; `Retry-After` says when to try again.
    Unavailable,
}

impl Code {
    /// The status of this failure.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::ValidationFailed
            | Self::InvalidId
            | Self::MalformedBody
            | Self::MalformedQuery
            | Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::MissingToken
            | Self::InvalidToken
            | Self::ExpiredToken
            | Self::SessionEnded
            | Self::WrongCredentials
            | Self::InvalidSignature => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::OriginNotAllowed | Self::LinkExpired => StatusCode::FORBIDDEN,
            Self::UserNotFound
            | Self::ChannelNotFound
            | Self::VideoNotFound
            | Self::CommentNotFound
            | Self::TweetNotFound
            | Self::PlaylistNotFound
            | Self::FileNotFound
            | Self::UploadNotFound
            | Self::RouteNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::UsernameTaken | Self::EmailTaken | Self::VideoNotFailed | Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::BodyTooLarge | Self::FileTooLarge | Self::QuotaExceeded => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType | Self::UnsupportedFileType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::UnreadableFile | Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyAttempts | Self::TooManyUploads => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The code of a failure that a library reports by its status alone.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::RouteNotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::BadRequest,
            _ => Self::InternalError,
        }
    }
}
