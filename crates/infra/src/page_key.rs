//! Pages as keys: who asks for the same page of a list at the same moment need not be answered by a look of their own.

use aviary_domain::page::{Cursor, PageRequest};

/// Where a page starts and how long it is, the same in either store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    offset: u64,
    after: Option<String>,
    size: u64,
}

/// From how many bytes on a cursor is long. Nearly all take some tens; those of titles may be of any length.
const LONG: usize = 300;

impl PageKey {
    /// The key of a page; different ones for whatever is not the same request.
    pub(crate) fn of(page: &PageRequest) -> Self {
        Self { offset: page.offset(), after: page.cursor().map(Cursor::encode), size: page.size.get() }
    }

    /// Whether it is the beginning of its list.
    pub(crate) fn is_first(&self) -> bool {
        self.offset == 0 && self.after.is_none()
    }

    /// Whether it takes so little memory that many can be kept.
    pub(crate) fn is_short(&self) -> bool {
        self.after.as_ref().is_none_or(|after| after.len() < LONG)
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::page::{ListOrder, PageNumber, PageSize, PageStart, SortValue};

    use super::*;

    #[test]
    fn pages_have_the_same_key_only_where_they_are_the_same() {
        let (ten, twenty) = (PageSize::new(10).unwrap(), PageSize::new(20).unwrap());
        let numbered =
            |number, size| PageRequest { start: PageStart::Number(PageNumber::new(number, size).unwrap()), size };
        let after =
            |time, id| PageRequest::after(Cursor::new(ListOrder::Newest, SortValue::Integer(time), [id; 12]), ten);
        let pages = [
            PageRequest::first(ten),
            PageRequest::first(twenty),
            numbered(2, ten),
            numbered(2, twenty),
            after(7, 1),
            after(7, 2),
            after(8, 1),
        ];
        for (at, page) in pages.iter().enumerate() {
            for (other_at, other) in pages.iter().enumerate() {
                assert_eq!(PageKey::of(page) == PageKey::of(other), at == other_at, "{page:?} and {other:?}");
            }
        }
    }
}
