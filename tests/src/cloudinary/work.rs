//! What the fake does by itself: the playlists of films, and webhooks about that and everything else.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::answer::Refusal;
use super::asset::{Place, Resource, Streaming, rfc3339, url};
use super::parameter::Parameters;
use super::shared::{Shared, State};
use super::signature;

/// How often a webhook is sent until somebody says that it has arrived.
const ATTEMPTS: u32 = 3;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(200);

/// A webhook, whether it was sent or lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentNotice {
    pub url: String,
    pub body: String,
    pub timestamp: String,
    pub signature: String,
    /// What the last attempt was answered; `None` while there is no answer, or when it was lost.
    pub status: Option<u16>,
}

/// Something to be done on the fake's own thread, after a while.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    /// Ends the work on a playlist.
    Playlist { place: Place, batch: String, after: Duration, notify: Option<String> },
    /// Sends the notice with this number.
    Notice { number: usize, after: Duration },
}

impl Job {
    fn after(&self) -> Duration {
        match self {
            Self::Playlist { after, .. } | Self::Notice { after, .. } => *after,
        }
    }

    pub(crate) fn at_once(self) -> Self {
        match self {
            Self::Playlist { place, batch, notify, .. } => {
                Self::Playlist { place, batch, after: Duration::ZERO, notify }
            }
            notice @ Self::Notice { .. } => notice,
        }
    }
}

/// Work that a call asks for: a playlist.
pub(crate) struct Eager {
    notify: Option<String>,
    transformation: String,
}

impl Eager {
    /// Reads the parameters: nothing but `sp_auto/m3u8` of films, asynchronously, is done here.
    pub(crate) fn read(parameters: &Parameters, resource: Resource) -> Result<Option<Self>, Refusal> {
        let Some(text) = parameters.get("eager") else { return Ok(None) };
        if text != "sp_auto/m3u8" || resource != Resource::Video {
            return Err(Refusal::new(400, format!("Invalid transformation - {text}")));
        }
        if !parameters.flag("eager_async", false)? {
            let message = "Video is too large to process synchronously, please use an eager transformation with \
                           eager_async=true to resolve";
            return Err(Refusal::new(400, message));
        }
        let notify = parameters.get("eager_notification_url").or_else(|| parameters.get("notification_url"));
        Ok(Some(Self { notify: notify.map(str::to_owned), transformation: text.to_owned() }))
    }

    /// Begins the work, or finds it done; answers with what the call's answer says about it.
    pub(crate) fn begin(self, shared: &Shared, state: &mut State, place: &Place) -> Value {
        let batch = state.dice.token();
        let takes = state.plan.takes;
        let Some(asset) = state.assets.get_mut(place) else { return json!({}) };
        let made = asset.streaming == Streaming::Made;
        asset.batch = Some(batch.clone());
        if !made {
            asset.streaming = Streaming::AtWork;
        }
        let playlist = url(&shared.account, place, "sp_auto", asset.version, "m3u8");
        let status = if made { json!({}) } else { json!({ "status": "processing", "batch_id": batch }) };
        let mut entry = json!({ "transformation": self.transformation, "url": playlist, "secure_url": playlist });
        super::asset::merge(&mut entry, status);
        let after = if made { Some(Duration::ZERO) } else { takes };
        let job = Job::Playlist { place: place.clone(), batch, after: after.unwrap_or_default(), notify: self.notify };
        if after.is_some() {
            schedule(shared, job);
        } else {
            state.waiting.push(job);
        }
        json!({ "eager": [entry] })
    }
}

pub(crate) fn schedule(shared: &Shared, job: Job) {
    // The fake may be stopping.
    let _ = shared.jobs.send(job);
}

