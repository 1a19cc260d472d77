//! What stands out in a seeded home: whoever tries something out wants the greatest channel and a rare word.

use std::cmp::Reverse;
use std::fmt;

use aviary_domain::Id;

use super::rows::username;
use super::world::{Film, Person, World, one};

/// In how many videos a rare word is.
const RARE: u32 = 2;

/// Users and videos that have the most of something, and words to search for. Of equals the older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landmarks {
    /// The user name of the channel with the most subscribers.
    pub most_subscribed: String,
    /// The user with the most videos.
    pub most_videos: String,
    /// The user with the most tweets.
    pub most_tweets: String,
    /// The user with the longest history.
    pub longest_history: String,
    /// The user who likes the most videos.
    pub most_liking: String,
    /// The id of the video with the most views; 24 zeros where there is no video.
    pub most_viewed: String,
    /// The video with the most likes.
    pub most_liked: String,
    /// The video with the most comments.
    pub most_commented: String,
    /// The word that most published videos have.
    pub common_word: String,
    /// Two words that one video in some hundred has both.
    pub two_words: String,
    /// The beginning of many words.
    pub prefix: String,
    /// A word that few published videos have; blank where every word is in more.
    pub rare_word: String,
}

impl Landmarks {
    pub(super) fn of(world: &World) -> Self {
        let user = |measure: fn(&Person) -> u32| username(greatest(&world.people, measure));
        let film = |measure: fn(&Film) -> u32| {
            let is_any = !world.films.is_empty();
            let id = is_any.then(|| world.lines.videos.id(greatest(&world.films, measure)));
            Id::<()>::from_bytes(id.unwrap_or_default()).to_string()
        };
        let vocabulary = &world.texts.vocabulary;
        Self {
            most_subscribed: user(|person| person.subscribers),
            most_videos: user(|person| person.videos),
            most_tweets: user(|person| person.tweets),
            longest_history: user(|person| person.watched),
            most_liking: user(|person| person.liked),
            most_viewed: film(|film| film.views),
            most_liked: film(|film| film.likes),
            most_commented: film(|film| film.comments),
            common_word: vocabulary.word(0).to_owned(),
            two_words: format!("{} {}", vocabulary.word(40), vocabulary.word(60)),
            prefix: "ma".to_owned(),
            rare_word: vocabulary.word(rare(world)).to_owned(),
        }
    }
}

/// The number of the first of those that have the most of something.
fn greatest<T: Copy + Default>(of: &[T], measure: impl Fn(&T) -> u32) -> u32 {
    let numbers = 0..u32::try_from(of.len()).unwrap_or(u32::MAX);
    numbers.max_by_key(|number| (measure(&one(of, *number)), Reverse(*number))).unwrap_or_default()
}

/// The rank of the commonest word that is in as few published videos as that; beyond the last where there is none.
fn rare(world: &World) -> u32 {
    let vocabulary = &world.texts.vocabulary;
    let mut texts = vec![0_u32; usize::try_from(vocabulary.len()).unwrap_or_default()];
    for (number, _) in (0..).zip(&world.films).filter(|(_, film)| !film.is_hidden) {
        let (title, sentences) = world.texts.words_of_video(number);
        let mut ranks: Vec<u32> = title.into_iter().chain(sentences.into_iter().flatten()).collect();
        ranks.sort_unstable();
        ranks.dedup();
        for rank in ranks {
            super::world::change(&mut texts, rank, |texts| *texts += 1);
        }
    }
    let found = (0..).zip(&texts).find(|(_, texts)| (1..=RARE).contains(*texts));
    found.map_or(u32::MAX, |(rank, _)| rank)
}

/// A line each, the names first.
impl fmt::Display for Landmarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("most subscribers", &self.most_subscribed),
            ("most videos", &self.most_videos),
            ("most tweets", &self.most_tweets),
            ("longest history", &self.longest_history),
            ("likes most videos", &self.most_liking),
            ("most viewed video", &self.most_viewed),
            ("most liked video", &self.most_liked),
            ("most commented video", &self.most_commented),
            ("common word", &self.common_word),
            ("two words", &self.two_words),
            ("beginning of words", &self.prefix),
            ("rare word", &self.rare_word),
        ];
        for (number, (name, value)) in lines.into_iter().enumerate() {
            write!(f, "{}  {name:<22}{value}", if number == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
