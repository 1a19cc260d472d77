//! What the rules have in common: refusals, walks through lists in every way, counts held against the facts.

use std::fmt::Debug;

use crate::dashboard::ChannelStats;
use crate::file::FileKey;
use crate::id::RawId;
use crate::maintenance::{DriftReport, Reconcile};
use crate::page::{Cursor, ListOrder, Page, PageNumber, PageRequest, PageSize, PageStart};
use crate::test_support::fixture::far_future;
use crate::user::User;
use crate::video::Video;
use crate::{Id, Store, StoreError};

/// How many requests run at once where a rule is about races.
pub(super) const CROWD: usize = 50;

/// The step was refused because of this very field.
pub(super) fn assert_conflict<T: Debug>(result: Result<T, StoreError>, expected: &str) {
    match result {
        Err(StoreError::Conflict { field }) => assert_eq!(field, expected, "the refusal names the wrong field"),
        other => panic!("expected a conflict of {expected}, got {other:?}"),
    }
}

/// Of many steps at once exactly one succeeded; all others were refused because of this field.
pub(super) fn assert_one_winner<T: Debug>(results: Vec<Result<T, StoreError>>, field: &str) {
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1, "exactly one must succeed");
    for result in lost {
        assert_conflict(result, field);
    }
}

/// Every stored count equals the facts.
pub(super) async fn assert_no_drift(store: &Store) {
    let report = store.maintenance.reconcile(Reconcile::Report).await.unwrap();
    assert_eq!(report, DriftReport::default(), "stored counts differ from the facts");
}

/// Purges in steps of this size until nothing is left.
pub(super) async fn purge_all(store: &Store, limit: usize) {
    for _ in 0..10_000 {
        if store.maintenance.purge(limit).await.unwrap() == 0 {
            return;
        }
    }
    panic!("the purge does not come to an end");
}

/// All files that no row owns, in any order.
pub(super) async fn ownerless(store: &Store) -> Vec<FileKey> {
    let due = store.files.due(far_future(), 10_000).await.unwrap();
    due.into_iter().map(|file| file.key).collect()
}

/// Exactly these files are without an owner.
pub(super) async fn assert_ownerless(store: &Store, expected: &[&FileKey]) {
    let mut found = ownerless(store).await;
    let mut expected: Vec<FileKey> = expected.iter().copied().cloned().collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "the ledger holds exactly the files that no row owns");
}

/// The video as it is stored now; it must be there.
pub(super) async fn stored(store: &Store, video: Id<Video>) -> Video {
    store.videos.find(video).await.unwrap().expect("the video is there")
}

/// The numbers of a user's channel.
pub(super) async fn stats(store: &Store, user: Id<User>) -> ChannelStats {
    store.dashboard.stats(user).await.unwrap().expect("the user is there")
}

/// The first page of the largest size.
pub(super) fn first() -> PageRequest {
    PageRequest::first(PageSize::MAX)
}

/// The first page of a smaller size.
pub(super) fn first_of(size: u64) -> PageRequest {
    PageRequest::first(PageSize::new(size).unwrap())
}

/// What a list promises besides its items.
#[derive(Clone, Copy)]
pub(super) struct Listing<'a> {
    /// Names the list in failures.
    pub(super) what: &'a str,
    /// The order that its cursors belong to.
    pub(super) order: ListOrder,
    /// Whether a page that was asked for by number tells the total.
    pub(super) counted: bool,
}

impl Listing<'_> {
    /// Walks the list by page number and by cursor, in several sizes: each time it holds exactly these items in this
    /// order, every page but the last is full, and the last one knows that it is.
    pub(super) async fn assert_holds<T>(
        self,
        expected: &[RawId],
        id: impl Fn(&T) -> RawId,
        fetch: impl AsyncFn(PageRequest) -> Page<T>,
    ) {
        let shown = |ids: &[RawId]| ids.iter().map(|raw| Id::<T>::from_bytes(*raw)).collect::<Vec<_>>();
        for size in [1, 3, 100].map(|size| PageSize::new(size).unwrap()) {
            for by_cursor in [false, true] {
                let items = self.walk(size, by_cursor, expected.len(), &fetch).await;
                let found: Vec<RawId> = items.iter().map(&id).collect();
                let way = if by_cursor { "cursor" } else { "page number" };
                let context = format!("{}, {} at a time, by {way}", self.what, size.get());
                assert_eq!(shown(&found), shown(expected), "{context}");
            }
        }
    }

    async fn walk<T>(
        self,
        size: PageSize,
        by_cursor: bool,
        length: usize,
        fetch: &impl AsyncFn(PageRequest) -> Page<T>,
    ) -> Vec<T> {
        let mut items = Vec::new();
        let mut start = PageStart::Number(PageNumber::FIRST);
        for number in 2.. {
            let numbered = matches!(start, PageStart::Number(_));
            let page = fetch(PageRequest { start, size }).await;
            self.check_page(&page, size, numbered, length);
            items.extend(page.items);
            assert!(items.len() <= length, "{}: the list repeats items or does not end", self.what);
            let Some(cursor) = page.next else { break };
            start = if by_cursor {
                PageStart::After(self.through_text(&cursor))
            } else {
                PageStart::Number(PageNumber::new(number, size).unwrap())
            };
        }
        items
    }

    fn check_page<T>(self, page: &Page<T>, size: PageSize, numbered: bool, length: usize) {
        let what = self.what;
        let total = (self.counted && numbered).then(|| u64::try_from(length).unwrap());
        assert_eq!(page.total, total, "{what}: the total (told by page number: {})", self.counted);
        let held = u64::try_from(page.items.len()).unwrap();
        assert!(held <= size.get(), "{what}: a page holds at most what was asked for");
        assert!(page.next.is_none() || held == size.get(), "{what}: every page but the last is full");
    }

    /// Clients see cursors as text: one that does not survive it is of no use.
    fn through_text(self, cursor: &Cursor) -> Cursor {
        let read = Cursor::decode(&cursor.encode(), self.order).expect("a cursor belongs to the order of its list");
        assert_eq!(&read, cursor, "{}: a cursor survives its text", self.what);
        read
    }
}

/// An order in which to add so many things, so that neither time nor id nor key follows the order of adding.
pub(super) fn shuffled(number: usize) -> impl Iterator<Item = usize> {
    let stride = [7, 11, 13].into_iter().find(|stride| !number.is_multiple_of(*stride)).unwrap_or(1);
    (0..number).map(move |step| step * stride % number)
}
