//! A Cloudinary of our own for tests: strict as the real one about what it is asked, and faulty on demand.
//!
//! What it signs and what it checks is written independently of the adapter. Where the real one's ways are not known for
//! sure, it takes the one that asks more of its client.

mod admin;
mod answer;
mod asset;
mod blob;
mod chunk;
mod deliver;
mod dice;
mod fault;
mod form;
mod manage;
mod parameter;
mod server;
mod shared;
mod signature;
mod still;
mod streaming;
mod upload;
mod work;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use answer::PROVIDER_WORDS;
pub use asset::{Delivery, FilmFacts, Resource, Streaming};
pub use dice::Dice;
pub use fault::{Fault, Op};
pub use shared::{Account, Call, Conduct, Plan};
pub use signature::Algorithm;
pub use work::SentNotice;

use asset::{Asset, Place};
use blob::{Blob, PartWriter};
use shared::Shared;
use work::Job;

/// An asset that the fake holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    pub resource: Resource,
    pub delivery: Delivery,
    pub public_id: String,
    pub version: u64,
    pub bytes: u64,
    pub format: &'static str,
    pub streaming: Streaming,
}

/// A running fake. Dropped, it stops, and what it holds goes.
pub struct FakeCloudinary {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeCloudinary {
    /// Starts one on a port that is free.
    pub fn start() -> Self {
        Self::open(0, Account::default(), 1).expect("a free port")
    }

