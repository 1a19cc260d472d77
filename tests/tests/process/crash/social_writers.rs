//! Writers of what people do to each other: comments, tweets, likes, subscriptions, playlists.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::journal::{Fact, Known};
use super::world::{Outcome, Person, World};
use crate::account::text;

/// Comments on videos, and deletes half of it again.
pub(crate) async fn commenter(world: Arc<World>, me: Person) {
    let mut number = 0;
    let mut mine: Vec<Fact> = vec![];
    while world.goes_on().await {
        number += 1;
        let Some(video) = world.pick(|target| matches!(target, Fact::Video { .. })) else { continue };
        let Fact::Video { id: on } = &video else { continue };
        let words = format!("{} says {number}", me.name);
        let path = format!("/comments/{on}");
        let read = |id| Fact::Comment { id, video: on.clone() };
        mine.extend(create(&world, &me, "comment", &path, &words, Some(&video), read).await);
        if mine.len() > 3 {
            let comment = mine.remove(0);
            let Fact::Comment { id, .. } = &comment else { continue };
            delete(&world, &me, "delete comment", &format!("/comments/c/{id}"), &comment).await;
        }
    }
}

/// Tweets, and deletes half of it again.
pub(crate) async fn tweeter(world: Arc<World>, me: Person) {
    let mut number = 0;
    let mut mine: Vec<Fact> = vec![];
    while world.goes_on().await {
        number += 1;
        let words = format!("{} tweets {number}", me.name);
        mine.extend(create(&world, &me, "tweet", "/tweets", &words, None, |id| Fact::Tweet { id }).await);
        if mine.len() > 3 {
            let tweet = mine.remove(0);
            let Fact::Tweet { id } = &tweet else { continue };
            delete(&world, &me, "delete tweet", &format!("/tweets/{id}"), &tweet).await;
        }
    }
}

/// Writes a new text; no text is used twice, so that a row tells which request made it.
async fn create(
    world: &World,
    me: &Person,
    kind: &'static str,
    path: &str,
    words: &str,
    parent: Option<&Fact>,
    read: impl FnOnce(String) -> Fact,
) -> Option<Fact> {
    let body = json!({ "content": words, "name": words, "description": "" });
    match world.send_as(me, kind, |http, api| http.post(format!("{api}{path}")).json(&body)).await {
        Outcome::Done(data) => {
            let fact = read(text(&data, "_id"));
            world.journal().note(&fact, Known::Present);
            world.offer(fact.clone());
            return Some(fact);
        }
        Outcome::Lost => {
            world.journal().lost_texts.insert(words.to_owned());
        }
        Outcome::Refused(404) if parent.is_some() => parent.into_iter().for_each(|gone| world.saw_gone(gone)),
        Outcome::Refused(status) => world.fault(format!("{kind} was refused: {status}")),
        Outcome::Unsent => {}
    }
    None
}

/// Deletes something of one's own; it may have gone with its video.
async fn delete(world: &World, me: &Person, kind: &'static str, path: &str, fact: &Fact) {
    match world.send_as(me, kind, |http, api| http.delete(format!("{api}{path}"))).await {
        Outcome::Done(_) | Outcome::Refused(404) => world.journal().note(fact, Known::Absent),
        Outcome::Lost => world.journal().note(fact, Known::Unknown),
        Outcome::Refused(status) => world.fault(format!("{kind} of one's own was refused: {status}")),
        Outcome::Unsent => {}
    }
    world.withdraw(fact);
}

/// How a pair is changed: made, undone or turned over.
fn way(world: &World) -> (Method, Option<bool>) {
    match world.dice(4) {
        0 => (Method::PUT, Some(true)),
        1 => (Method::DELETE, Some(false)),
        _ => (Method::POST, None),
    }
}

/// Likes videos, comments and tweets, and takes it back.
pub(crate) async fn liker(world: Arc<World>, me: Person) {
    while world.goes_on().await {
        let Some(target) = world.pick(|target| !matches!(target, Fact::Playlist { .. })) else { continue };
        let (method, wanted) = way(&world);
        let path = match &target {
            Fact::Video { id } => format!("v/{id}"),
            Fact::Comment { id, .. } => format!("c/{id}"),
            Fact::Tweet { id } => format!("t/{id}"),
            other => unreachable!("{other:?} cannot be liked"),
        };
        let path = if method == Method::POST { format!("/likes/toggle/{path}") } else { format!("/likes/{path}") };
        let like = Fact::Like { user: me.id.clone(), target: Box::new(target.clone()) };
        let pair = Pair { kind: "like", flag: "isLiked", fact: like, target: Some(target) };
        pair.change(&world, &me, method, &path, wanted).await;
    }
}

