//! Lists in order of time, newest first: where their pages start and where they go on.

use aviary_domain::id::RawId;
use aviary_domain::page::{Cursor, ListOrder, PageRequest, SortValue};
use aviary_domain::{Id, Timestamp};

use super::error::SqlError;

/// Later than every row: before it the first page starts, so that one statement serves every page.
const BEGINNING: (i64, RawId) = (i64::MAX, [0xff; 12]);

/// The time and id that everything on the page comes after.
pub(crate) fn start(page: &PageRequest) -> Result<(i64, RawId), SqlError> {
    Ok(page.integer_cursor()?.unwrap_or(BEGINNING))
}

/// Goes on after the item with this time and id.
pub(crate) fn cursor<T>(time: Timestamp, id: Id<T>) -> Cursor {
    Cursor::new(ListOrder::Newest, SortValue::Integer(time.millis()), id.bytes())
}
