//! What is written on each row. Every text is one that the domain would take as typed.

use aviary_domain::video::{Title, title_sort_key};

use super::chance::{Chance, Dice};
use super::vocabulary::Vocabulary;

/// The texts of a video.
pub(super) struct VideoText {
    pub(super) title: String,
    /// As titles are sorted.
    pub(super) title_key: String,
    pub(super) description: String,
}

/// Writes texts, each row's from chance of its own.
pub(super) struct Texts {
    pub(super) vocabulary: Vocabulary,
    people: Chance,
    videos: Chance,
    comments: Chance,
    tweets: Chance,
    playlists: Chance,
}

impl Texts {
    pub(super) fn new(chance: &Chance, videos: u32) -> Self {
        let part = |name| chance.part("texts").part(name);
        Self {
            vocabulary: Vocabulary::new(videos),
            people: part("people"),
            videos: part("videos"),
            comments: part("comments"),
            tweets: part("tweets"),
            playlists: part("playlists"),
        }
    }

    /// What a user is called.
    pub(super) fn full_name(&self, user: u32) -> String {
        self.vocabulary.full_name(&mut self.people.dice(user))
    }

    /// The ranks of the words of a video: those of the title, then those of each sentence of the description.
    pub(super) fn words_of_video(&self, video: u32) -> (Vec<u32>, Vec<Vec<u32>>) {
        let dice = &mut self.videos.dice(video);
        let title = self.vocabulary.ranks(dice, 3..=8);
        let sentences = dice.within(1..=3);
        (title, (0..sentences).map(|_| self.vocabulary.ranks(dice, 4..=10)).collect())
    }

    /// A video's title and description.
    pub(super) fn video(&self, video: u32) -> VideoText {
        let (title, sentences) = self.words_of_video(video);
        let title = self.vocabulary.line(&title);
        let sentences: Vec<String> = sentences.iter().map(|ranks| self.vocabulary.line(ranks) + ".").collect();
        let title_key = title_sort_key(&Title::from_stored(title.clone()));
        VideoText { title, title_key, description: sentences.join(" ") }
    }

    /// A comment.
    pub(super) fn comment(&self, comment: u32) -> String {
        self.sentences(&mut self.comments.dice(comment), 2)
    }

    /// A tweet.
    pub(super) fn tweet(&self, tweet: u32) -> String {
        self.sentences(&mut self.tweets.dice(tweet), 3)
    }

    /// A playlist's name and description.
    pub(super) fn playlist(&self, playlist: u32) -> (String, String) {
        let dice = &mut self.playlists.dice(playlist);
        let name = self.vocabulary.line(&self.vocabulary.ranks(dice, 1..=4));
        (name, self.sentences(dice, 1))
    }

    fn sentences(&self, dice: &mut Dice, most: u32) -> String {
        self.vocabulary.text(dice, 1..=most, &(3..=12))
    }
}
