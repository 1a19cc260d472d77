//! Pages that a snapshot was asked for. As long as it lasts they stay what they are, so whoever asks again gets what was
//! read for the one before: the list that everybody begins with, the comments of what everybody watches.

use std::collections::HashMap;
use std::hash::Hash;

use aviary_domain::comment::CommentCard;
use aviary_domain::id::RawId;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::video::{VideoCard, VideoOrder, VideoScope};

use super::error::SqlError;
use crate::page_key::PageKey;

/// How many items are kept of each kind, about. Pages further on take at most half of it: whoever walks through a whole
/// list leaves room for what everybody begins with.
const MOST: u64 = 200;

/// What a reader keeps beside its snapshot.
#[derive(Default)]
pub(super) struct Answers {
    /// Lists of videos.
    pub(super) videos: Pages<(VideoScope, VideoOrder), Page<VideoCard>>,
    /// Comments of videos, as somebody sees them; `None` where there is nothing to be seen.
    pub(super) comments: Pages<(RawId, Option<RawId>), Option<Page<CommentCard>>>,
}

impl Answers {
    /// To be called when the snapshot ends.
    pub(super) fn forget(&mut self) {
        self.videos.forget();
        self.comments.forget();
    }
}

/// Pages of one kind, by what they list and which part of it.
pub(super) struct Pages<K, A> {
    kept: HashMap<(K, PageKey), A>,
    /// How many items they have at the most.
    items: u64,
}

impl<K, A> Default for Pages<K, A> {
    fn default() -> Self {
        Self { kept: HashMap::new(), items: 0 }
    }
}

impl<K: Hash + Eq, A: Clone> Pages<K, A> {
    /// The page, read if it was not asked for before.
    pub(super) fn get(
        &mut self,
        key: K,
        page: &PageRequest,
        read: impl FnOnce() -> Result<A, SqlError>,
    ) -> Result<A, SqlError> {
        let key = (key, PageKey::of(page));
        if let Some(kept) = self.kept.get(&key) {
            return Ok(kept.clone());
        }
        let answer = read()?;
        let (size, room) = (page.size.get(), if key.1.is_first() { MOST } else { MOST / 2 });
        if self.items + size <= room && key.1.is_short() {
            self.items += size;
            self.kept.insert(key, answer.clone());
        }
        Ok(answer)
    }

    fn forget(&mut self) {
        if self.items > 0 {
            self.kept.clear();
            self.items = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::StoreError;
    use aviary_domain::page::{Cursor, ListOrder, PageNumber, PageSize, PageStart, SortDirection, SortValue};
    use aviary_domain::video::VideoSort;

    use super::*;

    fn first(size: u64) -> PageRequest {
        PageRequest::first(PageSize::new(size).unwrap())
    }

    fn ask(pages: &mut Pages<&'static str, u32>, key: &'static str, page: &PageRequest, answer: u32) -> u32 {
        pages.get(key, page, || Ok(answer)).unwrap()
    }

    #[test]
    fn a_page_is_read_once_until_it_is_forgotten() {
        let mut pages = Pages::default();
        let size = PageSize::new(20).unwrap();
        let second = PageRequest { start: PageStart::Number(PageNumber::new(2, size).unwrap()), size };
        assert_eq!(ask(&mut pages, "a", &first(20), 1), 1);
        assert_eq!(ask(&mut pages, "a", &first(20), 2), 1, "it is kept");
        assert_eq!(ask(&mut pages, "a", &first(10), 3), 3, "another length is another page");
        assert_eq!(ask(&mut pages, "b", &first(20), 4), 4);
        assert_eq!((ask(&mut pages, "a", &second, 6), ask(&mut pages, "a", &second, 7)), (6, 6));
        pages.forget();
        assert_eq!(ask(&mut pages, "a", &first(20), 5), 5);
    }

    #[test]
    fn failures_and_what_has_no_room_are_not_kept() {
        let mut pages = Pages::default();
        assert!(pages.get("a", &first(20), || Err(StoreError::backend("torn").into())).is_err());
        assert_eq!(ask(&mut pages, "a", &first(20), 3), 3);
        assert_eq!(ask(&mut pages, "b", &first(100), 4), 4);
        assert_eq!((ask(&mut pages, "c", &first(100), 5), ask(&mut pages, "c", &first(100), 6)), (5, 6), "no room");
        assert_eq!((ask(&mut pages, "c", &first(80), 7), ask(&mut pages, "c", &first(80), 8)), (7, 7), "it just fits");
    }

    #[test]
    fn pages_further_on_leave_half_of_the_room_and_long_cursors_are_not_kept() {
        let mut pages = Pages::default();
        let size = PageSize::new(50).unwrap();
        let number = |number| PageRequest { start: PageStart::Number(PageNumber::new(number, size).unwrap()), size };
        for (page, kept) in [(2, 1), (3, 1), (4, 2)] {
            assert_eq!((ask(&mut pages, "a", &number(page), 1), ask(&mut pages, "a", &number(page), 2)), (1, kept));
        }
        assert_eq!((ask(&mut pages, "a", &first(100), 3), ask(&mut pages, "a", &first(100), 4)), (3, 3));
        pages.forget();
        let order = ListOrder::Videos(VideoSort::Title, SortDirection::Ascending);
        for (length, kept) in [(10, 1), (10_000, 2)] {
            let after = Cursor::new(order, SortValue::Text("t".repeat(length)), [1; 12]);
            let page = PageRequest::after(after, PageSize::new(1).unwrap());
            assert_eq!((ask(&mut pages, "a", &page, 1), ask(&mut pages, "a", &page, 2)), (1, kept));
        }
    }
}
