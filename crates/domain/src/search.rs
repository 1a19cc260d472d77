//! Words for search: one folding for what is indexed and what is asked, the same on every home.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most characters of a word that are looked at, in what is indexed and what is asked alike.
pub const MAX_WORD_CHARS: usize = 64;

/// Splits text into folded words: compatibility forms decomposed, accents dropped, lower case, cut at everything
/// that is neither letter nor digit, and each at [`MAX_WORD_CHARS`].
pub fn fold_words(text: &str) -> Vec<String> {
    let folded: String = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.chars().take(MAX_WORD_CHARS).collect()).collect()
}

/// What somebody searches for: words, never a pattern or an operator. All must match; the last one matches as the
/// beginning of a word, because people search while they type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SearchWords(Vec<String>);

impl SearchWords {
    /// The most words that are looked at; the rest of the query is ignored.
    pub const MAX_WORDS: usize = 12;
    /// Reads a query. A blank one is `None`, which asks for everything; one without a letter or digit (`***`)
    /// has no words, which nothing matches.
    pub fn parse(query: &str) -> Option<Self> {
        if query.trim().is_empty() {
            return None;
        }
        Some(Self(fold_words(query).into_iter().take(Self::MAX_WORDS).collect()))
    }

    /// The folded words in the order they were typed; empty when nothing can match.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

/// How well a video matches, best first; within a tier newer videos come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SearchTier {
    /// The title holds the words next to each other, in order.
    TitlePhrase,
    /// The title holds all the words.
    TitleWords,
    /// Title and description together hold all the words.
    Anywhere,
}

impl SearchTier {
    /// All tiers, best first.
    pub const ALL: [Self; 3] = [Self::TitlePhrase, Self::TitleWords, Self::Anywhere];
}

#[cfg(test)]
mod tests {
    use super::{SearchWords, fold_words};

    #[test]
    fn folds_case_accents_and_compatibility_forms() {
        assert_eq!(fold_words("Crème-Brûlée, ﬁne №5"), ["creme", "brulee", "fine", "no5"]);
        assert_eq!(fold_words("Ёлка שָׁלוֹם 東京"), ["елка", "שלום", "東京"]);
    }

    #[test]
    fn a_long_word_is_found_by_what_is_looked_at_of_it() {
        let long = "a".repeat(100);
        assert_eq!(SearchWords::parse(&long).map(|w| w.words().to_vec()), Some(fold_words(&long)));
        assert_eq!(fold_words(&long).concat().len(), 64);
    }

    #[test]
    fn operators_are_words_or_nothing() {
        let words = |q: &str| SearchWords::parse(q).map(|w| w.words().to_vec());
        assert_eq!(words("  "), None);
        assert_eq!(words("***\"(){}^:-"), Some(vec![]));
        assert_eq!(words("title: \"a\" NOT b*"), Some(vec!["title".into(), "a".into(), "not".into(), "b".into()]));
    }
}
