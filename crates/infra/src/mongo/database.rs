//! The open database: every call has a deadline and waits its turn; transactions are repeated until they went through.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::StoreError;
use aviary_domain::id::RawId;
use mongodb::error::UNKNOWN_TRANSACTION_COMMIT_RESULT;
use mongodb::options::{Acknowledgment, ReadConcern, TransactionOptions, WriteConcern};
use mongodb::{Client, ClientSession};
use tokio::time::{sleep, timeout};

use super::access::Access;
use super::error::{OutOfTime, TxError};
use super::hot::HotKeys;
use super::turn::Turns;
use crate::system::random_bytes;

/// The longest that a call may take, waiting for its turn and all its repetitions included.
const DEADLINE: Duration = Duration::from_secs(10);

/// The first pause before a transaction is repeated; each further one is longer, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const MAX_PAUSE: Duration = Duration::from_millis(256);

/// A handle of the open database; clones share it.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    database: mongodb::Database,
    turns: Turns,
    hot: HotKeys,
}

impl Database {
    pub(super) fn new(client: Client, database: mongodb::Database) -> Self {
        Self { inner: Arc::new(Inner { client, database, turns: Turns::default(), hot: HotKeys::default() }) }
    }

    /// Does steps that need no transaction: a read, or one write that is atomic by itself. Not to be called within
    /// a transaction, whose turn it would wait behind.
    pub(crate) async fn run<T, F>(&self, steps: impl FnOnce(Access) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, TxError>>,
    {
        self.in_time(async {
            let turn = self.inner.turns.take().await?;
            steps(Access::plain(self.inner.database.clone(), turn.lane())).await
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
        self.in_time(async {
            let mut pauses = Pauses::default();
            loop {
                match self.attempt(hot, &steps).await {
                    Err(error) if error.is_transient() => pauses.next().await,
                    done => return done,
                }
            }
        })
        .await
    }

    /// Ends the client; from then on every call fails.
    pub async fn close(&self) {
        self.inner.turns.close();
        // It waits for what was begun on any runtime to be tidied up, which one that stands still would never do.
        if timeout(DEADLINE, async { self.inner.client.clone().shutdown().await }).await.is_err() {
            tracing::warn!("the connections to MongoDB could not be closed in time");
        }
    }

    /// The driver's own database, for what happens before serving.
    pub(super) fn driver(&self) -> &mongodb::Database {
        &self.inner.database
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, TxError>>) -> Result<T, StoreError> {
        match timeout(DEADLINE, work).await {
            Ok(done) => done.map_err(StoreError::from),
            Err(_) => Err(StoreError::unavailable(OutOfTime)),
        }
    }

    async fn attempt<T, F>(&self, hot: &[RawId], steps: &impl Fn(Access) -> F) -> Result<T, TxError>
    where
        F: Future<Output = Result<T, TxError>>,
    {
        // Before the turn: who queues for a hot document must not keep others from theirs.
        let keys = self.inner.hot.hold(hot).await;
        let turn = self.inner.turns.take().await?;
        let mut session = self.inner.client.start_session().await?;
        let concern = if keys.is_empty() { durable() } else { visible() };
        session.start_transaction().with_options(transaction_options(concern)).await?;
        let access = Access::within(self.inner.database.clone(), turn.lane(), session);
        let done = steps(access.clone()).await;
        let mut session = access.session().await?;
        let answer = match done {
            Ok(answer) => answer,
            Err(error) => {
                abort(&mut session).await;
                return Err(error);
            }
        };
        commit(&mut session).await?;
        if !keys.is_empty() {
            // Who queues goes on while this one waits for the journals: many then wait for them together. What they
            // build on may still be lost, but stands before theirs in the log, so that they would be lost with it.
            drop(keys);
            // By the driver's rules a repeated commit asks for a majority, which writes its journals before it answers
            // (`writeConcernMajorityJournalDefault`), and is transient where the first one was lost.
            commit(&mut session).await?;
        }
        Ok(answer)
    }
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
