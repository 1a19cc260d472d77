//! Searches.

use crate::cast::Cast;
use crate::request::Request;

pub(super) fn rare(cast: &Cast) -> Vec<Request> {
    of(&cast.words.rare)
}

pub(super) fn common(cast: &Cast) -> Vec<Request> {
    of(&cast.words.common)
}

pub(super) fn two(cast: &Cast) -> Vec<Request> {
    of(&cast.words.two)
}

pub(super) fn prefix(cast: &Cast) -> Vec<Request> {
    of(&cast.words.prefix)
}

fn of(words: &[String]) -> Vec<Request> {
    words
        .iter()
        .map(|words| Request::get(format!("/api/v1/videos?limit=10&query={}", words.replace(' ', "+"))))
        .collect()
}