/// Tells whoever a call names in `notification_url` that it was done.
pub(crate) fn notify(shared: &Shared, state: &mut State, parameters: &Parameters, kind: &str, about: &Value) {
    if let Some(url) = parameters.get("notification_url") {
        let mut body = about.clone();
        let now = rfc3339(state.now());
        super::asset::merge(&mut body, json!({ "notification_type": kind, "timestamp": now }));
        post(shared, state, url.to_owned(), &body);
    }
}

/// Signs a notice and gives it to be sent, if it is not lost.
fn post(shared: &Shared, state: &mut State, url: String, body: &Value) {
    let (body, timestamp) = (body.to_string(), state.now().to_string());
    let account = &shared.account;
    let signature = signature::of_notice(body.as_bytes(), &timestamp, &account.secret, account.algorithm);
    state.notices.push(SentNotice { url, body, timestamp, signature, status: None });
    let conduct = state.conduct;
    if state.dice.happens(conduct.lost) {
        return;
    }
    let times = if state.dice.happens(conduct.doubled) { 2 } else { 1 };
    for _ in 0..times {
        let after = state.dice.up_to(conduct.late);
        schedule(shared, Job::Notice { number: state.notices.len() - 1, after });
    }
}

/// Does what is scheduled, each when its time has come.
pub(crate) async fn run(shared: Arc<Shared>, mut jobs: UnboundedReceiver<Job>) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
    while let Some(job) = jobs.recv().await {
        let (shared, http) = (Arc::clone(&shared), http.clone());
        tokio::task::spawn_local(async move {
            tokio::time::sleep(job.after()).await;
            match job {
                Job::Playlist { place, batch, notify, .. } => finish(&shared, &place, &batch, notify),
                Job::Notice { number, .. } => send(&shared, &http, number).await,
            }
        });
    }
}

/// The work on a playlist is over, one way or the other.
fn finish(shared: &Shared, place: &Place, batch: &str, notify: Option<String>) {
    let mut state = shared.state();
    let fails = state.plan.fails;
    let failed = state.dice.happens(fails);
    let Some(asset) = state.assets.get(place) else { return };
    // Begun anew since: the later work tells.
    if asset.batch.as_deref() != Some(batch) {
        return;
    }
    let outcome = match asset.streaming {
        Streaming::Made => Streaming::Made,
        _ if failed => Streaming::Failed,
        _ => Streaming::Made,
    };
    let playlist = url(&shared.account, place, "sp_auto", asset.version, "m3u8");
    let asset_id = asset.asset_id.clone();
    state.worked(place, batch, outcome);
    let Some(to) = notify else { return };
    let entry = if outcome == Streaming::Made {
        json!({
            "transformation": "sp_auto/m3u8", "format": "m3u8", "bytes": 1007, "url": playlist, "secure_url": playlist,
        })
    } else {
        let reason = format!("Unsupported video format or file; {}", super::answer::PROVIDER_WORDS);
        json!({ "transformation": "sp_auto/m3u8", "status": "failed", "reason": reason })
    };
    let body = json!({
        "notification_type": "eager",
        "timestamp": rfc3339(state.now()),
        "request_id": state.dice.token(),
        "eager": [entry],
        "asset_id": asset_id,
        "public_id": place.public_id,
        "batch_id": batch,
        "signature_key": shared.account.key,
    });
    post(shared, &mut state, to, &body);
}

async fn send(shared: &Shared, http: &reqwest::Client, number: usize) {
    let Some(notice) = shared.state().notices.get(number).cloned() else { return };
    for _ in 0..ATTEMPTS {
        let request = http
            .post(&notice.url)
            .header("content-type", "application/json")
            .header("x-cld-timestamp", &notice.timestamp)
            .header("x-cld-signature", &notice.signature)
            .body(notice.body.clone());
        let status = request.send().await.ok().map(|answer| answer.status().as_u16());
        if let Some(sent) = shared.state().notices.get_mut(number) {
            sent.status = status;
        }
        if status.is_some_and(|status| (200..300).contains(&status)) {
            return;
        }
        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
    }
}
