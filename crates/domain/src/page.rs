//! Pages and cursors. Every list has a total order (sort value, then id), so that no page repeats or skips an item.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::RawId;
use crate::{InvalidValue, StoreError};

/// How many items a page holds: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageSize(u8);

impl PageSize {
    /// The size of a page when nothing is said.
    pub const DEFAULT: Self = Self(10);
    /// The largest page.
    pub const MAX: Self = Self(100);

    /// A size from 1 to 100.
    pub fn new(size: u64) -> Result<Self, InvalidValue> {
        match u8::try_from(size) {
            Ok(size @ 1..=100) => Ok(Self(size)),
            _ => Err(InvalidValue::new("must be a whole number from 1 to 100")),
        }
    }

    /// The number of items.
    pub fn get(self) -> u64 {
        self.0.into()
    }
}

/// A page counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageNumber(u64);

impl PageNumber {
    /// The first page.
    pub const FIRST: Self = Self(1);
    /// Page numbers reach the first 100,000 items; a cursor goes on from there.
    pub const REACH: u64 = 100_000;

    /// A page number from 1, whose page of `size` lies within [`Self::REACH`].
    pub fn new(number: u64, size: PageSize) -> Result<Self, InvalidValue> {
        if number == 0 {
            return Err(InvalidValue::new("must be a whole number from 1"));
        }
        match number.checked_mul(size.get()) {
            Some(end) if end <= Self::REACH => Ok(Self(number)),
            _ => Err(InvalidValue::new("reaches past the first 100000 items: continue with cursor instead")),
        }
    }

    /// The number, from 1.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// The order that a cursor belongs to. A cursor of one order is refused in a list of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListOrder {
    /// By time, newest first: tweets, comments, likes, subscriptions, history, playlists.
    Newest,
    /// Videos by an attribute.
    Videos(crate::video::VideoSort, SortDirection),
    /// Videos by how well they match, best first, then newest first.
    Relevance,
    /// Playlist entries by position, first added first.
    Position,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortDirection {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// The sort value of the last item that was seen.
#[derive(Debug, Clone, PartialEq)]
pub enum SortValue {
    /// Times in milliseconds, counts and positions.
    Integer(i64),
    /// Durations in seconds.
    Real(f64),
    /// Folded titles.
    Text(String),
    /// A search result: its tier and the adapter's own position within it.
    Ranked {
        /// The tier, as an index into [`crate::search::SearchTier::ALL`].
        tier: u8,
        /// What the adapter orders by within a tier.
        position: i64,
    },
}

/// Where a list continues: after this sort value and id. Opaque to clients.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    order: ListOrder,
    value: SortValue,
    id: RawId,
}

impl Cursor {
    /// The cursor of the last item of a page.
    pub fn new(order: ListOrder, value: SortValue, id: RawId) -> Self {
        Self { order, value, id }
    }

    /// The sort value of the last item seen.
    pub fn value(&self) -> &SortValue {
        &self.value
    }

    /// The id of the last item seen.
    pub fn id(&self) -> RawId {
        self.id
    }

    /// What a store says that was given a cursor of another list. Decoding checks that, so it is a caller's mistake.
    pub fn foreign() -> StoreError {
        StoreError::backend("a cursor of another list")
    }

    /// URL-safe text.
    pub fn encode(&self) -> String {
        let mut bytes = vec![CURSOR_FORM, order_tag(self.order)];
        match &self.value {
            SortValue::Integer(value) => bytes.extend(value.to_be_bytes()),
            SortValue::Real(value) => bytes.extend(value.to_bits().to_be_bytes()),
            SortValue::Text(value) => bytes.extend(value.as_bytes()),
            SortValue::Ranked { tier, position } => {
                bytes.push(*tier);
                bytes.extend(position.to_be_bytes());
            }
        }
        bytes.extend(self.id);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor of this very order; any other text is refused.
    pub fn decode(text: &str, order: ListOrder) -> Result<Self, InvalidValue> {
        let refused = || InvalidValue::new("is not a cursor of this list");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
        let rest = bytes.strip_prefix(&[CURSOR_FORM, order_tag(order)]).ok_or_else(refused)?;
        let (value, id) = rest.split_last_chunk::<12>().ok_or_else(refused)?;
        let value = decode_value(value, order).ok_or_else(refused)?;
        Ok(Self { order, value, id: *id })
    }
}

/// The first byte of every cursor; a new layout gets a new one.
const CURSOR_FORM: u8 = 1;

fn order_tag(order: ListOrder) -> u8 {
    use crate::video::VideoSort;
    match order {
        ListOrder::Newest => 1,
        ListOrder::Relevance => 2,
        ListOrder::Position => 3,
        ListOrder::Videos(sort, direction) => {
            let sort = match sort {
                VideoSort::CreatedAt => 16,
                VideoSort::Views => 18,
                VideoSort::Duration => 20,
                VideoSort::Title => 22,
                VideoSort::Likes => 24,
            };
            sort + u8::from(direction == SortDirection::Descending)
        }
    }
}

fn decode_value(bytes: &[u8], order: ListOrder) -> Option<SortValue> {
    use crate::video::VideoSort;
    match order {
        ListOrder::Videos(VideoSort::Title, _) => String::from_utf8(bytes.to_vec()).ok().map(SortValue::Text),
        ListOrder::Videos(VideoSort::Duration, _) => {
            let value = f64::from_bits(u64::from_be_bytes(bytes.try_into().ok()?));
            value.is_finite().then_some(SortValue::Real(value))
        }
        ListOrder::Relevance => {
            let (tier, position) = bytes.split_first()?;
            let position = i64::from_be_bytes(position.try_into().ok()?);
            (usize::from(*tier) < crate::search::SearchTier::ALL.len())
                .then_some(SortValue::Ranked { tier: *tier, position })
        }
        ListOrder::Newest | ListOrder::Position | ListOrder::Videos(..) => {
            Some(SortValue::Integer(i64::from_be_bytes(bytes.try_into().ok()?)))
        }
    }
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq)]
pub enum PageStart {
    /// A page counted from 1.
    Number(PageNumber),
    /// Right after the item that this cursor names, however deep.
    After(Cursor),
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRequest {
    /// Where it starts.
    pub start: PageStart,
    /// How many items at the most.
    pub size: PageSize,
}

impl PageRequest {
    /// The first page of this size.
    pub fn first(size: PageSize) -> Self {
        Self { start: PageStart::Number(PageNumber::FIRST), size }
    }

