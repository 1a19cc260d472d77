//! Which part of a list is asked for, as clients write it.

use aviary_domain::InvalidValue;
use aviary_domain::page::{Cursor, ListOrder, PageNumber, PageRequest, PageSize, PageStart};

use crate::error::Error;
use crate::input::Fields;

/// `page`, `limit` and `cursor` as they stood in the query. A cursor goes before a page number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListParams {
    /// The page, counted from 1.
    pub page: Option<String>,
    /// How many items.
    pub limit: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
}

impl ListParams {
    /// Reads them for a list of this order, noting what is wrong.
    pub(crate) fn read(&self, fields: &mut Fields, order: ListOrder, default: PageSize) -> Option<PageRequest> {
        let size = match self.limit.as_deref() {
            // What is no number at all is told the same as a number out of bounds.
            Some(limit) => fields.read("limit", PageSize::new(whole_number(limit).unwrap_or(0))),
            None => Some(default),
        };
        let start = match (self.cursor.as_deref(), self.page.as_deref()) {
            (Some(cursor), _) => fields.read("cursor", Cursor::decode(cursor, order)).map(PageStart::After),
            (None, Some(page)) => {
                let number = whole_number(page).and_then(|n| PageNumber::new(n, size.unwrap_or(default)));
                fields.read("page", number).map(PageStart::Number)
            }
            (None, None) => Some(PageStart::Number(PageNumber::FIRST)),
        };
        Some(PageRequest { start: start?, size: size? })
    }

    /// Reads them where nothing else of the input can be wrong.
    pub(crate) fn request(&self, order: ListOrder, default: PageSize) -> Result<PageRequest, Error> {
        let mut fields = Fields::default();
        self.read(&mut fields, order, default).ok_or_else(|| fields.into_error())
    }
}

fn whole_number(text: &str) -> Result<u64, InvalidValue> {
    text.trim().parse().map_err(|_| InvalidValue::new("must be a whole number from 1"))
}
