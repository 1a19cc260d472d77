//! The `Range` header (RFC 9110, section 14): one range of bytes is served, everything else gets the whole file.

use actix_web::http::header::HeaderValue;

/// Which part of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// All of it: no range, several, one in another unit, or one that cannot be read, which has to be ignored.
    Whole,
    /// From the first to the last byte, both included.
    Part {
        /// The place of the first byte.
        first: u64,
        /// The place of the last byte.
        last: u64,
    },
    /// Nothing that the file has.
    Outside,
}

/// Reads the header for a file of `length` bytes.
pub(super) fn read(header: Option<&HeaderValue>, length: u64) -> Span {
    let text = header.and_then(|value| value.to_str().ok()).and_then(|value| value.split_once('='));
    match text {
        Some((unit, range)) if unit.trim().eq_ignore_ascii_case("bytes") => one(range.trim(), length),
        _ => Span::Whole,
    }
}

fn one(range: &str, length: u64) -> Span {
    let Some((first, last)) = range.split_once('-') else { return Span::Whole };
    match (number(first), number(last)) {
        (Number::Some(first), Number::None) => part(first, u64::MAX, length),
        (Number::Some(first), Number::Some(last)) if first <= last => part(first, last, length),
        (Number::None, Number::Some(0)) => Span::Outside,
        (Number::None, Number::Some(count)) => part(length.saturating_sub(count), u64::MAX, length),
        _ => Span::Whole,
    }
}

fn part(first: u64, last: u64, length: u64) -> Span {
    if first < length { Span::Part { first, last: last.min(length - 1) } } else { Span::Outside }
}

enum Number {
    None,
    Some(u64),
    Unreadable,
}

/// Numbers past all files count as the largest one.
fn number(text: &str) -> Number {
    if text.is_empty() {
        Number::None
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Number::Some(text.parse().unwrap_or(u64::MAX))
    } else {
        Number::Unreadable
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::Span::{Outside, Part, Whole};
    use super::{Span, read};

    fn span(text: &str, length: u64) -> Span {
        read(HeaderValue::from_str(text).ok().as_ref(), length)
    }

    #[test]
    fn single_suffix_and_open_ranges_are_parts() {
        assert_eq!(span("bytes=0-0", 10), Part { first: 0, last: 0 });
        assert_eq!(span("bytes=2-5", 10), Part { first: 2, last: 5 });
        assert_eq!(span("Bytes = 2-5", 10), Part { first: 2, last: 5 });
        assert_eq!(span("bytes=7-", 10), Part { first: 7, last: 9 });
        assert_eq!(span("bytes=-3", 10), Part { first: 7, last: 9 });
        assert_eq!(span("bytes=-99", 10), Part { first: 0, last: 9 });
        assert_eq!(span("bytes=5-99999999999999999999999", 10), Part { first: 5, last: 9 });
    }

    #[test]
    fn what_lies_outside_cannot_be_satisfied() {
        for text in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(span(text, 10), Outside, "{text}");
        }
        assert_eq!(span("bytes=0-", 0), Outside);
        assert_eq!(span("bytes=-5", 0), Outside);
    }

    #[test]
    fn everything_else_is_ignored() {
        assert_eq!(read(None, 10), Whole);
        for text in
            ["bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=+1-2", "bytes=0-1,3-4", "items=0-1", "0-1"]
        {
            assert_eq!(span(text, 10), Whole, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_part_never_leaves_the_file(text in "bytes=[0-9-]{0,12}", length in 0..10_000_u64) {
            if let Part { first, last } = span(&text, length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
