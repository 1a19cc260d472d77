//! A person who uses the API, for tests in which every request has to succeed.

use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct horse";

/// Somebody who is signed in.
pub(crate) struct Account {
    http: Client,
    api: String,
    pub(crate) token: String,
    /// The user as the registration answered.
    pub(crate) user: Value,
}

impl Account {
    /// Registers with a picture and logs in.
    pub(crate) async fn register(api: &str, name: &str, avatar: Part) -> Self {
        let http = Client::new();
        let form = registration(name).part("avatar", avatar);
        let user = succeed(http.post(format!("{api}/users/register")).multipart(form)).await;
        let login = json!({ "username": name, "password": PASSWORD });
        let data = succeed(http.post(format!("{api}/users/login")).json(&login)).await;
        let token = text(&data, "accessToken");
        Self { http, api: api.to_owned(), token, user }
    }

    /// Uploads a film and answers with the VIDEO.
    pub(crate) async fn upload(&self, title: &str, film: Part) -> Value {
        let form = publication(title).part("videoFile", film);
        succeed(self.http.post(format!("{}/videos", self.api)).bearer_auth(&self.token).multipart(form)).await
    }
}

/// The texts of a registration.
pub(crate) fn registration(name: &str) -> Form {
    Form::new()
        .text("fullName", format!("The {name}"))
        .text("email", format!("{name}@example.org"))
        .text("username", name.to_owned())
        .text("password", PASSWORD)
}

/// The texts of an upload.
pub(crate) fn publication(title: &str) -> Form {
    Form::new().text("title", title.to_owned()).text("description", "A test card")
}

/// A file as a browser sends it.
pub(crate) fn file(name: &str, content: impl Into<Vec<u8>>) -> Part {
    Part::bytes(content.into()).file_name(name.to_owned())
}

/// A field that must be there and be a text.
pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("`{field}` in {value}")).to_owned()
}

/// Sends, insists on success and answers with `data`.
pub(crate) async fn succeed(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body = answer.text().await.unwrap();
    assert!(status.is_success(), "{status}: {body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    body["data"].clone()
}
