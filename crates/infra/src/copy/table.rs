//! What is copied: every table with all its columns, as either engine names them. What either derives (words, places in
//! an order) is not here: it is made anew.

mod all;

use aviary_domain::file::FileKey;

use super::record::{Record, Value};

pub(crate) use all::TABLES;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier.
    Id,
    /// Milliseconds since the Unix epoch.
    Time,
    /// A count, a size or a position.
    Integer,
    /// A number that may have a fraction.
    Real,
    /// Yes or no.
    Flag,
    /// A text.
    Text,
    /// The name of a stored file.
    File,
    /// A hash or a key.
    Bytes,
}

/// Whether a column always holds something, and how documents say that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Always.
    Required,
    /// The field is absent.
    Optional,
    /// The field is an empty text.
    Blank,
    /// SQL always holds a number or a flag; the field may be absent, which says 0 or no. A flag that says no is.
    Zero,
}

/// A column of a table, which is a field of a collection's documents.
#[derive(Debug)]
pub(crate) struct Column {
    /// The column in SQL.
    pub(crate) name: &'static str,
    /// The field in documents.
    pub(crate) field: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Whether it always does.
    pub(crate) presence: Presence,
    /// How SQL reads it where it is no column of its own.
    expression: Option<&'static str>,
}

impl Column {
    const fn new(name: &'static str, field: &'static str, kind: Kind) -> Self {
        Self { name, field, kind, presence: Presence::Required, expression: None }
    }

    const fn optional(self) -> Self {
        Self { presence: Presence::Optional, ..self }
    }

    const fn blank(self) -> Self {
        Self { presence: Presence::Blank, ..self }
    }

    const fn zero(self) -> Self {
        Self { presence: Presence::Zero, ..self }
    }

    const fn read_as(self, expression: &'static str) -> Self {
        Self { expression: Some(expression), ..self }
    }

    /// What SQL selects.
    pub(crate) fn selected(&self) -> &'static str {
        self.expression.unwrap_or(self.name)
    }
}

/// A table, which is also the name of a collection.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name on either side.
    pub(crate) name: &'static str,
    /// Its columns.
    pub(crate) columns: &'static [Column],
    /// The columns that tell a row from all others, and in whose order both sides are compared.
    pub(crate) key: &'static [usize],
    /// The columns in whose order rows are written where that order is not the key's.
    arrival: Option<&'static [usize]>,
    /// How SQL inserts a row where that is not simply its columns.
    pub(crate) insert: Option<&'static str>,
}

impl Table {
    const fn new(name: &'static str, columns: &'static [Column], key: &'static [usize]) -> Self {
        Self { name, columns, key, arrival: None, insert: None }
    }

    /// The columns in whose order rows are written.
    pub(crate) fn arrival(&self) -> &'static [usize] {
        self.arrival.unwrap_or(self.key)
    }

    /// Whether this is the table of this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The table of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.is(name))
    }

    /// The columns of an order.
    pub(crate) fn ordered(&self, order: &'static [usize]) -> impl Iterator<Item = &'static Column> {
        let columns = self.columns;
        order.iter().filter_map(|column| columns.get(*column))
    }

    /// Whether its rows name stored files.
    pub(crate) fn owns_files(&self) -> bool {
        self.columns.iter().any(|column| column.kind == Kind::File)
    }

    /// The files that a row names and that bear names of our own, with the columns that name them; those of other
    /// applications are elsewhere and stay there.
    pub(crate) fn files(&self, row: &Record) -> impl Iterator<Item = (&'static Column, FileKey)> {
        let files = self.columns.iter().zip(&row.0).filter(|(column, _)| column.kind == Kind::File);
        let named = files.filter_map(|(column, value)| match value {
            Value::Text(key) => Some((column, FileKey::from_stored(key.clone()))),
            _ => None,
        });
        named.filter(|(_, key)| key.format().is_some())
    }

    /// Where a column stands in a record.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::TABLES;

    #[test]
    fn keys_and_orders_are_columns_that_always_hold_something() {
        for table in TABLES {
            for column in table.key.iter().chain(table.arrival()) {
                assert_eq!(table.columns[*column].presence, super::Presence::Required, "{}", table.name);
            }
        }
        let videos = super::Table::find("videos").unwrap();
        let names: Vec<_> = videos.ordered(videos.arrival()).map(|column| column.name).collect();
        assert_eq!(names, ["created_at", "id"]);
    }
}
