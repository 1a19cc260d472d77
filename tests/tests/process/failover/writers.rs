//! Writers of every kind, half of whom begin with either node. Each waits for the answer before its next write, and
//! nobody else changes what it changes, so that it knows how things are when it ends.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::cluster::{AGAIN, Cluster};
use super::stage::{PEOPLE, Person, Stage, register, upload};
use crate::account::text;
use crate::crash::journal::{Fact, Known};

/// A writer with what it writes about.
struct Writer {
    cluster: Arc<Cluster>,
    people: Arc<[Person]>,
    videos: Arc<[String]>,
    tweet: String,
    me: Person,
    node: usize,
}

/// What a writer does.
type Part = fn(Writer) -> futures_util::future::BoxFuture<'static, ()>;

/// The parts, with how many play each.
const CAST: [(Part, usize); 9] = [
    (|writer| Box::pin(writer.tweet()), 4),
    (|writer| Box::pin(writer.comment()), 4),
    (|writer| Box::pin(writer.like()), 6),
    (|writer| Box::pin(writer.subscribe()), 5),
    (|writer| Box::pin(writer.collect()), 2),
    (|writer| Box::pin(writer.invite()), 2),
    (|writer| Box::pin(writer.publish()), 1),
    (|writer| Box::pin(writer.rename()), 2),
    // The last, because owners, whose visits do not count, are among the first.
    (|writer| Box::pin(writer.watch()), 2),
];

pub(crate) fn start(cluster: &Arc<Cluster>, stage: &Stage) -> JoinSet<()> {
    let parts = CAST.into_iter().flat_map(|(part, count)| std::iter::repeat_n(part, count));
    let mut writers = JoinSet::new();
    for (node, (part, me)) in parts.zip(stage.people.iter()).enumerate() {
        writers.spawn(part(Writer {
            cluster: Arc::clone(cluster),
            people: Arc::clone(&stage.people),
            videos: Arc::clone(&stage.videos),
            tweet: stage.tweet.clone(),
            me: me.clone(),
            node,
        }));
    }
    assert_eq!(writers.len(), PEOPLE, "everybody has a part");
    writers
}

impl Writer {
    /// A breath, so that all kinds get their share; then whether to go on.
    async fn goes_on(&self) -> bool {
        tokio::time::sleep(Duration::from_millis(2 + self.cluster.dice(10))).await;
        self.cluster.goes_on()
    }

    fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        let sides = u64::try_from(of.len()).unwrap();
        // Half of the time the first: that is where writers meet.
        let place = if self.cluster.dice(2) == 0 { 0 } else { self.cluster.dice(sides) };
        &of[usize::try_from(place).unwrap()]
    }

    /// Sends, signed in. What is refused is a fault, except that a repetition finds gone what is to go.
    async fn send(&self, kind: &'static str, request: impl Fn(&Client, &str) -> RequestBuilder) -> Option<Value> {
        let token = &self.me.token;
        let answer = self.cluster.send(kind, self.node, |http, api| request(http, api).bearer_auth(token)).await;
        match answer.status {
            200..300 => return Some(answer.data),
            404 if answer.was_repeated && kind.starts_with("delete") => {}
            status => self.cluster.fault(format!("{kind} was refused: {status}, repeated: {}", answer.was_repeated)),
        }
        None
    }

    /// Makes something under a text that nobody uses twice. Some do not wait for the answer, and some send it again although
    /// it was acknowledged: it is made once, and who made it is answered with it.
    async fn create(&self, kind: &'static str, path: &str, words: &str) -> Option<String> {
        let body = json!({ "content": words, "name": words, "description": "" });
        let key = format!("{kind}:{words}").replace(' ', "-");
        let request = |http: &Client, api: &str| {
            let request = http.post(format!("{api}{path}")).header("idempotency-key", &key).json(&body);
            self.cluster.perhaps_impatiently(request)
        };
        let made = self.send(kind, request).await.map(|data| text(&data, "_id"))?;
        if self.cluster.dice(4) == 0 {
            let again = self.send(AGAIN, request).await.map(|data| text(&data, "_id"));
            if again.as_ref() != Some(&made) {
                self.cluster.fault(format!("{kind} made {made}, and sent again {again:?}"));
            }
        }
        Some(made)
    }

    async fn edit(&self, kind: &'static str, path: &str, table: &'static str, id: &str, words: String) {
        let body = json!({ "content": words, "name": words, "fullName": words });
        if self.send(kind, |http, api| http.patch(format!("{api}{path}")).json(&body)).await.is_some() {
            self.cluster.texts().insert((table, id.to_owned()), words);
        }
    }

    async fn delete(&self, kind: &'static str, path: &str, fact: &Fact) {
        self.send(kind, |http, api| http.delete(format!("{api}{path}"))).await;
        self.note(fact, false);
    }

    fn note(&self, fact: &Fact, known: impl Into<Known>) {
        self.cluster.journal().note(fact, known);
    }

    async fn tweet(self) {
        let mut mine: Vec<String> = vec![];
        for number in 0.. {
            if !self.goes_on().await {
                return;
            }
            let words = format!("{} tweets {number}", self.me.name);
            let Some(id) = self.create("tweet", "/tweets", &words).await else { continue };
            self.note(&Fact::Tweet { id: id.clone() }, true);
            let words = format!("{} has second thoughts on {number}", self.me.name);
            self.edit("edit tweet", &format!("/tweets/{id}"), "tweets", &id, words).await;
            mine.push(id);
            if mine.len() > 5 {
                let id = mine.remove(0);
                self.cluster.texts().remove(&("tweets", id.clone()));
                self.delete("delete tweet", &format!("/tweets/{id}"), &Fact::Tweet { id: id.clone() }).await;
            }
        }
    }

    async fn comment(self) {
        let mut mine: Vec<(String, String)> = vec![];
        for number in 0.. {
            if !self.goes_on().await {
                return;
            }
            let video = self.pick(&self.videos).clone();
            let words = format!("{} comments {number}", self.me.name);
            let Some(id) = self.create("comment", &format!("/comments/{video}"), &words).await else { continue };
            self.note(&Fact::Comment { id: id.clone(), video: video.clone() }, true);
            mine.push((id, video));
            if mine.len() > 5 {
                let (id, video) = mine.remove(0);
                let fact = Fact::Comment { id: id.clone(), video };
                self.delete("delete comment", &format!("/comments/c/{id}"), &fact).await;
            }
        }
    }

    /// Makes it so or not so, by the forms that can be repeated.
    async fn set(&self, kind: &'static str, path: &str, flag: &str, fact: &Fact) {
        let wanted = self.cluster.dice(2) == 0;
        let method = if wanted { Method::PUT } else { Method::DELETE };
        let Some(data) = self.send(kind, |http, api| http.request(method.clone(), format!("{api}{path}"))).await else {
            return;
        };
        if data[flag] != wanted {
            self.cluster.fault(format!("{kind}: {wanted} was asked for, answered was {data}"));
        }
        self.note(fact, wanted);
    }

    async fn like(self) {
        while self.goes_on().await {
            let (path, target) = if self.cluster.dice(4) == 0 {
                (format!("t/{}", self.tweet), Fact::Tweet { id: self.tweet.clone() })
            } else {
                let id = self.pick(&self.videos).clone();
                (format!("v/{id}"), Fact::Video { id })
            };
            let fact = Fact::Like { user: self.me.id.clone(), target: Box::new(target) };
            self.set("like", &format!("/likes/{path}"), "isLiked", &fact).await;
        }
    }

    async fn subscribe(self) {
        while self.goes_on().await {
            let channel = self.pick(&self.people).id.clone();
            if channel != self.me.id {
                let path = format!("/subscriptions/c/{channel}");
                let fact = Fact::Subscription { subscriber: self.me.id.clone(), channel };
                self.set("subscribe", &path, "isSubscribed", &fact).await;
            }
        }
    }

    async fn collect(self) {
        for number in 0.. {
            let name = format!("{}'s list {number}", self.me.name);
            let Some(playlist) = self.create("playlist", "/playlist", &name).await else { continue };
            self.note(&Fact::Playlist { id: playlist.clone() }, true);
            for _ in 0..12 {
                if !self.goes_on().await {
                    return;
                }
                let video = self.pick(&self.videos).clone();
                let adds = self.cluster.dice(3) > 0;
                let (kind, verb) = if adds { ("playlist add", "add") } else { ("playlist remove", "remove") };
                let path = format!("/playlist/{verb}/{video}/{playlist}");
                if self.send(kind, |http, api| http.patch(format!("{api}{path}"))).await.is_some() {
                    self.note(&Fact::Entry { playlist: playlist.clone(), video }, adds);
                }
            }
        }
    }

    async fn invite(self) {
        for number in 0.. {
            if !self.goes_on().await {
                return;
            }
            register(&self.cluster, self.node, &format!("guest{number}of{}", self.me.name)).await;
        }
    }

    async fn publish(self) {
        let mut mine: Vec<String> = vec![];
        for number in 0.. {
            if !self.goes_on().await {
                return;
            }
            let title = format!("film {number} of {}", self.me.name);
            mine.extend(upload(&self.cluster, self.node + number, &self.me, &title).await);
            if mine.len() > 3 {
                let id = mine.remove(0);
                self.delete("delete video", &format!("/videos/{id}"), &Fact::Video { id: id.clone() }).await;
            }
        }
    }

    async fn rename(self) {
        for number in 0.. {
            if !self.goes_on().await {
                return;
            }
            let words = format!("{} the {number}th", self.me.name);
            self.edit("rename", "/users/update-account", "users", &self.me.id, words).await;
        }
    }

    /// Opens pages, as itself and as ever new guests, and often once more on the other node: one view each.
    async fn watch(self) {
        for number in 0.. {
            if !self.goes_on().await {
                return;
            }
            let video = self.pick(&self.videos).clone();
            let is_guest = self.cluster.dice(4) > 0;
            let viewer = if is_guest { format!("guest/{number}-of-{}", self.me.name) } else { self.me.id.clone() };
            let visits = 1 + usize::from(self.cluster.dice(2) == 0);
            for visit in 0..visits {
                let answer = self.cluster.send("watch", self.node + number + visit, |http, api| {
                    let page = http.get(format!("{api}/videos/{video}")).header("user-agent", &viewer);
                    if is_guest { page } else { page.bearer_auth(&self.me.token) }
                });
                let answer = answer.await;
                if answer.status != 200 {
                    self.cluster.fault(format!("a page was refused: {}", answer.status));
                    return;
                }
            }
            self.cluster.journal().watched(&video, &viewer, true);
            if !is_guest {
                self.note(&Fact::Visit { user: self.me.id.clone(), video }, true);
            }
        }
    }
}
