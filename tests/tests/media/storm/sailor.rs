//! Somebody who goes on whatever happens, and remembers what was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aviary_tests::cloudinary::{Account, Dice, PROVIDER_WORDS};
use aviary_tests::samples::Film;
use aviary_tests::{Form, Person, Reply, form, samples};
use reqwest::Method;
use serde_json::{Value, json};

/// What no answer and no log may hold.
pub(super) fn leaks(account: &Account) -> Vec<String> {
    [PROVIDER_WORDS, "String to sign", "Invalid Signature", "fake-cloudinary", account.secret.as_str()]
        .map(str::to_owned)
        .to_vec()
}

/// How often each thing was done, and how it was answered.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<(&'static str, u16), usize>);

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(*what).or_default() += count;
        }
    }
}

/// What a request carries.
enum Sent {
    Nothing,
    Json(Value),
    Form(Form),
}

pub(super) struct Sailor {
    person: Person,
    film: &'static Film,
    dice: Dice,
    http: reqwest::Client,
    leaks: Vec<String>,
    key: String,
    /// Those that were answered to be there, and not to be deleted.
    pub(super) videos: BTreeSet<String>,
    pub(super) tally: Tally,
}

impl Sailor {
    pub(super) fn new(person: Person, film: &'static Film, dice: Dice, account: Account) -> Self {
        let mut leaks = leaks(&account);
        leaks.push(account.key.clone());
        Self {
            person,
            film,
            dice,
            http: reqwest::Client::new(),
            leaks,
            key: account.key,
            videos: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    /// Does one thing.
    pub(super) async fn act(&mut self) {
        let known: Vec<_> = self.videos.iter().cloned().collect();
        let chosen = (!known.is_empty()).then(|| known[self.dice.below(known.len())].clone());
        match (self.dice.below(100), chosen) {
            (0..35, _) | (_, None) => self.publish().await,
            (35..45, _) => self.send_directly().await,
            (45..63, Some(video)) => self.replace_still(&video).await,
            (63..82, Some(video)) => self.delete(&video).await,
            (82..92, Some(video)) => self.toggle(&video).await,
            (92..96, Some(_)) => self.replace_avatar().await,
            (_, Some(video)) => self.reprocess(&video).await,
        }
    }

    async fn publish(&mut self) {
        let mut film = self.film.bytes.clone();
        if self.dice.happens(0.04) {
            lengthen(&mut film, 21_000_000);
        }
        let mut form = form().text("title", "out at sea").text("description", "made in a storm").file(
            "videoFile",
            self.film.name,
            self.film.content_type,
            &film,
        );
        if self.dice.happens(0.4) {
            form = form.file("thumbnail", "still.png", "image/png", samples::png());
        }
        let reply = self.send("publish", Method::POST, "/videos", Sent::Form(form)).await;
        if reply.status == 201 {
            let video = reply.ok(201);
            self.videos.insert(aviary_tests::people::id(&video));
        }
    }

    /// Has the browser send the film to the provider, and mostly says so.
    async fn send_directly(&mut self) {
        let reply = self.send("ticket", Method::POST, "/videos/direct-upload", wanted(self.film)).await;
        if reply.status != 201 {
            return;
        }
        let Some(receipt) = self.send_with(&reply.ok(201)).await else { return };
        if self.dice.happens(0.2) {
            return;
        }
        let publication = json!({
            "title": "sent by itself",
            "public_id": receipt["public_id"],
            "version": receipt["version"],
            "signature": receipt["signature"],
        });
        let is_forged = receipt["signature"].as_str().is_some_and(|signature| signature.starts_with("000000"));
        let what = if is_forged { "confirm forged" } else { "confirm" };
        let reply = self.send(what, Method::POST, "/videos", Sent::Json(publication)).await;
        if reply.status == 201 {
            let video = reply.ok(201);
            self.videos.insert(aviary_tests::people::id(&video));
        }
    }

    /// What the provider answers to a browser, if it does.
    async fn send_with(&self, ticket: &Value) -> Option<Value> {
        let fields = ticket["fields"].as_object().expect("fields").iter();
        let form = fields.fold(form(), |form, (name, value)| form.text(name, value.as_str().expect("a text")));
        let form = form.file("file", self.film.name, self.film.content_type, &self.film.bytes);
        let request = self.http.post(ticket["uploadUrl"].as_str().expect("a URL"));
        let request = request.header("content-type", Form::content_type()).body(form.finished());
        let answer = request.send().await.ok().filter(|answer| answer.status() == 200)?;
        answer.json().await.ok()
    }

    async fn replace_still(&mut self, video: &str) {
        let form = form().file("thumbnail", "still.jpg", "image/jpeg", samples::jpeg());
        self.send("replace", Method::PATCH, &format!("/videos/{video}"), Sent::Form(form)).await;
    }

    async fn delete(&mut self, video: &str) {
        let reply = self.send("delete", Method::DELETE, &format!("/videos/{video}"), Sent::Nothing).await;
        if reply.status == 200 {
            self.videos.remove(video);
        }
    }

    async fn toggle(&mut self, video: &str) {
        let path = format!("/videos/toggle/publish/{video}");
        self.send("toggle", Method::PATCH, &path, Sent::Nothing).await;
        // Some change their mind before its files have followed.
        if self.dice.happens(0.5) {
            self.send("toggle", Method::PATCH, &path, Sent::Nothing).await;
        }
    }

    async fn replace_avatar(&mut self) {
        let form = form().file("avatar", "me.png", "image/png", samples::png());
        self.send("avatar", Method::PATCH, "/users/avatar", Sent::Form(form)).await;
    }

    async fn reprocess(&mut self, video: &str) {
        self.send("reprocess", Method::POST, &format!("/videos/{video}/reprocess"), Sent::Nothing).await;
    }

    /// Sends a request and looks at the answer, which is a success or a failure that can be expected in a storm.
    async fn send(&mut self, what: &'static str, method: Method, path: &str, sent: Sent) -> Reply {
        let request = self.person.request(method, path);
        let request = match sent {
            Sent::Nothing => request,
            Sent::Json(value) => request.json(&value),
            Sent::Form(form) => request.header("content-type", Form::content_type()).body(form.finished()),
        };
        let answer = request.send().await.unwrap_or_else(|error| panic!("{what} {path}: {error:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.expect("a body");
        let reply = Reply { asked: format!("{what} {path}"), status, headers, body };
        let text = format!("{:?} {}", reply.headers, String::from_utf8_lossy(&reply.body));
        // A ticket holds the key, which is no secret.
        let leaks = self.leaks.iter().filter(|leak| what != "ticket" || **leak != self.key);
        for leak in leaks {
            assert!(!text.contains(leak), "{reply}: says {leak:?}");
        }
        *self.tally.0.entry((what, status)).or_default() += 1;
        match status {
            500 => assert_eq!(reply.json()["code"], aviary_tests::code::INTERNAL_ERROR, "{reply}"),
            400 if what == "confirm forged" => {}
            _ if what == "confirm forged" => panic!("it is not the provider's: {reply}"),
            200 | 201 | 503 => {}
            409 if what == "reprocess" => {}
            // Those of films that were lost on their way are open for hours.
            429 if what == "ticket" => {}
            _ => panic!("not to be expected: {reply}"),
        }
        if status == 503 {
            // Whoever is told to come later does so, or the storm is over before anything is done.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        if status == 500 { reply } else { reply.checked() }
    }
}

fn wanted(film: &Film) -> Sent {
    Sent::Json(json!({ "contentType": "video/mp4", "bytes": film.bytes.len() }))
}

/// Makes an MP4 longer without changing the film: by a box that players pass over.
fn lengthen(film: &mut Vec<u8>, length: usize) {
    let more = length - film.len();
    film.extend_from_slice(&u32::try_from(more).expect("a size").to_be_bytes());
    film.extend_from_slice(b"free");
    film.resize(length, 0);
}
