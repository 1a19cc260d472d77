//! Multipart forms, written part by part so that tests can also send what no sane client would.

/// A multipart form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    body: Vec<u8>,
}

/// What separates the parts.
pub const BOUNDARY: &str = "----aviary-test-boundary-7f3a";

/// An empty form.
pub fn form() -> Form {
    Form::default()
}

impl Form {
    /// Adds a text field.
    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    /// Adds a file as browsers do.
    pub fn file(self, name: &str, file_name: &str, content_type: &str, bytes: &[u8]) -> Self {
        let headers = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: {content_type}"
        );
        self.part(&headers, bytes)
    }

    /// Adds a part with headers of one's own.
    pub fn part(mut self, headers: &str, bytes: &[u8]) -> Self {
        self.body.extend_from_slice(format!("--{BOUNDARY}\r\n{headers}\r\n\r\n").as_bytes());
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// The body without its closing boundary: a client that stopped in the middle.
    pub fn unfinished(self) -> Vec<u8> {
        self.body
    }

    /// The whole body.
    pub fn finished(mut self) -> Vec<u8> {
        self.body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.body
    }

    /// The matching `Content-Type`.
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }
}
