//! Who and what of a home plays in the workloads. It is found out over HTTP, once after the home was seeded, and kept
//! beside it.

mod explore;
mod words;

use aviary_infra::seed::EDITION;
use serde::{Deserialize, Serialize};

pub(crate) use explore::explore;
pub(crate) use words::Words;

/// The number of a cast's form: one of another form is made anew, with its home.
pub(crate) const FORM: u32 = 2;

/// Somebody who is signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    /// The name.
    pub(crate) username: String,
    /// The access token of a session.
    pub(crate) token: String,
}

/// A place deep in the list of videos.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deep {
    /// The number of the page, with ten items each: 1,000, or less in a home that has not so many.
    pub(crate) page: usize,
    /// The cursor that leads there.
    pub(crate) cursor: String,
}

/// Who and what plays. No list is empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cast {
    /// [`FORM`].
    pub(crate) form: u32,
    /// The [`EDITION`] of the seeded home.
    pub(crate) edition: String,
    /// The password of everybody.
    pub(crate) password: String,
    /// How many videos the list has.
    pub(crate) total: usize,
    /// Videos from all over the list.
    pub(crate) videos: Vec<String>,
    /// The video with the most comments.
    pub(crate) most_commented: String,
    /// The channel with the most subscribers.
    pub(crate) most_subscribed: String,
    /// The owner of the most videos.
    pub(crate) largest: Member,
    /// Other owners of videos.
    pub(crate) members: Vec<Member>,
    /// Ids of users who have tweeted.
    pub(crate) tweeters: Vec<String>,
    /// Far from the beginning of the list.
    pub(crate) deep: Deep,
    /// What is searched for.
    pub(crate) words: Words,
}

impl Cast {
    /// Whether it is of this form, and its home of the edition that is seeded now.
    pub(crate) fn is_current(&self) -> bool {
        self.form == FORM && self.edition == EDITION
    }
}

/// A cast that no home has, for tests.
#[cfg(test)]
pub(crate) fn sample() -> Cast {
    let member = |n: usize| Member { username: format!("user{n}"), token: format!("token{n}") };
    let some = |name: &str, count| (0..count).map(|n| format!("{name}{n}")).collect::<Vec<_>>();
    Cast {
        form: FORM,
        edition: EDITION.to_owned(),
        password: "secret".to_owned(),
        total: 5_000,
        videos: some("video", 300),
        most_commented: "video7".to_owned(),
        most_subscribed: "user1".to_owned(),
        largest: member(1),
        members: (0..128).map(member).collect(),
        tweeters: some("user", 20),
        deep: Deep { page: 500, cursor: "cursor".to_owned() },
        words: Words {
            rare: some("rare", 3),
            common: some("common", 3),
            two: vec!["a b".to_owned()],
            prefix: some("p", 3),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_of_another_form_or_edition_is_not_played_with() {
        assert!(sample().is_current());
        assert!(!Cast { form: FORM + 1, ..sample() }.is_current());
        assert!(!Cast { edition: "another".to_owned(), ..sample() }.is_current());
    }
}