/// Subscribes to everybody else's channels, and takes it back.
pub(crate) async fn subscriber(world: Arc<World>, me: Person, channels: Arc<[String]>) {
    while world.goes_on().await {
        let channel = &channels[usize::try_from(world.dice(channels.len() as u64)).unwrap()];
        if *channel == me.id {
            continue;
        }
        let (method, wanted) = way(&world);
        let fact = Fact::Subscription { subscriber: me.id.clone(), channel: channel.clone() };
        let pair = Pair { kind: "subscribe", flag: "isSubscribed", fact, target: None };
        pair.change(&world, &me, method, &format!("/subscriptions/c/{channel}"), wanted).await;
    }
}

/// A like or a subscription. Only one writer changes it, so its state is known from answer to answer.
struct Pair {
    kind: &'static str,
    flag: &'static str,
    fact: Fact,
    target: Option<Fact>,
}

impl Pair {
    async fn change(&self, world: &World, me: &Person, method: Method, path: &str, wanted: Option<bool>) {
        let before = world.journal().holds(&self.fact);
        let outcome = world.send_as(me, self.kind, |http, api| http.request(method, format!("{api}{path}"))).await;
        match (outcome, &self.target) {
            (Outcome::Done(data), _) => {
                let now = data[self.flag].as_bool();
                let expected = wanted.or(before.map(|held| !held));
                if now.is_none() || expected.is_some() && now != expected {
                    world.fault(format!("{} {path}: was {before:?}, asked {wanted:?}, answered {data}", self.kind));
                }
                world.journal().note(&self.fact, now.unwrap_or_default());
            }
            (Outcome::Lost, _) => world.journal().lost(&self.fact, wanted),
            (Outcome::Refused(404), Some(target)) => world.saw_gone(target),
            (Outcome::Refused(status), _) => world.fault(format!("{} {path} was refused: {status}", self.kind)),
            (Outcome::Unsent, _) => {}
        }
    }
}

/// Makes playlists, adds videos, takes some out, and deletes older lists.
pub(crate) async fn curator(world: Arc<World>, me: Person) {
    let mut number = 0;
    let mut mine: Vec<Fact> = vec![];
    while world.goes_on().await {
        number += 1;
        if mine.is_empty() || number % 20 == 0 {
            let name = format!("{}'s list {number}", me.name);
            mine.extend(create(&world, &me, "playlist", "/playlist", &name, None, |id| Fact::Playlist { id }).await);
        }
        let Some(Fact::Playlist { id: playlist }) = mine.last() else { continue };
        for _ in 0..3 {
            entry(&world, &me, playlist).await;
        }
        if mine.len() > 2 {
            let list = mine.remove(0);
            let Fact::Playlist { id } = &list else { continue };
            delete(&world, &me, "delete playlist", &format!("/playlist/{id}"), &list).await;
        }
    }
}

async fn entry(world: &World, me: &Person, playlist: &str) {
    let Some(video) = world.pick(|target| matches!(target, Fact::Video { .. })) else { return };
    let Fact::Video { id } = &video else { return };
    let add = world.dice(3) > 0;
    let (kind, verb) = if add { ("playlist add", "add") } else { ("playlist remove", "remove") };
    let fact = Fact::Entry { playlist: playlist.to_owned(), video: id.clone() };
    let outcome =
        world.send_as(me, kind, |http, api| http.patch(format!("{api}/playlist/{verb}/{id}/{playlist}"))).await;
    match outcome {
        Outcome::Done(_) => world.journal().note(&fact, add),
        Outcome::Lost => world.journal().lost(&fact, Some(add)),
        Outcome::Refused(404) => world.saw_gone(&video),
        Outcome::Refused(status) => world.fault(format!("{kind} was refused: {status}")),
        Outcome::Unsent => {}
    }
}
