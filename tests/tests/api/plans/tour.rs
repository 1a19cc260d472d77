//! A tour of every route of the contract, with the parameters on which a plan may depend, among crowds.

mod files;
mod lists;
mod stage;
mod steps;

use std::collections::BTreeSet;
use std::sync::Mutex;

use aviary_domain::video::Video;
use aviary_tests::{Caller, Person, Reply, TestServer};
use mongodb::Database;
use reqwest::Method;
use serde_json::Value;

use super::name;

/// Everybody and everything that the tour comes past.
pub struct Tour<'a> {
    server: &'a TestServer,
    /// Owns a crowd of everything, and does everything.
    ada: Person,
    /// Somebody else, who does the same to what is ada's.
    bob: Person,
    guest: Caller,
    /// Ada's, each with a crowd of whatever hangs on such things.
    video: String,
    comment: String,
    tweet: String,
    /// Another one with a crowd of likes.
    liked_tweet: String,
    playlist: String,
    /// What was driven.
    driven: Mutex<BTreeSet<String>>,
}

/// A request of the tour: who asks for which route, with which ids and what else.
struct Request<'a> {
    caller: &'a Caller,
    method: Method,
    route: &'static str,
    ids: &'a [&'a str],
    query: &'a str,
    body: Option<Value>,
}

impl<'a> Tour<'a> {
    /// Brings everybody and the crowds together.
    pub async fn prepare(server: &'a TestServer, database: &Database) -> Self {
        stage::set(server, database).await
    }

    /// Drives every route; answers with those that were driven.
    pub async fn drive(&self) -> BTreeSet<String> {
        self.walk_lists().await;
        self.look().await;
        self.crowd().await;
        self.change().await;
        self.look_after_files().await;
        self.account().await;
        self.remove().await;
        self.sweep().await;
        self.driven.lock().expect("no panic").clone()
    }

    /// Notes a route as driven.
    fn note(&self, method: &Method, route: &str) {
        self.driven.lock().expect("no panic").insert(name(method, route));
    }

    /// Asks; whatever is asked here has to succeed, or it would not come as far as the database.
    async fn ask(&self, request: Request<'_>) -> Reply {
        let Request { caller, method, route, ids, query, body } = request;
        self.note(&method, route);
        let mut ids = ids.iter();
        let segments = route
            .split('/')
            .map(|segment| if segment.starts_with('{') { *ids.next().expect("an id") } else { segment });
        let path = segments.collect::<Vec<_>>().join("/") + query;
        let mut sent = caller.request(method, &path);
        if let Some(body) = &body {
            sent = sent.json(body);
        }
        let reply = caller.send(sent).await;
        assert!(reply.status < 400, "{reply}");
        reply
    }

    async fn get(&self, caller: &Caller, route: &'static str, ids: &[&str], query: &str) -> Reply {
        self.ask(Request { caller, method: Method::GET, route, ids, query, body: None }).await
    }

    async fn call(&self, caller: &Caller, method: Method, route: &'static str, ids: &[&str]) -> Reply {
        self.ask(Request { caller, method, route, ids, query: "", body: None }).await
    }

    async fn send(&self, caller: &Caller, method: Method, route: &'static str, ids: &[&str], body: Value) -> Reply {
        self.ask(Request { caller, method, route, ids, query: "", body: Some(body) }).await
    }
}

/// The words by which a crowd of videos is found, in the titles of some and the descriptions of others.
const WORDS: &str = "red fox";

/// Puts the words where a search is to find them.
fn titled(title: &str, description: &str) -> impl FnOnce(&mut Video) + use<> {
    use aviary_domain::video::{Description, Title};
    let (title, description) =
        (Title::parse(title).expect("a title"), Description::parse(description).expect("a text"));
    move |video| {
        video.title = title;
        video.description = description;
    }
}
