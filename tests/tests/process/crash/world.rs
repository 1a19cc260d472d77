//! What all writers share: where the server is at the moment, how to ask it, the journal, and what there is to write about.

use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::journal::{Fact, Journal, Known};
use crate::account::{PASSWORD, file, registration, text};
use crate::sample::{self, Codec};

/// How long a request may take while two cores do everything at once.
const REQUEST: Duration = Duration::from_secs(60);
/// How long the server may be away.
const ABSENCE: Duration = Duration::from_secs(90);

/// What became of a request.
pub(crate) enum Outcome {
    /// Acknowledged, with `data`.
    Done(Value),
    /// Refused with this status: nothing was changed.
    Refused(u16),
    /// The process died, or could not say, before the answer was there.
    Lost,
    /// The request never reached a process.
    Unsent,
}

/// Somebody who writes.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) token: String,
}

#[derive(Clone)]
struct Place {
    life: u32,
    api: Option<String>,
}

pub(crate) struct World {
    http: Client,
    place: watch::Sender<Place>,
    stopping: AtomicBool,
    dice: AtomicU64,
    journal: Mutex<Journal>,
    /// What there is to like, comment on and collect; some of it is being deleted at any time.
    targets: Mutex<Vec<Fact>>,
    pub(crate) avatar: Vec<u8>,
    pub(crate) film: Vec<u8>,
}

impl World {
    pub(crate) fn new(folder: &Path) -> Self {
        let (avatar, film) = (folder.join("avatar.png"), folder.join("film.mp4"));
        sample::picture(&avatar, "48x48");
        sample::film(&film, "96x64", 1, Codec::Mp4);
        Self {
            // Actix closes idle connections after five seconds; a request must not meet that by chance.
            http: Client::builder().timeout(REQUEST).pool_idle_timeout(Duration::from_secs(2)).build().unwrap(),
            place: watch::Sender::new(Place { life: 0, api: None }),
            stopping: AtomicBool::new(false),
            dice: AtomicU64::new(RandomState::new().build_hasher().finish()),
            journal: Mutex::default(),
            targets: Mutex::default(),
            avatar: std::fs::read(avatar).unwrap(),
            film: std::fs::read(film).unwrap(),
        }
    }

    pub(crate) fn server_is_up(&self, api: &str) {
        self.place.send_modify(|place| *place = Place { life: place.life + 1, api: Some(api.to_owned()) });
    }

    pub(crate) fn server_is_down(&self) {
        self.place.send_modify(|place| place.api = None);
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// A breath between two writes, so that the slow kinds get their share; then whether to go on.
    pub(crate) async fn goes_on(&self) -> bool {
        tokio::time::sleep(Duration::from_millis(2 + self.dice(8))).await;
        !self.stopping.load(Ordering::Relaxed)
    }

    /// A number below `sides`.
    pub(crate) fn dice(&self, sides: u64) -> u64 {
        // SplitMix64: enough to vary the course of things, and no more.
        let mut x = self.dice.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % sides
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap()
    }

    pub(crate) fn fault(&self, text: impl Into<String>) {
        self.journal().faults.push(text.into());
    }

    pub(crate) fn offer(&self, target: Fact) {
        self.targets.lock().unwrap().push(target);
    }

    pub(crate) fn withdraw(&self, target: &Fact) {
        self.targets.lock().unwrap().retain(|offered| offered != target);
    }

    /// One of the recent targets that pass.
    pub(crate) fn pick(&self, passes: impl Fn(&Fact) -> bool) -> Option<Fact> {
        let targets = self.targets.lock().unwrap();
        let mut passing: Vec<&Fact> = targets.iter().filter(|target| passes(target)).collect();
        // Many writers on few targets: that is where counts could drift.
        let recent = passing.split_off(passing.len().saturating_sub(12));
        let sides = u64::try_from(recent.len()).unwrap();
        (sides > 0).then(|| recent[usize::try_from(self.dice(sides)).unwrap()].clone())
    }

    /// An answer said that the target is absent.
    pub(crate) fn saw_gone(&self, target: &Fact) {
        self.withdraw(target);
        self.journal().seen_gone.insert(target.clone());
    }

    /// Sends a request as soon as there is a server, and waits for the next life of the server when this one is lost.
    pub(crate) async fn send(
        &self,
        kind: &'static str,
        request: impl FnOnce(&Client, &str) -> RequestBuilder,
    ) -> Outcome {
        let mut places = self.place.subscribe();
        let place = places.wait_for(|place| place.api.is_some()).await.unwrap().clone();
        let outcome = self.ask(kind, request(&self.http, &place.api.unwrap())).await;
        match outcome {
            Outcome::Done(_) => self.journal().tallies.entry(kind).or_default().done += 1,
            Outcome::Lost => self.journal().tallies.entry(kind).or_default().lost += 1,
            Outcome::Refused(_) | Outcome::Unsent => {}
        }
        if matches!(outcome, Outcome::Lost | Outcome::Unsent) {
            let next = places.wait_for(|now| now.life > place.life && now.api.is_some());
            if tokio::time::timeout(ABSENCE, next).await.is_err() {
                self.fault(format!("{kind}: the answer was lost, but nobody had killed the server"));
                self.stop();
            }
        }
        outcome
    }

    async fn ask(&self, kind: &str, request: RequestBuilder) -> Outcome {
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Outcome::Unsent,
            Err(_) => return Outcome::Lost,
        };
        let status = answer.status();
        let Ok(body) = answer.text().await else { return Outcome::Lost };
        if status.is_server_error() || matches!(status.as_u16(), 400 | 401 | 413 | 415 | 422 | 429) {
            self.fault(format!("{kind}: {status}: {body}"));
        }
        if !status.is_success() {
            return Outcome::Refused(status.as_u16());
        }
        let body: Value = serde_json::from_str(&body).unwrap();
        Outcome::Done(body["data"].clone())
    }

