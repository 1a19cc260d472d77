//! The servers as their clients see them: a request that is not acknowledged by one is sent again to the other, until it
//! is. What is measured on the way is kept here, and what the writers know.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use reqwest::{Client, Error, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::crash::journal::Journal;

/// The client's own end of a request, well beyond the server's.
const REQUEST: Duration = Duration::from_secs(30);
/// How long one write may be tried.
const PERSISTENCE: Duration = Duration::from_secs(90);
/// How long an impatient client waits for an answer: shorter than an election takes.
const IMPATIENCE: Duration = Duration::from_secs(1);
/// The pause before a request is sent again: shorter than the server asks for, so that nothing is measured but the
/// servers.
const PAUSE: Duration = Duration::from_millis(100);

/// The kind of a creation that is sent again although it was acknowledged.
pub(crate) const AGAIN: &str = "sent again";

/// What a request was answered that reached its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) data: Value,
    /// Whether an earlier attempt may have done it already.
    pub(crate) was_repeated: bool,
}

/// How often a kind of write was acknowledged, and how long that took with all repetitions.
#[derive(Default)]
struct Tally {
    count: u32,
    sum: Duration,
    longest: Duration,
}

/// What was measured.
struct Measures {
    acknowledged: BTreeMap<&'static str, Tally>,
    repeated: u32,
    replayed: u32,
    unavailable: u32,
    lost: u32,
    last: Instant,
    longest_gap: Duration,
    longest_request: Duration,
    /// When each fault began, until the first write after it.
    fault: Option<Instant>,
    recoveries: Vec<Duration>,
}

