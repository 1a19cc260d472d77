//! Somebody with an account at a server, who uploads films and deletes them again.

use std::time::{Duration, Instant};

use aviary_tests::samples;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client, RequestBuilder};
use serde_json::{Value, json};

use super::Outcome;
use super::film::Film;
use super::progress::Progress;

/// A signed-in user.
pub(crate) struct Visitor {
    http: Client,
    videos: String,
    token: String,
}

impl Visitor {
    pub(crate) async fn register(api: &str) -> Outcome<Self> {
        let http = Client::new();
        let form = ["fullName", "username", "password"]
            .into_iter()
            .fold(Form::new(), |form, name| form.text(name, "archivist"));
        let form = form.text("email", "archivist@example.org").part("avatar", picture());
        ask(http.post(format!("{api}/users/register")).multipart(form)).await?;
        let login = json!({ "username": "archivist", "password": "archivist" });
        let session = ask(http.post(format!("{api}/users/login")).json(&login)).await?;
        let token = session["accessToken"].as_str().ok_or("the login has no token")?.to_owned();
        Ok(Self { http, videos: format!("{api}/videos"), token })
    }

    /// Uploads a film and waits for the answer; how long that took, and the video's id.
    pub(crate) async fn upload(&self, film: &Film, progress: &Progress) -> Outcome<(Duration, String)> {
        let body = Body::wrap_stream(film.stretch(0, film.bytes, progress)?);
        let form = Form::new()
            .text("title", "A large film")
            .text("description", "Mostly nothing")
            .part("thumbnail", picture())
            .part("videoFile", Part::stream_with_length(body, film.bytes).file_name("film.mp4"));
        let begun = Instant::now();
        let video = ask(self.http.post(&self.videos).bearer_auth(&self.token).multipart(form)).await?;
        let time = begun.elapsed();
        if video["bytes"] != film.bytes {
            return Err(format!("a film of {} bytes was sent, and {} stored", film.bytes, video["bytes"]).into());
        }
        Ok((time, video["_id"].as_str().ok_or("the video has no id")?.to_owned()))
    }

    pub(crate) async fn delete(&self, id: &str) -> Outcome<()> {
        ask(self.http.delete(format!("{}/{id}", self.videos)).bearer_auth(&self.token)).await.map(|_| ())
    }
}

fn picture() -> Part {
    Part::bytes(samples::png()).file_name("picture.png")
}

/// Sends, and insists on success.
async fn ask(request: RequestBuilder) -> Outcome<Value> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        return Err(format!("the server answered {status}: {text}").into());
    }
    let mut body: Value = serde_json::from_str(&text)?;
    Ok(body["data"].take())
}
