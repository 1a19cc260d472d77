//! The words of a video as its document keeps them, and how a search is put to their indexes: every word of a query
//! becomes a value that is compared, never a pattern or an operator.

use std::collections::BTreeSet;

use aviary_domain::search::{SearchTier, SearchWords, fold_words};
use aviary_domain::video::{Description, Title};
use mongodb::bson::{Document, doc};

/// The most characters of a word's beginning that are indexed.
const MAX_PREFIX_CHARS: usize = 12;

/// Where a text's words and their beginnings are.
struct Indexed {
    words: &'static str,
    prefixes: &'static str,
}

const TITLE: Indexed = Indexed { words: "titleWords", prefixes: "titlePrefixes" };
const ANYWHERE: Indexed = Indexed { words: "words", prefixes: "prefixes" };

/// The words of the title in their order, with a space before and after each.
const TITLE_TEXT: &str = "titleText";

/// All fields that are made of a video's texts.
pub(in crate::mongo) const FIELDS: [&str; 5] =
    [TITLE_TEXT, TITLE.prefixes, TITLE.words, ANYWHERE.prefixes, ANYWHERE.words];

/// The fields by which a video with these texts is found.
pub(in crate::mongo) fn fields(title: &Title, description: &Description) -> Document {
    let in_title = fold_words(title.as_str());
    let mut words: BTreeSet<String> = fold_words(description.as_str()).into_iter().collect();
    words.extend(in_title.iter().cloned());
    doc! {
        TITLE_TEXT: format!(" {} ", in_title.join(" ")),
        TITLE.prefixes: prefixes(&in_title),
        TITLE.words: in_title,
        ANYWHERE.prefixes: prefixes(&words),
        ANYWHERE.words: Vec::from_iter(words),
    }
}

/// The distinct beginnings of the words.
fn prefixes<'a>(words: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    let beginnings = words.into_iter().flat_map(|word| {
        let ends = word.char_indices().map(|(start, char)| start + char.len_utf8()).take(MAX_PREFIX_CHARS);
        ends.filter_map(|end| word.get(..end))
    });
    beginnings.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The key of the index that serves the matches of a tier.
pub(super) fn index(tier: SearchTier) -> Document {
    let field = match tier {
        SearchTier::TitlePhrase | SearchTier::TitleWords => TITLE.prefixes,
        SearchTier::Anywhere => ANYWHERE.prefixes,
    };
    doc! { field: 1, "createdAt": -1, "_id": -1, "isPublished": 1, "owner": 1 }
}

/// The conditions of everything that matches; `None` when there are no words, which nothing matches.
pub(super) fn anywhere(words: &SearchWords) -> Option<Document> {
    Query::of(words).map(|query| doc! { "$and": query.held_by(&ANYWHERE) })
}

/// The conditions of the matches of a tier that are in no better one; `None` when there can be none.
pub(super) fn tier(tier: SearchTier, words: &SearchWords) -> Option<Document> {
    let query = Query::of(words)?;
    // A single word is a phrase.
    let single = query.whole.is_empty();
    match tier {
        SearchTier::TitlePhrase if single => Some(doc! { "$and": query.held_by(&TITLE) }),
        SearchTier::TitlePhrase => Some(doc! { "$and": query.held_by(&TITLE), TITLE_TEXT: query.phrase() }),
        SearchTier::TitleWords if single => None,
        SearchTier::TitleWords => Some(doc! { "$and": query.held_by(&TITLE), TITLE_TEXT: { "$not": query.phrase() } }),
        SearchTier::Anywhere => {
            let better = doc! { "$and": query.held_by(&TITLE) };
            Some(doc! { "$and": query.held_by(&ANYWHERE), "$nor": [better] })
        }
    }
}

/// Words of which all but the last must be held whole; the last one may be the beginning of a word.
struct Query<'a> {
    all: &'a [String],
    whole: &'a [String],
    last: &'a str,
}

impl<'a> Query<'a> {
    fn of(words: &'a SearchWords) -> Option<Self> {
        let all = words.words();
        let (last, whole) = all.split_last()?;
        Some(Self { all, whole, last })
    }

    /// The conditions that a text holds all the words. Every word's beginning is one of them, so that the planner can
    /// walk the index at whichever is rarest.
    fn held_by(&self, text: &Indexed) -> Vec<Document> {
        let beginnings: BTreeSet<&str> = self.all.iter().map(|word| beginning(word)).collect();
        let mut conditions: Vec<Document> =
            beginnings.into_iter().map(|prefix| doc! { text.prefixes: prefix }).collect();
        if !self.whole.is_empty() {
            conditions.push(doc! { text.words: { "$all": self.whole } });
        }
        if beginning(self.last) != self.last {
            conditions.push(doc! { text.words: pattern(format!("^{}", self.last)) });
        }
        conditions
    }

    /// The condition that the title holds the words next to each other, in order.
    fn phrase(&self) -> Document {
        pattern(format!(" {}", self.all.join(" ")))
    }
}

/// As much of a word as is indexed.
fn beginning(word: &str) -> &str {
    word.char_indices().nth(MAX_PREFIX_CHARS).and_then(|(end, _)| word.get(..end)).unwrap_or(word)
}

/// Folded words hold letters and digits alone, which mean themselves in a pattern; nothing is to be escaped.
fn pattern(text: String) -> Document {
    doc! { "$regex": text }
}

#[cfg(test)]
mod tests {
    use super::{MAX_PREFIX_CHARS, beginning, fields, tier};
    use aviary_domain::search::{SearchTier, SearchWords};
    use aviary_domain::video::{Description, Title};
    use mongodb::bson::doc;
    use proptest::prelude::*;

    fn search(text: &str) -> SearchWords {
        SearchWords::parse(text).unwrap()
    }

    #[test]
    fn a_document_holds_each_word_and_beginning_once() {
        let title = Title::from_stored("Été été".to_owned());
        let found = fields(&title, &Description::from_stored("ab, Ete".to_owned()));
        let expected = doc! {
            "titleText": " ete ete ",
            "titlePrefixes": ["e", "et", "ete"],
            "titleWords": ["ete", "ete"],
            "prefixes": ["a", "ab", "e", "et", "ete"],
            "words": ["ab", "ete"],
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_search_for_one_word_asks_the_index_alone() {
        let found = tier(SearchTier::TitlePhrase, &search("Film"));
        assert_eq!(found, Some(doc! { "$and": [{ "titlePrefixes": "film" }] }));
        assert_eq!(tier(SearchTier::TitleWords, &search("Film")), None);
    }

    #[test]
    fn a_word_that_is_longer_than_what_is_indexed_is_compared_whole() {
        let found = tier(SearchTier::TitlePhrase, &search("abcdefghijklmno"));
        let long = doc! { "titleWords": { "$regex": "^abcdefghijklmno" } };
        assert_eq!(found, Some(doc! { "$and": [{ "titlePrefixes": "abcdefghijkl" }, long] }));
    }

    proptest! {
        #[test]
        fn nothing_typed_is_a_pattern_or_an_operator(text: String) {
            let words = SearchWords::parse(&text);
            for word in words.iter().flat_map(SearchWords::words) {
                prop_assert!(word.chars().all(char::is_alphanumeric));
                prop_assert!(word.starts_with(beginning(word)));
                prop_assert!(beginning(word).chars().count() <= MAX_PREFIX_CHARS);
            }
        }
    }
}
