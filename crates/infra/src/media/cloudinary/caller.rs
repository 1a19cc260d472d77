//! One server as it is spoken to: time-outs, repetitions with growing pauses until a deadline, and the circuit breaker. What
//! is said is not known here.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use tokio::time::{Instant, timeout};

use super::breaker::Breaker;
use super::failure::{Failed, Failure};
use super::settings::Patience;
use crate::system::random_bytes;

/// The longest answer that is read, in bytes: a list of 500 assets takes about 300,000.
const LONGEST_ANSWER: usize = 4 << 20;

/// The first pause before a call is repeated; each further one is twice as long, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// An answer that says yes.
pub(super) struct Reply {
    /// By what the server knows the request.
    pub request: String,
    /// The body, of at most [`LONGEST_ANSWER`] bytes.
    pub body: Vec<u8>,
}

/// How long a call is repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Persistence {
    limit: Duration,
    /// Whether the limit is counted from the first failure, and not from the beginning.
    since_failure: bool,
    /// Whether it waits for a server that is known to be out of reach.
    waits: bool,
}

impl Persistence {
    /// No attempt begins later, and the last one takes the time that it takes; while the server is known to be out of reach,
    /// there is none.
    pub(super) fn within(limit: Duration) -> Self {
        Self { limit, since_failure: false, waits: false }
    }

    /// For what takes long by nature: the limit begins with the first failure.
    pub(super) fn after_failure(limit: Duration) -> Self {
        Self { limit, since_failure: true, waits: false }
    }

    /// For what much was done for already: it also waits for a server that is out of reach.
    pub(super) fn waiting(self) -> Self {
        Self { waits: true, ..self }
    }
}

/// A server.
pub(super) struct Caller {
    breaker: Breaker,
}

impl Caller {
    pub(super) fn new(patience: &Patience) -> Self {
        Self { breaker: Breaker::new(patience.failures, patience.pause) }
    }

    /// Whether nothing is known to be wrong.
    pub(super) fn is_reachable(&self) -> bool {
        self.breaker.is_closed()
    }

    /// Tries until it succeeds, cannot succeed any more, or has taken too long.
    pub(super) async fn call<T, F>(
        &self,
        call: &'static str,
        persistence: Persistence,
        attempt: impl Fn() -> F,
    ) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let begun = Instant::now();
        let mut first_failure = None;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let failure = match self.once(&attempt).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let now = Instant::now();
            let failed_first = *first_failure.get_or_insert(now);
            let counted_from = if persistence.since_failure { failed_first } else { begun };
            let left = persistence.limit.saturating_sub(now - counted_from);
            let pause = pause(attempts).max(failure.again());
            let in_vain = matches!(failure, Failure::Open(_)) && !persistence.waits;
            if in_vain || !failure.may_pass() || pause > left {
                return Err(Failed { call, attempts, failure });
            }
            tracing::info!(call, attempts, %failure, "Cloudinary is asked again");
            tokio::time::sleep(pause).await;
        }
    }

    /// Tries once, if the server is not known to be out of reach.
    pub(super) async fn once<T, F>(&self, attempt: impl FnOnce() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let pass = self.breaker.admit(Instant::now()).map_err(Failure::Open)?;
        let outcome = attempt().await;
        match &outcome {
            Err(failure) if failure.is_outage() => pass.failed(Instant::now()),
            // That our own file cannot be read says nothing about the server.
            Err(Failure::File(_)) => drop(pass),
            Ok(_) | Err(_) => pass.answered(),
        }
        outcome
    }
}

/// Half of it is left to chance, so that those who failed together do not come again together.
fn pause(attempts: u32) -> Duration {
    let [chance] = random_bytes::<1>();
    let longest = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(MAX_PAUSE);
    longest / 2 + (longest / 2) * u32::from(chance) / u32::from(u8::MAX)
}

/// Sends a request and reads the whole answer within this time.
pub(super) async fn exchange(request: RequestBuilder, limit: Duration) -> Result<Reply, Failure> {
    timeout(limit, send(request)).await.unwrap_or(Err(Failure::TimedOut(limit)))
}

/// Sends a request and reads the whole answer, however long it takes.
pub(super) async fn send(request: RequestBuilder) -> Result<Reply, Failure> {
    let mut response = request.send().await?;
    let request = request_id(&response);
    let status = response.status();
    let again = retry_after(&response);
    let body = read(&mut response, &request).await?;
    if status.is_success() {
        return Ok(Reply { request, body });
    }
    // What it says about it is not for our logs: it can hold what was signed.
    Err(Failure::Refused { status: status.as_u16(), request, again })
}