    /// Starts one for an account on a port, 0 for any; the seed decides what random faults come.
    pub fn open(port: u16, account: Account, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let account = Account { origin: format!("http://{}", listener.local_addr()?), ..account };
        let (jobs, scheduled) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::new(Shared::new(account, seed, jobs));
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("fake-cloudinary".to_owned())
            .spawn(move || server::run(listener, served, scheduled, stopped))?;
        Ok(Self { shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Who may use it, and where it is.
    pub fn account(&self) -> &Account {
        &self.shared.account
    }

    /// Where it listens, without a path: what calls and what deliveries begin with.
    pub fn origin(&self) -> &str {
        &self.shared.account.origin
    }

    /// What `CLOUDINARY_URL` says to lead there.
    pub fn cloudinary_url(&self) -> String {
        let Account { cloud, key, secret, algorithm, origin } = self.account();
        let algorithm = match algorithm {
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha256 => "sha256",
        };
        format!(
            "cloudinary://{key}:{secret}@{cloud}?upload_prefix={origin}&delivery_prefix={origin}\
             &signature_algorithm={algorithm}"
        )
    }

    // What goes wrong.

    /// The next call of this kind goes wrong like this; several are kept in their order.
    pub fn next(&self, op: Op, fault: Fault) {
        self.shared.state().faults.push(op, fault);
    }

    /// From now on all such calls go wrong like this.
    pub fn always(&self, ops: &[Op], fault: Fault) {
        self.shared.state().faults.hold(ops, fault);
    }

    /// From now on so many calls go wrong, from 0 to 1, each like one of these.
    pub fn storm(&self, rate: f64, faults: &[Fault]) {
        self.shared.state().faults.storm(rate, faults);
    }

    /// From now on every new connection ends at once.
    pub fn refuse_connections(&self) {
        self.shared.state().faults.refuses = true;
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        self.shared.state().faults.clear();
    }

    /// How webhooks are sent from now on.
    pub fn conduct(&self, conduct: Conduct) {
        self.shared.state().conduct = conduct;
    }

    /// How the work on films goes that is begun from now on.
    pub fn plan(&self, plan: Plan) {
        self.shared.state().plan = plan;
    }

    /// Ends the work that waits for this.
    pub fn finish_work(&self) {
        let waiting: Vec<Job> = std::mem::take(&mut self.shared.state().waiting);
        for job in waiting {
            work::schedule(&self.shared, job.at_once());
        }
    }

    /// What it finds in the films of from now on.
    pub fn films_are(&self, film: FilmFacts) {
        self.shared.state().film = film;
    }

    /// Answers keep to the fields that may be relied on.
    pub fn answer_little(&self, little: bool) {
        self.shared.state().lean = little;
    }

    /// Whether films keep their playlists when they are renamed; they do not, unless this says so.
    pub fn keep_derived(&self, keep: bool) {
        self.shared.state().keeps_derived = keep;
    }

    /// How many calls of the Admin API are answered from now on; `None` for any number.
    pub fn allow_admin_calls(&self, calls: Option<u64>) {
        self.shared.state().admin_calls = calls;
    }

    /// Sets its clock ahead of the machine's, or behind.
    pub fn set_ahead(&self, seconds: i64) {
        self.shared.state().ahead = seconds;
    }

    // What is there.

    /// All assets.
    pub fn assets(&self) -> Vec<Held> {
        let held = |(place, asset): (&Place, &Asset)| Held {
            resource: place.resource,
            delivery: place.delivery,
            public_id: place.public_id.clone(),
            version: asset.version,
            bytes: asset.blob.length(),
            format: asset.format,
            streaming: asset.streaming,
        };
        self.shared.state().assets.iter().map(held).collect()
    }

    /// The asset with this public id; there must be one at the most.
    pub fn asset(&self, public_id: &str) -> Option<Held> {
        let mut found: Vec<_> = self.assets().into_iter().filter(|held| held.public_id == public_id).collect();
        assert!(found.len() <= 1, "{public_id} is there under several types: {found:?}");
        found.pop()
    }

    /// How many bytes all assets take.
    pub fn bytes_held(&self) -> u64 {
        self.shared.state().assets.values().map(|asset| asset.blob.length()).sum()
    }

    /// How many bytes wait for the rest of their file.
    pub fn bytes_unfinished(&self) -> u64 {
        self.shared.state().sessions.values().map(chunk::Session::bytes).sum()
    }

    /// How many large files have come in part.
    pub fn unfinished(&self) -> usize {
        self.shared.state().sessions.values().filter(|session| !session.is_finished()).count()
    }

    /// What an asset's bytes are.
    pub fn content(&self, public_id: &str) -> Option<Vec<u8>> {
        let blob = {
            let state = self.shared.state();
            let (_, asset) = state.assets.iter().find(|(place, _)| place.public_id == public_id)?;
            Arc::clone(&asset.blob)
        };
        Some(blob.all().expect("the bytes"))
    }

    /// Puts an asset there that nobody uploaded: what lay there before.
    pub fn put(&self, resource: Resource, delivery: Delivery, public_id: &str, bytes: &[u8]) -> Held {
        let mut writer = PartWriter::new(self.shared.folder()).expect("a file");
        writer.write(bytes).expect("written");
        let blob = Blob::new(vec![writer.finish().expect("written")]);
        let mut state = self.shared.state();
        let judged = asset::judge(&blob, Some(resource), state.film).expect("a sound file");
        let asset = Asset::new(&mut state, &judged, blob);
        state.assets.insert(Place { resource, delivery, public_id: public_id.to_owned() }, asset);
        drop(state);
        self.asset(public_id).expect("it is there")
    }

    /// Loses all assets with this public id, as if somebody had removed them by hand.
    pub fn lose(&self, public_id: &str) {
        let mut state = self.shared.state();
        state.assets.retain(|place, _| place.public_id != public_id);
        state.caches.retain(|_, copy| copy.place.public_id != public_id);
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// How many calls of this kind there were.
    pub fn count(&self, op: Op) -> usize {
        self.shared.state().calls.iter().filter(|call| call.op == op).count()
    }

    /// All webhooks so far, also those that were lost.
    pub fn notices(&self) -> Vec<SentNotice> {
        self.shared.state().notices.clone()
    }

    /// The time and the signature of a webhook with this body, as if the fake sent it `ago`.
    pub fn sign_notice(&self, body: &[u8], ago: Duration) -> (String, String) {
        let account = self.account();
        let seconds = i64::try_from(ago.as_secs()).expect("not long ago");
        let timestamp = (self.shared.state().now() - seconds).to_string();
        let signature = signature::of_notice(body, &timestamp, &account.secret, account.algorithm);
        (timestamp, signature)
    }

    /// The signature under an answer about this asset.
    pub fn sign_answer(&self, public_id: &str, version: u64) -> String {
        signature::of_answer(public_id, version, &self.account().secret, self.account().algorithm)
    }

    /// The signature of a call with these parameters.
    pub fn sign_call(&self, parameters: &[(String, String)]) -> String {
        let string = signature::string_to_sign(parameters);
        self.account().algorithm.hex(&[string.as_bytes(), self.account().secret.as_bytes()])
    }

    /// What stands before the rest of a signed URL.
    pub fn sign_delivery(&self, asked: &str) -> String {
        let [short, _] = signature::of_delivery(asked, &self.account().secret, self.account().algorithm);
        short
    }
}

impl Drop for FakeCloudinary {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It fails only when the fake itself failed, which its test has seen.
            let _ = thread.join();
        }
    }
}
