//! Group commit: writes of one kind that come at the same moment are put down by one transaction, whose few operations
//! serve all of them. Nobody waits for company; see [`Batches`].

use std::collections::HashMap;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aviary_domain::StoreError;
use aviary_domain::id::RawId;

use super::Database;
use super::access::Access;
use super::batch::Batches;
use super::error::TxError;

/// A write that can be put down with others of its kind.
pub(super) trait GroupWrite: Clone + Send + Sync + 'static {
    /// What its caller is told.
    type Answer: Clone + Send + Sync + 'static;

    /// What others may want to change at the same moment; see [`Database::transact`].
    fn hot(&self) -> Vec<RawId>;

    /// Those of one line go together, those of different lines beside each other. What these write to must be apart, or
    /// they wait for one another.
    fn line(&self) -> u8 {
        0
    }

    /// Puts these down, as if one after the other, and answers each in the same order. An error undoes all of them.
    fn put_down(tx: &Access, writes: &[Self]) -> impl Future<Output = Result<Vec<Self::Answer>, TxError>> + Send;
}

/// The writes of one kind that wait for their transaction.
pub(super) struct GroupCommit<W: GroupWrite> {
    waiting: Arc<Batches<u8, Numbered<W>, Answers<W>>>,
    /// How many there were.
    numbers: AtomicU64,
}

/// A write with a number of its own.
type Numbered<W> = (u64, W);

/// What the callers of writes are told, by the numbers of the writes.
type Answers<W> = HashMap<u64, <W as GroupWrite>::Answer>;

/// About how many writes go together: more of them would only keep others away from what they write to.
const MOST: usize = 100;

impl<W: GroupWrite> Default for GroupCommit<W> {
    fn default() -> Self {
        Self { waiting: Arc::new(Batches::of_at_most(MOST)), numbers: AtomicU64::default() }
    }
}

impl<W: GroupWrite> GroupCommit<W> {
    /// Puts a write down, with those that wait, and answers once a majority has it. Where that fails before anything is
    /// committed, because one of them is refused or others write to the same documents, each is put down by itself.
    ///
    /// Not to be called within a call of the database, whose turn the transaction would wait behind.
    pub(super) async fn put_down(&self, database: &Database, write: W) -> Result<W::Answer, StoreError> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let asked = vec![(number, write.clone())];
        let transacting = database.clone();
        let look = move |writes| together(transacting.clone(), writes);
        let steps = async {
            // Not on the runtime of a worker, which may end before those of others who wait.
            let answers = self.waiting.ask_on(&database.home(), write.line(), asked, look).await?;
            match answers.get(&number) {
                Some(answer) => Ok(answer.clone()),
                None => database.repeat(&write.hot(), &async |tx| alone(&tx, &write).await).await,
            }
        };
        database.in_time(steps).await
    }
}

/// What becomes of these writes; nothing where they could not be put down together.
async fn together<W: GroupWrite>(database: Database, writes: Vec<Numbered<W>>) -> Result<Answers<W>, TxError> {
    let (numbers, writes): (Vec<u64>, Vec<W>) = writes.into_iter().unzip();
    let hot: Vec<RawId> = writes.iter().flat_map(W::hot).collect();
    let writes = &writes;
    let answers = database.try_transact(&hot, |tx| async move { W::put_down(&tx, writes).await }).await?;
    Ok(answers.map(|answers| numbers.into_iter().zip(answers).collect()).unwrap_or_default())
}

async fn alone<W: GroupWrite>(tx: &Access, write: &W) -> Result<W::Answer, TxError> {
    let answers = W::put_down(tx, slice::from_ref(write)).await?;
    answers.into_iter().next().ok_or_else(|| StoreError::backend("a write was left without an answer").into())
}