async fn read(response: &mut Response, request: &str) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(Failure::Unbelievable { what: "the answer is too long", request: request.to_owned() });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// By what Cloudinary knows the request, as far as it can stand in a log.
fn request_id(response: &Response) -> String {
    let header = response.headers().get("x-request-id").and_then(|value| value.to_str().ok()).unwrap_or("unknown");
    header.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect()
}

/// `Retry-After` in seconds; as a date it is not understood.
fn retry_after(response: &Response) -> Option<Duration> {
    let header = response.headers().get(reqwest::header::RETRY_AFTER)?;
    header.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Caller, MAX_PAUSE, Persistence, pause};
    use crate::media::cloudinary::failure::Failure;
    use crate::media::cloudinary::settings::Patience;

    fn refused(status: u16, again: Option<Duration>) -> Failure {
        Failure::Refused { status, request: String::new(), again }
    }

    fn caller(failures: u32) -> Caller {
        Caller::new(&Patience { failures, ..Patience::default() })
    }

    /// How often a call was tried, whether it succeeded, and how long it took.
    async fn tried(
        caller: &Caller,
        persistence: Persistence,
        outcome: impl Fn(u32) -> Result<(), Failure>,
    ) -> (u32, bool, Duration) {
        let (count, begun) = (AtomicU32::new(0), Instant::now());
        let attempt = || std::future::ready(outcome(count.fetch_add(1, Ordering::Relaxed) + 1));
        let done = caller.call("test", persistence, attempt).await;
        (count.into_inner(), done.is_ok(), begun.elapsed())
    }

    /// How finely the clock of these tests goes, which stands still while anybody works.
    const TICK: Duration = Duration::from_millis(1);

    const SOON: Persistence = Persistence { limit: Duration::from_secs(2), since_failure: false, waits: false };

    #[test]
    fn pauses_grow_and_are_left_to_chance() {
        let of = |attempts| (0..200).map(|_| pause(attempts)).collect::<std::collections::BTreeSet<_>>();
        assert!(of(1).iter().all(|pause| (50..=100).contains(&pause.as_millis())));
        assert!(of(3).iter().all(|pause| (200..=400).contains(&pause.as_millis())));
        assert!(of(u32::MAX).iter().all(|pause| (MAX_PAUSE / 2..=MAX_PAUSE).contains(pause)));
        assert!(of(1).len() > 10, "chance plays");
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_and_the_rest_is_not() {
        let third = |n| if n < 3 { Err(refused(503, None)) } else { Ok(()) };
        let (count, done, _) = tried(&caller(9), SOON, third).await;
        assert_eq!((count, done), (3, true));
        let (count, done, _) = tried(&caller(9), SOON, |_| Err(refused(401, None))).await;
        assert_eq!((count, done), (1, false));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_it() {
        let limit = Duration::from_millis(500);
        let (count, done, took) = tried(&caller(99), Persistence::within(limit), |_| Err(refused(429, None))).await;
        assert!(!done && took <= limit + TICK && (2..=4).contains(&count), "{count} in {took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_says_when_to_come_again() {
        let second = |again| move |n| if n < 2 { Err(refused(429, Some(again))) } else { Ok(()) };
        let (_, done, took) = tried(&caller(9), SOON, second(Duration::from_secs(1))).await;
        assert!(done && took >= Duration::from_secs(1));
        let (count, done, took) = tried(&caller(9), SOON, second(Duration::from_secs(9))).await;
        assert!(!done && count == 1 && took <= TICK, "nobody waits in vain: {took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_at_once_to_those_who_come_after() {
        let caller = caller(3);
        let (count, done, _) =
            tried(&caller, Persistence::within(Duration::from_secs(30)), |_| Err(refused(500, None))).await;
        assert_eq!((count, done), (3, false), "it ends when the breaker opens");
        let (count, _, took) = tried(&caller, SOON, |_| Ok(())).await;
        assert!(count == 0 && took <= TICK, "{took:?}");
        assert!(!caller.is_reachable());
    }

    #[tokio::test(start_paused = true)]
    async fn rate_limits_are_no_outage() {
        let caller = caller(2);
        let (count, ..) = tried(&caller, SOON, |n| if n < 5 { Err(refused(420, None)) } else { Ok(()) }).await;
        assert!(count == 5 && caller.is_reachable());
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_of_an_upload_waits_for_the_server_to_come_back() {
        let caller = Caller::new(&Patience { failures: 2, pause: Duration::from_millis(300), ..Patience::default() });
        let persistence = Persistence::after_failure(Duration::from_secs(5)).waiting();
        let (count, done, _) =
            tried(&caller, persistence, |n| if n < 4 { Err(refused(502, None)) } else { Ok(()) }).await;
        assert_eq!((count, done), (4, true));
    }
}
