//! The words that everything is written in: some hundred common English ones, then thousands of made-up rare ones, used about
//! as often as words are in real texts. So a search meets words that half of the videos have, and words that one has.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use super::chance::Dice;
use super::skew::Weights;

/// How many words so many videos and fewer are written in.
const WORDS: u32 = 20_000;
const VIDEOS: u32 = 5_000;
/// How flat the head is: the commonest word is about one in 35.
const HEAD: u32 = 4;

/// Roughly the commonest first.
const COMMON: &str = "the of and to a in is for on with my you it how this from at your we new first best what day all by \
    one making are our out more about time way life little big home night back summer old up good road city water \
    river light music world winter spring street house kitchen garden morning great building live story part guide \
    mountain green simple small long year learning travel review full walk cooking blue never again through over under \
    before after between without inside behind along every easy hard fast slow quiet wild open hidden lost last next \
    perfect real true free red black white golden silver bright dark deep high low cold warm sweet bread coffee tea \
    soup apple cheese salt sugar butter lemon onion tomato pepper rice fish garlic cake pie dinner breakfast lunch forest \
    lake beach island desert valley ocean storm rain snow wind cloud sun moon star sky stone wood metal glass paper \
    clay wool thread needle hammer engine bicycle train boat bridge tower castle harbour market village field farm \
    horse dog cat bird bee fox bear owl whale spider tree leaf flower seed root grass rose moss school class lesson \
    exam book letter page poem song guitar piano violin drum bass voice choir dance stage film camera lens frame \
    colour paint brush sketch shape line circle pattern machine robot computer keyboard screen code program language \
    network server data search number proof theorem puzzle chess game match team goal race record speed climb jump swim \
    run ride sail fly drive repair restore clean build plan test measure compare explain remember forget dream sleep \
    wake laugh cry sing listen watch wait stay leave return begin finish visit meet family friend mother father sister \
    brother child baby neighbour teacher doctor baker pilot sailor painter stranger king queen ghost giant secret treasure \
    mystery history science nature culture travels journey adventure weekend holiday birthday wedding party festival \
    concert museum gallery library station airport hotel tent camp fire candle lamp window door roof wall floor stair \
    table chair bed mirror clock watchmaker basket bottle cup plate knife spoon shoe coat hat scarf glove pocket ring";

/// Beginnings and endings of made-up syllables.
const ONSETS: [&str; 16] = ["b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"];
const VOWELS: [&str; 5] = ["a", "e", "i", "o", "u"];
/// How many made-up words of three syllables there are.
const MADE_UP: u32 = 80 * 80 * 80;
/// Has no factor in common with that, so that its multiples meet every one of them, far apart from each other.
const STRIDE: u32 = 317_811;

/// First names and surnames, for what people call themselves.
const FIRST_NAMES: &str = "Ada Alan Amara Anika Arjun Bela Bruno Carla Chen Dario Dilan Edda Elif Emil Farah Felix Gita Hana \
    Hugo Ines Ivan Jana Jonas Kaito Lena Leo Lucia Malik Mara Mina Nadia Noor Omar Paula Pavel Rosa Sami Tariq Uma Yuki";
const SURNAMES: &str = "Abbas Almeida Bauer Berg Castro Cohen Demir Diallo Dubois Eriksen Fischer Garcia Haddad Hoffmann Ito \
    Jansen Kaya Keller Khan Kovacs Larsen Lindqvist Mbeki Moreau Nakamura Novak Okafor Olsen Patel Pereira Petrov Rossi \
    Santos Sato Schneider Silva Tanaka Varga Weber Yilmaz";

/// The words, with how often each comes up.
pub(super) struct Vocabulary {
    words: Vec<String>,
    frequency: Weights,
    first_names: Vec<&'static str>,
    surnames: Vec<&'static str>,
}

impl Vocabulary {
    /// Words for so many videos: by Heaps' law (Information Retrieval, 1978), about as many more as the square root of the
    /// texts' number grows, so that there are rare ones among any number.
    pub(super) fn new(videos: u32) -> Self {
        let most = (u64::from(WORDS).pow(2) * u64::from(videos.max(VIDEOS)) / u64::from(VIDEOS)).isqrt();
        let most = u32::try_from(most).unwrap_or(MADE_UP).min(MADE_UP);
        let common = COMMON.split_whitespace().map(str::to_owned);
        let mut met = HashSet::new();
        let all = common.chain((0..MADE_UP).map(made_up)).filter(|word| met.insert(word.clone()));
        let words = all.take(usize::try_from(most).unwrap_or(usize::MAX)).collect();
        Self {
            words,
            frequency: Weights::in_order(most, HEAD),
            first_names: FIRST_NAMES.split_whitespace().collect(),
            surnames: SURNAMES.split_whitespace().collect(),
        }
    }

