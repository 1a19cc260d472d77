//! An answer, and what every answer of the API has to be like whatever was asked.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::check::{assert_fields, secrets_in};
use crate::code;

/// Words that only a driver, a library or a stack trace would say.
const INNER_WORDS: [&str; 17] = [
    "sqlite",
    "rusqlite",
    "serde",
    "panicked",
    "actix",
    "tokio",
    "constraint",
    "at line",
    "stack",
    "ffprobe",
    "ffmpeg",
    "/tmp",
    "no such table",
    "os error",
    "reqwest",
    "string to sign",
    "api_secret",
];

/// An answer that was read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What was asked, for messages.
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// Reads an answer and checks what holds for all answers.
    #[track_caller]
    pub fn checked(self) -> Self {
        assert_ne!(self.status, 500, "{self}");
        self.check_headers();
        if !self.body.is_empty() && self.header("content-type").starts_with("application/json") {
            self.check_envelope();
        } else {
            assert!(self.status < 400 || self.body.is_empty(), "{self}: a failure that is not JSON");
        }
        self
    }

    /// The value of a header, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("header text")).unwrap_or_default()
    }

    /// All values of a header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("header text")).collect()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    /// The `data` of a success with this status.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        let mut json = self.json();
        assert_eq!(json["success"], true, "{self}");
        json["data"].take()
    }

    /// The whole failure, which has this status and code.
    #[track_caller]
    pub fn fails(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self}");
        let json = self.json();
        assert_eq!(json["code"], code, "{self}");
        json
    }

    /// A refusal of input that names exactly these fields.
    #[track_caller]
    pub fn fails_on(&self, fields: &[&str]) {
        self.fails_with(400, code::INVALID, fields);
    }

    /// A failure that names exactly these fields.
    #[track_caller]
    pub fn fails_with(&self, status: u16, code: &str, fields: &[&str]) {
        let json = self.fails(status, code);
        let mut named: Vec<_> = json["errors"].as_array().expect("errors").iter().map(|e| e["field"].clone()).collect();
        let mut fields: Vec<Value> = fields.iter().map(|field| Value::from(*field)).collect();
        named.sort_by_key(Value::to_string);
        fields.sort_by_key(Value::to_string);
        assert_eq!(named, fields, "{self}");
    }

    /// A failure of the caller's making: 4xx in the failure form.
    #[track_caller]
    pub fn is_refused(&self) {
        assert!((400..500).contains(&self.status), "{self}");
        assert_eq!(self.json()["success"], false, "{self}");
    }

    fn check_headers(&self) {
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self}");
        assert_eq!(self.header("referrer-policy"), "no-referrer", "{self}");
        assert!(self.header("content-security-policy").contains("default-src"), "{self}: no policy");
        assert!(!self.header("x-request-id").is_empty(), "{self}: no request id");
    }

    fn check_envelope(&self) {
        let json = self.json();
        // A film that was sent by itself is answered in the words of Cloudinary.
        let sent = self.status < 400 && self.asked.contains("/media/direct-upload");
        if sent || json.get("openapi").is_some() {
            return;
        }
        assert_eq!(json["statusCode"], self.status, "{self}");
        assert_eq!(json["success"], self.status < 400, "{self}");
        assert!(json["message"].as_str().is_some_and(|message| !message.is_empty()), "{self}");
        if self.status < 400 {
            assert_fields(&json, &["statusCode", "data", "message", "success"]);
            let tokens = self.asked.contains("/users/login") || self.asked.contains("/users/refresh-token");
            assert_eq!(secrets_in(&json["data"], tokens), Vec::<String>::new(), "{self}");
        } else {
            self.check_failure(&json);
        }
    }

    fn check_failure(&self, json: &Value) {
        assert_fields(json, &["statusCode", "data", "message", "success", "errors", "code", "requestId"]);
        assert!(json["data"].is_null(), "{self}");
        assert_eq!(json["requestId"], self.header("x-request-id"), "{self}");
        let code = json["code"].as_str().expect("a code");
        assert!(code::ALL.contains(&code), "{self}: {code} is not on the list of codes");
        for error in json["errors"].as_array().expect("a list of errors") {
            assert_fields(error, &["field", "message"]);
        }
        let said = json.to_string().to_lowercase();
        for word in INNER_WORDS {
            assert!(!said.contains(word), "{self}: says {word:?}");
        }
        if matches!(self.status, 429 | 503) {
            assert!(self.header("retry-after").parse::<u32>().is_ok(), "{self}: no Retry-After");
        }
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        let shown: String = body.chars().take(1500).collect();
        write!(f, "{} answered {}: {shown}", self.asked, self.status)
    }
}
