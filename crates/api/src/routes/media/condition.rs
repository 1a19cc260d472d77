//! Conditional requests (RFC 9110, section 13) on files that never change: only entity tags count, and there is no
//! modification time that a date could be compared with.

use actix_web::http::header::{self, HeaderMap, HeaderName};

/// What the conditions of a request come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// `If-Match` names other files.
    Failed,
    /// `If-None-Match` names this one: the client has it.
    NotModified,
    /// The whole file, because the part was asked for of another one.
    Whole,
    /// What the `Range` header says, if there is one.
    Ranged,
}

/// Judges the conditions against the file's strong tag.
pub(super) fn judge(headers: &HeaderMap, tag: &str) -> Condition {
    if listed(headers, &header::IF_MATCH, |known| known == tag) == Some(false) {
        Condition::Failed
    } else if listed(headers, &header::IF_NONE_MATCH, |known| weak(known) == tag) == Some(true) {
        Condition::NotModified
    } else if headers.get(header::IF_RANGE).is_some_and(|known| known != tag) {
        Condition::Whole
    } else {
        Condition::Ranged
    }
}

fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether a list of tags, or `*`, holds one that matches; `None` without such a header. Our tags have no commas.
fn listed(headers: &HeaderMap, name: &HeaderName, matches: impl Fn(&str) -> bool) -> Option<bool> {
    let values: Vec<_> = headers.get_all(name).collect();
    if values.is_empty() {
        return None;
    }
    let mut tags = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    Some(tags.any(|tag| tag.trim() == "*" || matches(tag.trim())))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

    use super::Condition::{Failed, NotModified, Ranged, Whole};
    use super::{Condition, judge};

    const TAG: &str = "\"videos/1.mp4\"";

    fn outcome(name: HeaderName, value: &'static str) -> Condition {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        judge(&headers, TAG)
    }

    #[test]
    fn without_conditions_the_range_decides() {
        assert_eq!(judge(&HeaderMap::new(), TAG), Ranged);
    }

    #[test]
    fn a_client_that_has_the_file_is_told_so() {
        for value in [TAG, "W/\"videos/1.mp4\"", "\"x\", \"videos/1.mp4\"", "*"] {
            assert_eq!(outcome(header::IF_NONE_MATCH, value), NotModified, "{value}");
        }
        assert_eq!(outcome(header::IF_NONE_MATCH, "\"x\""), Ranged);
        assert_eq!(outcome(header::IF_MODIFIED_SINCE, "Sun, 22 Nov 2026 17:34:43 GMT"), Ranged);
    }

    #[test]
    fn a_part_of_another_file_becomes_the_whole() {
        assert_eq!(outcome(header::IF_RANGE, TAG), Ranged);
        for value in ["\"x\"", "W/\"videos/1.mp4\"", "Sun, 22 Nov 2026 17:34:43 GMT"] {
            assert_eq!(outcome(header::IF_RANGE, value), Whole, "{value}");
        }
    }

    #[test]
    fn another_file_than_the_one_meant_is_refused() {
        assert_eq!(outcome(header::IF_MATCH, "\"x\""), Failed);
        assert_eq!(outcome(header::IF_MATCH, "W/\"videos/1.mp4\""), Failed);
        assert_eq!(outcome(header::IF_MATCH, TAG), Ranged);
        assert_eq!(outcome(header::IF_MATCH, "*"), Ranged);
    }
}