    /// As [`Self::send`], signed in.
    pub(crate) async fn send_as(
        &self,
        person: &Person,
        kind: &'static str,
        request: impl FnOnce(&Client, &str) -> RequestBuilder,
    ) -> Outcome {
        self.send(kind, |http, api| request(http, api).bearer_auth(&person.token)).await
    }

    /// Registers somebody before the storm and signs them in.
    pub(crate) async fn invite(&self, name: &str) -> Person {
        let form = registration(name).part("avatar", file("a.png", self.avatar.clone()));
        let outcome =
            self.send("register", |http, api| http.post(format!("{api}/users/register")).multipart(form)).await;
        let Outcome::Done(user) = outcome else { panic!("{name} could not register: {:?}", self.journal().faults) };
        self.journal().note(&Fact::User { name: name.to_owned() }, Known::Present);
        let login = json!({ "username": name, "password": PASSWORD });
        let outcome = self.send("login", |http, api| http.post(format!("{api}/users/login")).json(&login)).await;
        let Outcome::Done(data) = outcome else { panic!("{name} could not log in: {:?}", self.journal().faults) };
        Person { id: text(&user, "_id"), name: name.to_owned(), token: text(&data, "accessToken") }
    }

    /// `Some` once each kind of write was acknowledged often enough to mean something, and nobody waits for more.
    pub(crate) fn every_kind_was_done(&self) -> Option<()> {
        let journal = self.journal();
        let enough = journal.tallies.values().all(|tally| tally.done >= 3) && journal.tallies.len() >= KINDS.len();
        (enough || !journal.faults.is_empty()).then_some(())
    }

    pub(crate) fn summary(&self) -> String {
        let journal = self.journal();
        let (done, lost) = journal.tallies.values().fold((0, 0), |sum, t| (sum.0 + t.done, sum.1 + t.lost));
        let mut text = format!("{done} writes acknowledged, {lost} lost:");
        for (kind, tally) in &journal.tallies {
            write!(text, " {kind} {}/{}", tally.done, tally.lost).unwrap();
        }
        text
    }
}

/// Every kind of write; the storm lasts until each was seen.
pub(crate) const KINDS: [&str; 22] = [
    "register",
    "login",
    "refresh",
    "logout",
    "avatar",
    "cover",
    "upload",
    "thumbnail",
    "delete video",
    "watch",
    "guest watch",
    "comment",
    "delete comment",
    "tweet",
    "delete tweet",
    "like",
    "subscribe",
    "playlist",
    "delete playlist",
    "playlist add",
    "playlist remove",
    "edit",
];
