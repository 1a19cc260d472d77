//! What is searched for, chosen by in how many videos words stand.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

/// How many searches of a kind there are.
const EACH: usize = 200;
/// In how many videos a rare word stands at most.
const RARE: usize = 3;
/// The shortest word that is searched for, in letters.
const SHORTEST: usize = 4;

/// Searches, by how much they find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Words {
    /// Words that stand in a few videos, and find no more as the beginning of others.
    pub(crate) rare: Vec<String>,
    /// The words that stand in the most videos.
    pub(crate) common: Vec<String>,
    /// Two words of one video.
    pub(crate) two: Vec<String>,
    /// The first three letters of words.
    pub(crate) prefix: Vec<String>,
}

impl Words {
    /// Chooses from the texts of all videos of a home, the same every time. Fails where they have too few words.
    pub(crate) fn of(texts: &[String]) -> anyhow::Result<Self> {
        let split: Vec<Vec<String>> = texts.iter().map(|text| words(text)).collect();
        let mut counts = BTreeMap::<&str, usize>::new();
        for word in split.iter().flat_map(|words| words.iter().collect::<BTreeSet<_>>()) {
            *counts.entry(word).or_default() += 1;
        }
        // The last word of a search is the beginning of words too, and the beginning of many is not rare.
        let finds = |beginning: &str| -> usize {
            let words = counts.range(beginning..).take_while(|(word, _)| word.starts_with(beginning));
            words.map(|(_, count)| count).sum()
        };
        let mut by_count: Vec<(&str, usize)> = counts.iter().map(|(word, count)| (*word, *count)).collect();
        by_count.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let few = by_count.iter().rev().take_while(|(_, count)| *count <= RARE);
        let rare = few.filter(|(word, _)| finds(word) <= RARE).map(|(word, _)| (*word).to_owned());
        // Homes with few words have none that are rare: then the least common ones have to do.
        let seldom = by_count.iter().rev().take(EACH).map(|(word, _)| (*word).to_owned());
        let two = split.iter().filter_map(|words| match words.as_slice() {
            [first, .., other] if first != other => Some(format!("{first} {other}")),
            _ => None,
        });
        let prefixes: BTreeSet<String> = by_count.iter().map(|(word, _)| word.chars().take(3).collect()).collect();
        let chosen = Self {
            rare: some(rare.collect()).or_else(|| some(seldom.collect())).context("the videos have no words")?,
            common: by_count.iter().take(5).map(|(word, _)| (*word).to_owned()).collect(),
            two: some(two.collect()).context("no video has two words")?,
            prefix: some(prefixes.into_iter().collect()).context("the videos have no words")?,
        };
        ensure!(!chosen.common.is_empty(), "the videos have no words");
        Ok(chosen)
    }
}

/// Words of ASCII letters, so that they stand in a URL as they are.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let plain = parts.filter(|part| part.len() >= SHORTEST && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    plain.map(str::to_lowercase).collect()
}

/// As many of them as are needed, from all over; `None` of none.
fn some(all: Vec<String>) -> Option<Vec<String>> {
    let chosen = super::explore::spread(all, EACH);
    (!chosen.is_empty()).then_some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_chosen_by_in_how_many_videos_they_stand() {
        let mut texts = vec!["Common trees, and zebra".to_owned(), "Common Trees Common".to_owned()];
        texts.extend((0..10).map(|_| "common clouds".to_owned()));
        let words = Words::of(&texts).unwrap();
        assert_eq!(words.common, ["common", "clouds", "trees", "zebra"]);
        assert_eq!(words.rare, ["zebra", "trees"]);
        assert_eq!(words.prefix, ["clo", "com", "tre", "zeb"]);
        assert_eq!(words.two.first().unwrap(), "common zebra");
        assert!(words.two.iter().all(|two| two != "common common"), "{:?}", words.two);
    }

    #[test]
    fn what_begins_many_words_is_not_rare() {
        let mut texts = vec!["light rare".to_owned()];
        texts.extend((0..10).map(|_| "lights here".to_owned()));
        assert_eq!(Words::of(&texts).unwrap().rare, ["rare"]);
    }

    #[test]
    fn without_rare_words_the_least_common_have_to_do() {
        let texts: Vec<_> = (0..10).map(|_| "often seen here".to_owned()).collect();
        assert_eq!(Words::of(&texts).unwrap().rare.len(), 3);
        assert!(Words::of(&["a b c".to_owned()]).is_err());
        assert!(Words::of(&[]).is_err());
    }
}
