//! The open database: every call has a deadline and waits its turn; transactions are repeated until they went through.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aviary_domain::StoreError;
use aviary_domain::id::RawId;
use mongodb::error::UNKNOWN_TRANSACTION_COMMIT_RESULT;
use mongodb::options::{Acknowledgment, ReadConcern, TransactionOptions, WriteConcern};
use mongodb::{Client, ClientSession};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::abandoned::Abandoned;
use super::access::Access;
use super::clients::Clients;
use super::error::{OutOfTime, TxError};
use super::hot::{Held, HotKeys};
use super::known::Known;
use super::lent::Lent;
use super::turn::Turns;
use crate::system::random_bytes;

/// The longest that a call may take, waiting for its turn and all its repetitions included.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// The same once a call has waited that long in vain, until one is answered again: what asks several times for one
/// request must not wait ten seconds each time.
const SHORT_DEADLINE: Duration = Duration::from_secs(2);

/// After how long a call that has no answer looks whether a transaction of a dead process stands in its way, and how
/// often from then on.
const BLOCKED: Duration = Duration::from_secs(1);

/// How often steps of many are tried together, and how long they wait for what one of them may want to change.
const ATTEMPTS: u32 = 3;
const SHORT_WAIT: Duration = Duration::from_millis(100);

/// The first pause before a transaction is repeated; each further one is longer, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const MAX_PAUSE: Duration = Duration::from_millis(256);

/// A handle of the open database; clones share it.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Clients,
    turns: Turns,
    hot: HotKeys,
    /// Whether the last call that came to an end had waited in vain.
    silent: AtomicBool,
    abandoned: Abandoned,
    known: Arc<Known>,
    /// Whether the deployment is a sharded cluster.
    is_sharded: bool,
}

impl Database {
    pub(super) fn new(clients: Clients, is_sharded: bool) -> Self {
        let (turns, hot, silent) = (Turns::default(), HotKeys::default(), AtomicBool::default());
        let (abandoned, known) = (Abandoned::default(), Arc::default());
        Self { inner: Arc::new(Inner { clients, turns, hot, silent, abandoned, known, is_sharded }) }
    }

    /// Does steps that need no transaction: a read, or one write that is atomic by itself. Not to be called within
    /// a transaction, whose turn it would wait behind.
    pub(crate) async fn run<T, F>(&self, steps: impl FnOnce(Access) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, TxError>>,
    {
        self.in_time(async {
            let turn = self.inner.turns.take().await?;
            let access = self.access_in(turn.lane());
            let done = steps(access.clone()).await;
            access.forget_changed();
            done
        })
        .await
    }

    /// Does steps wholly or not at all, in one snapshot; success is told once a majority would survive a power loss
    /// with it. An error of the steps undoes them.
    ///
    /// The steps may run many times: they must change nothing but the database, and must let every error of the
    /// driver through. `hot` names what many callers may want to change at once (the video, the channel, the user):
    /// within this process they then queue instead of undoing one another. Nothing but progress depends on it.
    pub(crate) async fn transact<T, F>(&self, hot: &[RawId], steps: impl Fn(Access) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, TxError>>,
    {
        self.in_time(self.repeat(hot, &steps)).await
    }

    /// The same for steps of many callers, of which any can be in the way of the others: soon given up. `None` when
    /// nothing was committed, whatever the reason. To be called within [`Database::in_time`].
    pub(super) async fn try_transact<T, F>(
        &self,
        hot: &[RawId],
        steps: impl Fn(Access) -> F,
    ) -> Result<Option<T>, TxError>
    where
        F: Future<Output = Result<T, TxError>>,
    {
        let mut pauses = Pauses::default();
        for _ in 0..ATTEMPTS {
            let Ok(held) = timeout(SHORT_WAIT, self.inner.hot.hold(hot)).await else { return Ok(None) };
            match self.attempt(held, &steps).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(failed) if failed.repeatable => pauses.next().await,
                Err(failed) if failed.is_certain => return Ok(None),
                Err(failed) => return Err(failed.error),
            }
        }
        Ok(None)
    }

    /// The runtime on which the database was opened.
    pub(super) fn home(&self) -> Handle {
        self.inner.clients.home()
    }

    /// Ends the client; from then on every call fails.
    pub async fn close(&self) {
        self.inner.turns.close();
        // It waits for what was begun on any runtime to be tidied up, which one that stands still would never do.
        if timeout(DEADLINE, self.inner.clients.shutdown()).await.is_err() {
            tracing::warn!("the connections to MongoDB could not be closed in time");
        }
    }

    /// The driver's own database, for what happens before serving and beside it.
    pub(super) fn driver(&self) -> &mongodb::Database {
        self.inner.clients.first()
    }

    /// What this process remembers of the database.
    pub(super) fn known(&self) -> &Known {
        &self.inner.known
    }

    /// Access without a transaction, in this lane.
    pub(super) fn access_in(&self, lane: u8) -> Access {
        Access::plain(self.inner.clients.here(), lane, Arc::clone(&self.inner.known), self.inner.is_sharded)
    }

    /// Waits no longer than a call may take, for what has turns of its own.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = Result<T, TxError>>) -> Result<T, StoreError> {
        let silent = &self.inner.silent;
        let limit = if silent.load(Ordering::Relaxed) { SHORT_DEADLINE } else { DEADLINE };
        let done = tokio::select! {
            biased;
            done = timeout(limit, work) => done,
            never = self.clear_the_way() => match never {},
        };
        let Ok(done) = done else {
            silent.store(true, Ordering::Relaxed);
            return Err(StoreError::unavailable(OutOfTime));
        };
        if !done.as_ref().is_err_and(|error| error.may_pass() || error.is_unavailable()) {
            silent.store(false, Ordering::Relaxed);
        }
        done.map_err(StoreError::from)
    }

