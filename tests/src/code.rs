//! The closed list of failure codes. Clients depend on these texts, so they stand here once more, independent of the
//! server's own list; the test of the API description compares both.

pub const INVALID: &str = "validation_failed";
pub const INVALID_ID: &str = "invalid_id";
pub const MALFORMED_BODY: &str = "malformed_body";
pub const MALFORMED_QUERY: &str = "malformed_query";
pub const BAD_REQUEST: &str = "bad_request";
pub const MISSING_TOKEN: &str = "missing_token";
pub const INVALID_TOKEN: &str = "invalid_token";
pub const EXPIRED_TOKEN: &str = "expired_token";
pub const SESSION_ENDED: &str = "session_ended";
pub const WRONG_CREDENTIALS: &str = "wrong_credentials";
pub const INVALID_SIGNATURE: &str = "invalid_signature";
pub const FORBIDDEN: &str = "forbidden";
pub const ORIGIN_NOT_ALLOWED: &str = "origin_not_allowed";
pub const USER_NOT_FOUND: &str = "user_not_found";
pub const CHANNEL_NOT_FOUND: &str = "channel_not_found";
pub const VIDEO_NOT_FOUND: &str = "video_not_found";
pub const COMMENT_NOT_FOUND: &str = "comment_not_found";
pub const TWEET_NOT_FOUND: &str = "tweet_not_found";
pub const PLAYLIST_NOT_FOUND: &str = "playlist_not_found";
pub const FILE_NOT_FOUND: &str = "file_not_found";
pub const LINK_EXPIRED: &str = "link_expired";
pub const UPLOAD_NOT_FOUND: &str = "upload_not_found";
pub const ROUTE_NOT_FOUND: &str = "route_not_found";
pub const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
pub const REQUEST_TIMEOUT: &str = "request_timeout";
pub const USERNAME_TAKEN: &str = "username_taken";
pub const EMAIL_TAKEN: &str = "email_taken";
pub const VIDEO_NOT_FAILED: &str = "video_not_failed";
pub const CONFLICT: &str = "conflict";
pub const PRECONDITION_FAILED: &str = "precondition_failed";
pub const BODY_TOO_LARGE: &str = "body_too_large";
pub const FILE_TOO_LARGE: &str = "file_too_large";
pub const QUOTA_EXCEEDED: &str = "quota_exceeded";
pub const UNSUPPORTED_MEDIA_TYPE: &str = "unsupported_media_type";
pub const UNSUPPORTED_FILE_TYPE: &str = "unsupported_file_type";
pub const RANGE_NOT_SATISFIABLE: &str = "range_not_satisfiable";
pub const UNREADABLE_FILE: &str = "unreadable_file";
pub const IDEMPOTENCY_KEY_REUSED: &str = "idempotency_key_reused";
pub const TOO_MANY_ATTEMPTS: &str = "too_many_attempts";
pub const TOO_MANY_UPLOADS: &str = "too_many_uploads";
pub const INTERNAL_ERROR: &str = "internal_error";
pub const UNAVAILABLE: &str = "unavailable";

/// Every code there is.
pub const ALL: [&str; 42] = [
    INVALID,
    INVALID_ID,
    MALFORMED_BODY,
    MALFORMED_QUERY,
    BAD_REQUEST,
    MISSING_TOKEN,
    INVALID_TOKEN,
    EXPIRED_TOKEN,
    SESSION_ENDED,
    WRONG_CREDENTIALS,
    INVALID_SIGNATURE,
    FORBIDDEN,
    ORIGIN_NOT_ALLOWED,
    USER_NOT_FOUND,
    CHANNEL_NOT_FOUND,
    VIDEO_NOT_FOUND,
    COMMENT_NOT_FOUND,
    TWEET_NOT_FOUND,
    PLAYLIST_NOT_FOUND,
    FILE_NOT_FOUND,
    LINK_EXPIRED,
    UPLOAD_NOT_FOUND,
    ROUTE_NOT_FOUND,
    METHOD_NOT_ALLOWED,
    REQUEST_TIMEOUT,
    USERNAME_TAKEN,
    EMAIL_TAKEN,
    VIDEO_NOT_FAILED,
    CONFLICT,
    PRECONDITION_FAILED,
    BODY_TOO_LARGE,
    FILE_TOO_LARGE,
    QUOTA_EXCEEDED,
    UNSUPPORTED_MEDIA_TYPE,
    UNSUPPORTED_FILE_TYPE,
    RANGE_NOT_SATISFIABLE,
    UNREADABLE_FILE,
    IDEMPOTENCY_KEY_REUSED,
    TOO_MANY_ATTEMPTS,
    TOO_MANY_UPLOADS,
    INTERNAL_ERROR,
    UNAVAILABLE,
];
