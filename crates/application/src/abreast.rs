//! The same for many things, some of them at a time: the media store may be far away, and should not be stormed either.

use tokio::task::JoinSet;

use crate::Error;

/// How many calls to the media store are under way at a time.
const AT_ONCE: usize = 8;

/// Does the work for each item, [`AT_ONCE`] at a time, in no order. A failed one does not keep the others from being done; a
/// failure is returned in the end.
pub(crate) async fn some_at_once<I, T, W>(
    items: impl IntoIterator<Item = I>,
    work: impl Fn(I) -> W,
) -> Result<Vec<T>, Error>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Error>> + Send + 'static,
{
    let mut items = items.into_iter();
    let mut running: JoinSet<_> = items.by_ref().take(AT_ONCE).map(&work).collect();
    let (mut ends, mut failure) = (Vec::new(), None);
    while let Some(end) = running.join_next().await {
        match end.unwrap_or_else(|fault| Err(Error::Internal(fault.into()))) {
            Ok(end) => ends.push(end),
            Err(error) => failure = failure.or(Some(error)),
        }
        if let Some(item) = items.next() {
            running.spawn(work(item));
        }
    }
    failure.map_or(Ok(ends), Err)
}