    /// Ends what dead processes left open, from when a call has waited for long.
    async fn clear_the_way(&self) -> Infallible {
        loop {
            sleep(BLOCKED).await;
            self.inner.abandoned.end(self.inner.clients.here().database.client()).await;
        }
    }

    /// Does steps as [`Database::transact`] does, to be called within [`Database::in_time`].
    pub(super) async fn repeat<T, F>(&self, hot: &[RawId], steps: &impl Fn(Access) -> F) -> Result<T, TxError>
    where
        F: Future<Output = Result<T, TxError>>,
    {
        let mut pauses = Pauses::default();
        loop {
            // Before the turn: who queues for a hot document must not keep others from theirs.
            let held = self.inner.hot.hold(hot).await;
            match self.attempt(held, steps).await {
                Err(failed) if failed.repeatable => pauses.next().await,
                Err(failed) => return Err(failed.error),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    async fn attempt<T, F>(&self, held: Held<'_>, steps: &impl Fn(Access) -> F) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, TxError>>,
    {
        let turn = self.inner.turns.take().await.map_err(Failed::before_commit)?;
        // Where nobody queues, one commit is enough.
        let concern = if held.has_waited { visible() } else { durable() };
        let access = self.access_in(turn.lane());
        let client = access.client().clone();
        let session = begin(&client, concern).await.map_err(Failed::before_commit)?;
        let beside = access.clone();
        let access = access.within(session);
        let done = steps(access.clone()).await;
        let session = access.session().map_err(Failed::before_commit)?;
        let lent = Lent::new(&client, &session);
        let done = end(&mut *session.lock().await, done, held).await;
        lent.done();
        beside.forget_changed();
        done
    }
}

async fn begin(client: &Client, concern: WriteConcern) -> Result<ClientSession, TxError> {
    let mut session = client.start_session().await?;
    session.start_transaction().with_options(transaction_options(concern)).await?;
    Ok(session)
}

/// An attempt that did not succeed.
struct Failed {
    error: TxError,
    /// Whether nothing was committed and the same steps may succeed later.
    repeatable: bool,
    /// Whether it is certain that nothing was committed.
    is_certain: bool,
}

impl Failed {
    /// What nobody asked to commit is not committed, whatever the reason.
    fn before_commit(error: impl Into<TxError>) -> Self {
        let error = error.into();
        Self { repeatable: error.may_pass(), is_certain: true, error }
    }

    /// Only the deployment can tell that a commit did not happen.
    fn at_commit(error: TxError) -> Self {
        Self { repeatable: error.is_transient(), is_certain: error.is_transient(), error }
    }
}

/// Commits what was done, or undoes it.
async fn end<T>(session: &mut ClientSession, done: Result<T, TxError>, held: Held<'_>) -> Result<T, Failed> {
    let answer = match done {
        Ok(answer) => answer,
        Err(error) => {
            // One that the deployment has lost is forgotten there; nobody waits until it can be asked to.
            if !error.may_pass() {
                abort(session).await;
            }
            return Err(Failed::before_commit(error));
        }
    };
    commit(session).await.map_err(Failed::at_commit)?;
    if held.has_waited {
        // Who queues goes on while this one waits for the journals: many then wait for them together. What they
        // build on may still be lost, but stands before theirs in the log, so that they would be lost with it.
        drop(held);
        // By the driver's rules a repeated commit asks for a majority, which writes its journals before it answers
        // (`writeConcernMajorityJournalDefault`), and is transient where the first one was lost.
        commit(session).await.map_err(Failed::at_commit)?;
    }
    Ok(answer)
}

/// Commits, and asks again while nobody knows what became of it: repeating a commit does no harm.
async fn commit(session: &mut ClientSession) -> Result<(), TxError> {
    let mut pauses = Pauses::default();
    loop {
        match session.commit_transaction().await {
            Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => pauses.next().await,
            done => return done.map_err(TxError::from),
        }
    }
}

/// Whatever it answers: an aborted or forgotten transaction leaves nothing.
async fn abort(session: &mut ClientSession) {
    if let Err(cause) = session.abort_transaction().await {
        tracing::debug!(%cause, "a transaction could not be aborted and will expire");
    }
}

/// Pauses between repetitions, each longer than the one before.
struct Pauses {
    longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { longest: FIRST_PAUSE }
    }
}

impl Pauses {
    /// Between nothing and the longest, so that those who met do not meet again.
    async fn next(&mut self) {
        let [byte] = random_bytes::<1>();
        sleep(self.longest.mul_f64(f64::from(byte) / 255.0)).await;
        self.longest = MAX_PAUSE.min(self.longest * 2);
    }
}

/// What a majority has in its journal survives the loss of any minority, and of everybody's power.
pub(super) fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

/// What the primary has: enough to be built upon, not to be told.
fn visible() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Nodes(1)).build()
}

fn transaction_options(concern: WriteConcern) -> TransactionOptions {
    TransactionOptions::builder().read_concern(ReadConcern::snapshot()).write_concern(concern).build()
}
