//! One request as the load generator gets it: a line of a file.

use anyhow::bail;

/// A request to the server under load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: &'static str,
    /// The path from the root, with its query.
    pub(crate) path: String,
    /// The access token of whoever asks.
    pub(crate) token: Option<String>,
    /// JSON to send along.
    pub(crate) body: Option<String>,
}

impl Request {
    /// A guest reads.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), token: None, body: None }
    }

    /// Something is sent to the server.
    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self { method: "POST", ..Self::get(path) }
    }

    /// The same from somebody who is signed in.
    pub(crate) fn by(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// The same with a JSON body.
    pub(crate) fn with(self, body: &serde_json::Value) -> Self {
        Self { body: Some(body.to_string()), ..self }
    }
}

/// The file of these requests: one a line, its parts with tabs between. Fails on none at all, and on parts that would
/// break the lines.
pub(crate) fn lines(requests: &[Request]) -> anyhow::Result<String> {
    if requests.is_empty() {
        bail!("there is nothing to ask for in this home");
    }
    let mut text = String::new();
    for Request { method, path, token, body } in requests {
        let parts = [method, path.as_str(), token.as_deref().unwrap_or(""), body.as_deref().unwrap_or("")];
        if parts.iter().any(|part| part.contains(['\t', '\n', '\r'])) {
            bail!("a request cannot be written in one line: {method} {path}");
        }
        text.push_str(&parts.join("\t"));
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_line_of_four_parts() {
        let comment = Request::post("/api/v1/comments/1").by("token").with(&serde_json::json!({"content": "a\tb"}));
        let requests = [Request::get("/x?y=1"), comment];
        let expected = "GET\t/x?y=1\t\t\nPOST\t/api/v1/comments/1\ttoken\t{\"content\":\"a\\tb\"}\n";
        assert_eq!(lines(&requests).unwrap(), expected);
    }

    #[test]
    fn what_would_break_the_lines_is_refused() {
        assert!(lines(&[]).is_err());
        assert!(lines(&[Request::get("/a\nb")]).is_err());
        assert!(lines(&[Request::get("/a").by("\t")]).is_err());
    }
}
