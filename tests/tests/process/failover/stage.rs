//! Who is there before the storm, and what they write about.

use std::sync::Arc;

use aviary_tests::samples;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use super::cluster::Cluster;
use crate::account::{PASSWORD, file, publication, registration, text};
use crate::crash::journal::{Fact, Known, Slot};
use crate::crash::key;

/// How many people write.
pub(crate) const PEOPLE: usize = 28;

/// Somebody who writes.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) token: String,
}

pub(crate) struct Stage {
    pub(crate) people: Arc<[Person]>,
    /// The first is everybody's favourite.
    pub(crate) videos: Arc<[String]>,
    pub(crate) tweet: String,
}

impl Stage {
    pub(crate) async fn build(cluster: &Cluster) -> Self {
        let mut people = vec![];
        for number in 0..PEOPLE {
            people.push(invite(cluster, number).await);
        }
        let mut videos = vec![];
        for (number, owner) in people.iter().take(4).enumerate() {
            let outcome = upload(cluster, number, owner, &format!("film {number} of the stage")).await;
            videos.extend(outcome);
        }
        assert_eq!(videos.len(), 4, "the stage has films: {:?}", cluster.journal().faults);
        let tweet = tweet(cluster, &people[0]).await;
        Self { people: people.into(), videos: videos.into(), tweet }
    }
}

async fn invite(cluster: &Cluster, number: usize) -> Person {
    let name = format!("person{number}");
    let id = register(cluster, number, &name).await;
    let login = json!({ "username": name, "password": PASSWORD });
    let answer = cluster.send("login", number, |http, api| http.post(format!("{api}/users/login")).json(&login)).await;
    Person { id, name, token: text(&answer.data, "accessToken") }
}

/// Registers somebody with a picture and notes that; answers with the id.
pub(crate) async fn register(cluster: &Cluster, node: usize, name: &str) -> String {
    let form = || registration(name).part("avatar", picture());
    let key_of_request = format!("register-{name}");
    let answer = cluster.send("register", node, |http, api| {
        http.post(format!("{api}/users/register")).header("idempotency-key", &key_of_request).multipart(form())
    });
    let answer = answer.await;
    if answer.status != 201 {
        cluster.fault(format!("{name} was refused: {} after a repetition: {}", answer.status, answer.was_repeated));
        return String::new();
    }
    let id = text(&answer.data, "_id");
    let avatar = Fact::Picture { slot: Slot::Avatar, owner: id.clone(), key: key(&answer.data, "avatar") };
    let mut journal = cluster.journal();
    journal.note(&Fact::User { name: name.to_owned() }, Known::Present);
    journal.note(&avatar, Known::Present);
    id
}

/// Publishes a film with a still and notes that; answers with the id.
pub(crate) async fn upload(cluster: &Cluster, node: usize, owner: &Person, title: &str) -> Option<String> {
    let film = samples::mp4()?;
    let form = || -> Form {
        publication(title).part("videoFile", file(film.name, film.bytes.clone())).part("thumbnail", picture())
    };
    let key_of_request = title.replace(' ', "-");
    let answer = cluster.send("upload", node, |http, api| {
        let request = http.post(format!("{api}/videos")).bearer_auth(&owner.token);
        request.header("idempotency-key", &key_of_request).multipart(form())
    });
    let answer = answer.await;
    if answer.status != 201 {
        cluster.fault(format!("the upload of {title} was refused: {}", answer.status));
        return None;
    }
    let id = text(&answer.data, "_id");
    let still = Fact::Picture { slot: Slot::Thumbnail, owner: id.clone(), key: key(&answer.data, "thumbnail") };
    let mut journal = cluster.journal();
    journal.note(&Fact::Video { id: id.clone() }, Known::Present);
    journal.note(&still, Known::Present);
    Some(id)
}

async fn tweet(cluster: &Cluster, owner: &Person) -> String {
    let body = json!({ "content": "the tweet of the stage" });
    let answer = cluster
        .send("tweet", 0, |http, api| http.post(format!("{api}/tweets")).bearer_auth(&owner.token).json(&body))
        .await;
    let id = text(&answer.data, "_id");
    cluster.journal().note(&Fact::Tweet { id: id.clone() }, Known::Present);
    id
}

fn picture() -> Part {
    file("me.png", samples::png())
}