pub(crate) struct Cluster {
    http: Client,
    apis: [String; 2],
    stopping: AtomicBool,
    dice: AtomicU64,
    measures: Mutex<Measures>,
    journal: Mutex<Journal>,
    /// What was written last into what can be edited: (table, id) and the text.
    texts: Mutex<BTreeMap<(&'static str, String), String>>,
}

impl Cluster {
    pub(crate) fn new(apis: [String; 2]) -> Self {
        let measures = Measures {
            acknowledged: BTreeMap::new(),
            repeated: 0,
            replayed: 0,
            unavailable: 0,
            lost: 0,
            last: Instant::now(),
            longest_gap: Duration::ZERO,
            longest_request: Duration::ZERO,
            fault: None,
            recoveries: vec![],
        };
        Self {
            // Actix closes idle connections after five seconds; a request must not meet that by chance.
            http: Client::builder().timeout(REQUEST).pool_idle_timeout(Duration::from_secs(2)).build().unwrap(),
            apis,
            stopping: AtomicBool::new(false),
            dice: AtomicU64::new(std::process::id().into()),
            measures: Mutex::new(measures),
            journal: Mutex::default(),
            texts: Mutex::default(),
        }
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn goes_on(&self) -> bool {
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

    pub(crate) fn texts(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), String>> {
        self.texts.lock().unwrap()
    }

    fn measures(&self) -> MutexGuard<'_, Measures> {
        self.measures.lock().unwrap()
    }

    /// A primary has just been killed or frozen.
    pub(crate) fn fault_begins(&self) {
        self.measures().fault.get_or_insert_with(Instant::now);
    }

    /// The status that a node's health is answered with.
    pub(crate) async fn health(&self, node: usize) -> u16 {
        let answer = self.http.get(format!("{}/healthcheck", self.apis[node])).send().await.unwrap();
        answer.status().as_u16()
    }

    /// Lets some requests be given up before they can be answered while a primary is missing: the server may do them all
    /// the same, later, beside the repetition. So they must be such as may be sent again by whoever has done more since.
    pub(crate) fn perhaps_impatiently(&self, request: RequestBuilder) -> RequestBuilder {
        if self.dice(4) == 0 { request.timeout(IMPATIENCE) } else { request }
    }

    /// Sends a write until it is acknowledged or refused, in turn to both nodes, beginning with `first`.
    pub(crate) async fn send(
        &self,
        kind: &'static str,
        first: usize,
        request: impl Fn(&Client, &str) -> RequestBuilder,
    ) -> Answer {
        let begun = Instant::now();
        for attempt in 0.. {
            let api = &self.apis[(first + attempt) % 2];
            let sent = Instant::now();
            let answer = read(request(&self.http, api)).await;
            let took = sent.elapsed();
            if let Some((status, data, replayed)) = self.judge(kind, took, answer) {
                if status.is_success() {
                    self.acknowledge(kind, begun.elapsed(), attempt > 0, replayed);
                }
                return Answer { status: status.as_u16(), data, was_repeated: attempt > 0 };
            }
            assert!(begun.elapsed() < PERSISTENCE, "{kind} was not acknowledged within {PERSISTENCE:?}");
            tokio::time::sleep(PAUSE).await;
        }
        unreachable!("it is tried until it is answered or too late")
    }

    /// `None` where the outcome is unknown or nothing happened, so that it has to be sent again.
    fn judge(&self, kind: &str, took: Duration, answer: Result<Reply, Error>) -> Option<(StatusCode, Value, bool)> {
        let mut measures = self.measures();
        measures.longest_request = measures.longest_request.max(took);
        let reply = match answer {
            Ok(reply) => reply,
            Err(error) => {
                measures.lost += 1;
                drop(measures);
                // Who did not wait was not kept waiting.
                if !error.is_timeout() || took > REQUEST / 2 {
                    self.fault(format!("{kind}: no answer after {took:?}: {error:?}"));
                }
                return None;
            }
        };
        if reply.status == StatusCode::SERVICE_UNAVAILABLE {
            measures.unavailable += 1;
            drop(measures);
            if !reply.says_when {
                self.fault(format!("{kind}: 503 without Retry-After"));
            }
            return None;
        }
        drop(measures);
        if reply.status.is_server_error() {
            self.fault(format!("{kind}: {}: {}", reply.status, reply.body));
        }
        Some((reply.status, reply.body["data"].clone(), reply.replayed))
    }

    /// Something that no fault of the database excuses.
    pub(crate) fn fault(&self, text: String) {
        self.journal().faults.push(text);
    }

    fn acknowledge(&self, kind: &'static str, took: Duration, was_repeated: bool, replayed: bool) {
        let mut measures = self.measures();
        let now = Instant::now();
        let tally = measures.acknowledged.entry(kind).or_default();
        tally.count += 1;
        tally.sum += took;
        tally.longest = tally.longest.max(took);
        measures.repeated += u32::from(was_repeated);
        measures.replayed += u32::from(replayed);
        measures.longest_gap = measures.longest_gap.max(now - measures.last);
        measures.last = now;
        if let Some(begun) = measures.fault.take_if(|begun| now - *begun > PAUSE) {
            measures.recoveries.push(now - begun);
        }
    }

    pub(crate) fn longest_request(&self) -> Duration {
        self.measures().longest_request
    }

    /// Fails where the faults were not met by any request: then nothing was shown.
    pub(crate) fn assert_exercised(&self, faults: usize) {
        let measures = self.measures();
        assert!(measures.repeated > 0 && measures.lost > 0, "no write had to be repeated");
        assert_eq!(measures.recoveries.len(), faults, "a write was acknowledged after each fault");
        // What was sent again on purpose was replayed, and so was what had been done when its answer was lost.
        let again = measures.acknowledged.get(AGAIN).map_or(0, |tally| tally.count);
        assert!(again > 0 && measures.replayed >= again, "{} of {again} were replayed", measures.replayed);
    }

    pub(crate) fn summary(&self) -> String {
        let measures = self.measures();
        let total: u32 = measures.acknowledged.values().map(|tally| tally.count).sum();
        let mut text = format!(
            "{total} writes acknowledged, {} of them after a repetition, {} replayed; {} answers 503, {} not waited for; \
             longest gap without an acknowledged write {:.1?}, longest request {:.1?}\nfirst write after each fault: {:.1?}\n\
             count, mean and longest of each kind:\n",
            measures.repeated,
            measures.replayed,
            measures.unavailable,
            measures.lost,
            measures.longest_gap,
            measures.longest_request,
            measures.recoveries,
        );
        for (kind, Tally { count, sum, longest }) in &measures.acknowledged {
            writeln!(text, "{kind:>16} {count:>6} {:>10.1?} {longest:>8.1?}", *sum / *count).unwrap();
        }
        text
    }
}

struct Reply {
    status: StatusCode,
    body: Value,
    says_when: bool,
    replayed: bool,
}

async fn read(request: RequestBuilder) -> Result<Reply, Error> {
    let answer: Response = request.send().await?;
    let status = answer.status();
    let says_when = answer.headers().get("retry-after").is_some_and(|value| value.to_str().is_ok());
    let replayed = answer.headers().contains_key("idempotent-replayed");
    let body = answer.bytes().await?;
    Ok(Reply { status, body: serde_json::from_slice(&body).unwrap_or_default(), says_when, replayed })
}