    /// Goes on after a cursor.
    pub fn after(cursor: Cursor, size: PageSize) -> Self {
        Self { start: PageStart::After(cursor), size }
    }

    /// How many items lie before the page; 0 with a cursor.
    pub fn offset(&self) -> u64 {
        match &self.start {
            PageStart::Number(number) => (number.get() - 1) * self.size.get(),
            PageStart::After(_) => 0,
        }
    }

    /// How many items to fetch: one more than the page holds, to see whether there is more.
    pub fn surplus(&self) -> u64 {
        self.size.get() + 1
    }

    /// The cursor to go on from, if there is one.
    pub fn cursor(&self) -> Option<&Cursor> {
        match &self.start {
            PageStart::Number(_) => None,
            PageStart::After(cursor) => Some(cursor),
        }
    }

    /// The integer and the id after which the page starts, in lists ordered by time or position.
    pub fn integer_cursor(&self) -> Result<Option<(i64, RawId)>, StoreError> {
        match self.cursor().map(|cursor| (cursor.value(), cursor.id())) {
            None => Ok(None),
            Some((SortValue::Integer(value), id)) => Ok(Some((*value, id))),
            Some(_) => Err(Cursor::foreign()),
        }
    }
}

/// One part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// At most as many as were asked for, in the order of the list.
    pub items: Vec<T>,
    /// How many items the whole list has: given with page numbers, left out with cursors and by lists that are
    /// plain arrays. For a search it is exact up to [`SEARCH_TOTAL_CAP`] and stops there.
    pub total: Option<u64>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
}

/// Where counting the matches of a search stops.
pub const SEARCH_TOTAL_CAP: u64 = 10_000;

impl<T> Page<T> {
    /// Cuts a page out of `size + 1` fetched items: the surplus one only tells that there is more.
    pub fn from_surplus(
        mut items: Vec<T>,
        size: PageSize,
        total: Option<u64>,
        cursor: impl FnOnce(&T) -> Cursor,
    ) -> Self {
        let size = usize::from(size.0);
        let more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, total, next }
    }

    /// The same page with every item changed.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), total: self.total, next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::VideoSort;
    use proptest::prelude::*;

    fn any_cursor() -> impl Strategy<Value = Cursor> {
        let direction = prop_oneof![Just(SortDirection::Ascending), Just(SortDirection::Descending)];
        let value = prop_oneof![
            any::<i64>().prop_map(|v| (ListOrder::Newest, SortValue::Integer(v))),
            any::<i64>().prop_map(|v| (ListOrder::Position, SortValue::Integer(v))),
            (0..3_u8, any::<i64>())
                .prop_map(|(tier, position)| (ListOrder::Relevance, SortValue::Ranked { tier, position })),
            (-1e9..1e9_f64, direction.clone())
                .prop_map(|(v, d)| (ListOrder::Videos(VideoSort::Duration, d), SortValue::Real(v))),
            (any::<String>(), direction)
                .prop_map(|(v, d)| (ListOrder::Videos(VideoSort::Title, d), SortValue::Text(v))),
        ];
        (value, any::<[u8; 12]>()).prop_map(|((order, value), id)| Cursor::new(order, value, id))
    }

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(cursor in any_cursor()) {
            prop_assert_eq!(Cursor::decode(&cursor.encode(), cursor.order), Ok(cursor));
        }

        #[test]
        fn any_text_is_decoded_or_refused_without_a_panic(text: String, bytes: Vec<u8>) {
            let forged = URL_SAFE_NO_PAD.encode(bytes);
            for text in [text, forged] {
                for order in [ListOrder::Newest, ListOrder::Relevance, ListOrder::Videos(VideoSort::Title, SortDirection::Ascending)] {
                    if let Ok(cursor) = Cursor::decode(&text, order) {
                        prop_assert_eq!(cursor.encode(), text.clone());
                    }
                }
            }
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = Cursor::new(ListOrder::Newest, SortValue::Integer(7), [1; 12]);
        assert!(Cursor::decode(&cursor.encode(), ListOrder::Position).is_err());
    }

    #[test]
    fn page_numbers_stop_where_cursors_take_over() {
        assert!(PageNumber::new(10_000, PageSize::DEFAULT).is_ok());
        let refusal = PageNumber::new(10_001, PageSize::DEFAULT);
        assert!(refusal.is_err_and(|e| e.message().contains("cursor")));
        assert!(PageNumber::new(u64::MAX, PageSize::MAX).is_err());
        assert!(PageNumber::new(0, PageSize::MAX).is_err());
    }
}
