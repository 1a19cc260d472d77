//! Users of the API: registered and signed in like everybody.

use std::ops::Deref;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Caller, Form, TestServer, form, samples};

/// A password that everybody takes unless a test is about passwords.
pub const PASSWORD: &str = "correct horse battery";

/// A signed-in user. Calls made through it carry its access token.
#[derive(Clone)]
pub struct Person {
    caller: Caller,
    pub id: String,
    pub username: String,
    pub access: String,
    pub refresh: String,
}

impl Deref for Person {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// A registration that is in order.
pub fn registration(name: &str) -> Form {
    form()
        .text("fullName", &format!("{name} Example"))
        .text("email", &format!("{name}@example.org"))
        .text("username", name)
        .text("password", PASSWORD)
        .file("avatar", "me.png", "image/png", samples::png())
}

impl TestServer {
    /// Registers somebody and signs them in.
    pub async fn person(&self, name: &str) -> Person {
        self.guest().multipart(Method::POST, "/users/register", registration(name)).await.ok(201);
        self.sign_in(name).await
    }

    /// Signs a registered user in on one more device.
    pub async fn sign_in(&self, name: &str) -> Person {
        let login = json!({ "username": name, "password": PASSWORD });
        let signed_in = self.guest().post("/users/login", &login).await.ok(200);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let access = text(&signed_in["accessToken"]);
        Person {
            caller: self.guest().with_token(&access),
            id: text(&signed_in["user"]["_id"]),
            username: text(&signed_in["user"]["username"]),
            refresh: text(&signed_in["refreshToken"]),
            access,
        }
    }

    /// Registers and signs in many at once.
    pub async fn people(&self, prefix: &str, count: usize) -> Vec<Person> {
        futures_util::future::join_all((0..count).map(async |n| self.person(&format!("{prefix}{n}")).await)).await
    }
}

impl Person {
    /// Writes a tweet and answers with its id.
    pub async fn tweet(&self, content: &str) -> String {
        id(&self.post("/tweets", &json!({ "content": content })).await.ok(201))
    }

    /// Comments on a video and answers with the comment's id.
    pub async fn comment(&self, video: &str, content: &str) -> String {
        id(&self.post(&format!("/comments/{video}"), &json!({ "content": content })).await.ok(201))
    }

    /// Makes a playlist and answers with its id.
    pub async fn playlist(&self, name: &str) -> String {
        id(&self.post("/playlist", &json!({ "name": name, "description": "" })).await.ok(201))
    }

    /// Adds a video to a playlist and answers with the playlist.
    pub async fn add(&self, video: &str, playlist: &str) -> Value {
        self.nudge(&format!("/playlist/add/{video}/{playlist}")).await.ok(200)
    }

    /// Uploads a film with a still of its own and answers with the video.
    pub async fn upload(&self, title: &str, film: &samples::Film) -> Value {
        let form = form()
            .text("title", title)
            .text("description", "made for a test")
            .file("videoFile", film.name, film.content_type, &film.bytes)
            .file("thumbnail", "still.png", "image/png", samples::png());
        self.multipart(Method::POST, "/videos", form).await.ok(201)
    }

    /// Publishes or unpublishes a video.
    pub async fn toggle_published(&self, video: &str) -> Value {
        self.nudge(&format!("/videos/toggle/publish/{video}")).await.ok(200)
    }
}

/// The `_id` of an object.
#[track_caller]
pub fn id(object: &Value) -> String {
    object["_id"].as_str().unwrap_or_else(|| panic!("no _id in {object}")).to_owned()
}