    /// A word by the rank of its frequency, from 0; nothing beyond the last.
    pub(super) fn word(&self, rank: u32) -> &str {
        usize::try_from(rank).ok().and_then(|rank| self.words.get(rank)).map_or("", String::as_str)
    }

    /// How many words there are.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.words.len()).unwrap_or(u32::MAX)
    }

    /// The ranks of so many words as they come in a text.
    pub(super) fn ranks(&self, dice: &mut Dice, length: RangeInclusive<u32>) -> Vec<u32> {
        (0..dice.within(length)).map(|_| self.frequency.draw(dice)).collect()
    }

    /// The words of these ranks on a line, with a capital at the beginning.
    pub(super) fn line(&self, ranks: &[u32]) -> String {
        let mut line = String::new();
        for rank in ranks {
            let word = self.word(*rank);
            if line.is_empty() {
                let mut letters = word.chars();
                line.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
                line.push_str(letters.as_str());
            } else {
                line.push(' ');
                line.push_str(word);
            }
        }
        line
    }

    /// Sentences, each of such a length.
    pub(super) fn text(&self, dice: &mut Dice, sentences: RangeInclusive<u32>, length: &RangeInclusive<u32>) -> String {
        let number = dice.within(sentences);
        let lines = (0..number).map(|_| self.line(&self.ranks(dice, length.clone())));
        lines.map(|line| line + ".").collect::<Vec<_>>().join(" ")
    }

    /// What somebody is called.
    pub(super) fn full_name(&self, dice: &mut Dice) -> String {
        format!("{} {}", dice.any(&self.first_names), dice.any(&self.surnames))
    }
}

/// A word of three syllables.
fn made_up(number: u32) -> String {
    let number = u64::from(number) * u64::from(STRIDE) % u64::from(MADE_UP);
    let pick = |of: &[&'static str], number: u64| {
        let length = u64::try_from(of.len()).unwrap_or(1).max(1);
        usize::try_from(number % length).ok().and_then(|number| of.get(number)).copied().unwrap_or_default()
    };
    let syllables = [number, number / 80, number / 6_400];
    syllables.into_iter().flat_map(|number| [pick(&ONSETS, number / 5), pick(&VOWELS, number)]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::ops::Range;

    use aviary_domain::search::fold_words;

    use super::{COMMON, MADE_UP, VIDEOS, Vocabulary, WORDS};
    use crate::seed::chance::Chance;

    #[test]
    fn every_word_is_there_once_and_is_found_as_it_is_written() {
        let vocabulary = Vocabulary::new(VIDEOS);
        assert_eq!(vocabulary.len(), WORDS);
        assert_eq!((Vocabulary::new(0).len(), Vocabulary::new(VIDEOS * 4).len()), (WORDS, WORDS * 2));
        assert_eq!(Vocabulary::new(u32::MAX).len(), MADE_UP);
        let distinct: HashSet<&str> = (0..WORDS).map(|rank| vocabulary.word(rank)).collect();
        assert_eq!(u32::try_from(distinct.len()), Ok(WORDS));
        for word in distinct {
            assert_eq!(fold_words(word), [word]);
        }
        assert_eq!((vocabulary.word(0), vocabulary.word(WORDS)), ("the", ""));
        assert!(COMMON.split_whitespace().count() > 300);
    }

    #[test]
    fn some_words_are_in_most_texts_and_most_words_in_few() {
        let vocabulary = Vocabulary::new(VIDEOS);
        let chance = Chance::new("words", []);
        let mut texts = HashMap::<u32, u32>::new();
        for row in 0..2_000 {
            let ranks: HashSet<u32> = vocabulary.ranks(&mut chance.dice(row), 15..=25).into_iter().collect();
            for rank in ranks {
                *texts.entry(rank).or_default() += 1;
            }
        }
        assert!((600..1_200).contains(&texts[&0]), "{}", texts[&0]);
        let met = |range: Range<u32>| texts.values().filter(|texts| range.contains(texts)).count();
        assert!(met(10..2_000) < 1_500 && met(1..2) > 3_000, "{} {}", met(10..2_000), met(1..2));
    }

    #[test]
    fn texts_look_like_texts() {
        let vocabulary = Vocabulary::new(VIDEOS);
        let mut dice = Chance::new("texts", []).dice(0);
        let text = vocabulary.text(&mut dice, 2..=2, &(3..=3));
        let sentences: Vec<&str> = text.split_terminator(['.']).map(str::trim).collect();
        assert_eq!(sentences.len(), 2, "{text}");
        for sentence in sentences {
            assert!(sentence.starts_with(|letter: char| letter.is_ascii_uppercase()), "{text}");
            assert_eq!(sentence.split(' ').count(), 3, "{text}");
        }
        assert_eq!(vocabulary.full_name(&mut dice).split(' ').count(), 2);
    }
}
