//! A stored row without its engine: values in the order of the table's columns, compared alike whichever side they
//! came from.

use std::cmp::Ordering;
use std::fmt;

use aviary_domain::id::RawId;
use serde::{Deserialize, Serialize};

/// A stored value. Times are milliseconds since the Unix epoch, flags are 0 or 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// An identifier.
    Id(RawId),
    /// A count, a size, a time or a flag.
    Integer(i64),
    /// A number that may have a fraction.
    Real(f64),
    /// A text.
    Text(String),
    /// A hash or a key.
    Bytes(Vec<u8>),
}

impl Value {
    /// About how many bytes it takes.
    fn size(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Integer(_) | Self::Real(_) => 8,
            Self::Id(id) => id.len(),
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// The order that both engines walk an index in: shorter binaries first, texts by their bytes.
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Id(one), Self::Id(two)) => one.cmp(two),
            (Self::Integer(one), Self::Integer(two)) => one.cmp(two),
            (Self::Real(one), Self::Real(two)) => one.total_cmp(two),
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            (Self::Bytes(one), Self::Bytes(two)) => (one.len(), one).cmp(&(two.len(), two)),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Bytes(_) => 3,
            Self::Id(_) => 4,
        }
    }
}

/// As a person reads it in a list of keys.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = |bytes: &[u8]| bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"));
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Id(id) => hex(id),
            Self::Bytes(bytes) => hex(bytes),
            Self::Integer(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The values of some columns of a row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Record(pub(crate) Vec<Value>);

impl Record {
    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.0.iter().map(Value::size).sum()
    }

    /// The value in a column; nothing where there is no such column.
    pub(crate) fn value(&self, column: usize) -> &Value {
        self.0.get(column).unwrap_or(&Value::Null)
    }

    /// The values of these columns, which tell the row from all others.
    pub(crate) fn key(&self, columns: &[usize]) -> Self {
        Self(columns.iter().map(|column| self.value(*column).clone()).collect())
    }

    /// Which of two keys comes first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let pairs = self.0.iter().zip(&other.0);
        pairs.map(|(one, two)| one.order(two)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, value) in self.0.iter().enumerate() {
            write!(f, "{}{value}", if number == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{Record, Value};

    #[test]
    fn keys_are_ordered_as_the_engines_walk_them() {
        let ascending = [
            Record(vec![Value::Id([1; 12]), Value::Bytes(vec![9; 12])]),
            Record(vec![Value::Id([1; 12]), Value::Bytes(vec![1; 16])]),
            Record(vec![Value::Id([1; 12]), Value::Bytes(vec![2; 16])]),
            Record(vec![Value::Id([2; 12]), Value::Bytes(vec![0; 12])]),
        ];
        assert!(ascending.is_sorted_by(|one, two| one.order(two) == Ordering::Less));
    }

    #[test]
    fn a_key_survives_being_kept_as_text() {
        let key = Record(vec![Value::Integer(-1), Value::Text("a\"b".into()), Value::Bytes(vec![0, 255]), Value::Null]);
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), key);
    }
}
