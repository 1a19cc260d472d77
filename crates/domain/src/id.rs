//! Identifiers: twelve opaque bytes in the layout of a BSON `ObjectId`, shown as 24 hexadecimal digits.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use crate::InvalidValue;

/// The twelve bytes of an identifier.
pub type RawId = [u8; 12];

/// The identifier of a `T`. Ids of different nouns do not mix.
///
/// Ordering is byte order. Ids made by one process ascend (seconds, process, counter), but nothing may rely on
/// it across processes: lists are ordered by their sort value first.
pub struct Id<T> {
    raw: RawId,
    noun: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// An identifier from its bytes.
    pub const fn from_bytes(raw: RawId) -> Self {
        Self { raw, noun: PhantomData }
    }

    /// The twelve bytes.
    pub const fn bytes(&self) -> RawId {
        self.raw
    }

    /// Reads 24 hexadecimal digits, in either case.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || InvalidValue::new("must be 24 hexadecimal digits");
        if text.len() != 24 {
            return Err(malformed());
        }
        let mut raw = [0; 12];
        for (byte, pair) in raw.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |c: &u8| char::from(*c).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let (Some(high), Some(low)) = (pair.first().and_then(digit), pair.last().and_then(digit)) else {
                return Err(malformed());
            };
            *byte = high << 4 | low;
        }
        Ok(Self::from_bytes(raw))
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.raw.cmp(&other.raw)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
        let mut text = [0; 24];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.raw) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        // At once, so that whoever collects the text makes room for it once.
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<T> FromStr for Id<T> {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

/// Where new identifiers come from.
///
/// Every call gives an identifier that this source never gave before.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait IdSource: Send + Sync {
    /// Twelve bytes that were never given before.
    fn next_raw(&self) -> RawId;
}

impl dyn IdSource {
    /// A fresh identifier of the noun that the caller makes.
    pub fn next<T>(&self) -> Id<T> {
        Id::from_bytes(self.next_raw())
    }
}

#[cfg(feature = "serde")]
mod serde_form {
    use super::Id;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    impl<T> Serialize for Id<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }
    impl<'de, T> Deserialize<'de> for Id<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Id;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_bytes_are_one_to_one(raw: [u8; 12]) {
            let id = Id::<()>::from_bytes(raw);
            prop_assert_eq!(Id::parse(&id.to_string()), Ok(id));
            prop_assert_eq!(Id::parse(&id.to_string().to_uppercase()), Ok(id));
        }

        #[test]
        fn any_other_text_is_refused_without_a_panic(text: String) {
            let sound = text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit());
            prop_assert_eq!(Id::<()>::parse(&text).is_ok(), sound);
        }
    }
}
