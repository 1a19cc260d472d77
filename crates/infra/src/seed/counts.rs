//! How much is made up.

use super::SeedError;

/// The most rows of a table: their numbers are the last three bytes of their ids.
const MOST: u32 = (1 << 24) - 1;

/// One pair in so many may be taken at most, or chance would look for a free one too long.
const CROWD: u64 = 8;

/// Of ten likes so many go to videos, comments and tweets, as in the sizes of `ARCHITECTURE.md`.
pub(super) const LIKES_IN_TEN: [u32; 3] = [6, 3, 1];

/// How many rows of each kind a seeded home gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Accounts, 2 or more.
    pub users: u32,
    /// Videos, of which about one in forty is unpublished.
    pub videos: u32,
    /// Tweets.
    pub tweets: u32,
    /// Comments.
    pub comments: u32,
    /// Likes of videos, comments and tweets together.
    pub likes: u32,
    /// Subscriptions.
    pub subscriptions: u32,
    /// Entries of all histories together.
    pub history: u32,
    /// Playlists.
    pub playlists: u32,
    /// Entries of all playlists together.
    pub playlist_videos: u32,
}

impl Counts {
    /// A small town: seconds.
    pub const SMALL: Self = Self {
        users: 1_000,
        videos: 5_000,
        tweets: 20_000,
        comments: 50_000,
        likes: 200_000,
        subscriptions: 50_000,
        history: 50_000,
        playlists: 2_000,
        playlist_videos: 20_000,
    };

    /// A city: minutes.
    pub const LARGE: Self = Self {
        users: 20_000,
        videos: 200_000,
        tweets: 400_000,
        comments: 1_000_000,
        likes: 3_000_000,
        subscriptions: 1_000_000,
        history: 1_000_000,
        playlists: 40_000,
        playlist_videos: 400_000,
    };

    /// All of them, in this order: the fingerprint of a seeding has them.
    pub(super) fn all(&self) -> [u32; 9] {
        let Self { users, videos, tweets, comments, likes, subscriptions, history, playlists, playlist_videos } = *self;
        [users, videos, tweets, comments, likes, subscriptions, history, playlists, playlist_videos]
    }

    /// Refuses what chance could not place: likes without anything to like, more subscriptions than there are pairs.
    pub(super) fn check(&self) -> Result<(), SeedError> {
        let users = u64::from(self.users);
        let pairs = |one: u32| users.saturating_mul(u64::from(one));
        let share = |tenths: u32| u64::from(self.likes).saturating_mul(u64::from(tenths)).div_ceil(10);
        let [of_videos, of_comments, of_tweets] = LIKES_IN_TEN;
        let wanted = [
            ("likes", share(of_videos), pairs(self.videos)),
            ("likes", share(of_comments), pairs(self.comments)),
            ("likes", share(of_tweets), pairs(self.tweets)),
            ("subscriptions", u64::from(self.subscriptions), pairs(self.users.saturating_sub(1))),
            ("history entries", u64::from(self.history), pairs(self.videos)),
            (
                "playlist entries",
                u64::from(self.playlist_videos),
                u64::from(self.playlists).saturating_mul(u64::from(self.videos)),
            ),
        ];
        if let Some((what, ..)) = wanted.into_iter().find(|(_, wanted, pairs)| wanted.saturating_mul(CROWD) > *pairs) {
            return Err(SeedError::Crowded { what });
        }
        if self.comments > 0 && self.videos == 0 {
            return Err(SeedError::Crowded { what: "comments" });
        }
        if self.users < 2 || self.all().into_iter().any(|rows| rows > MOST) {
            return Err(SeedError::Counts);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, MOST};

    #[test]
    fn what_chance_cannot_place_is_refused() {
        assert!(Counts::SMALL.check().is_ok() && Counts::LARGE.check().is_ok());
        let none = Counts {
            users: 2,
            videos: 0,
            tweets: 0,
            comments: 0,
            likes: 0,
            subscriptions: 0,
            history: 0,
            playlists: 0,
            playlist_videos: 0,
        };
        assert!(none.check().is_ok());
        for (counts, what) in [
            (Counts { users: 1, ..none }, "two users"),
            (Counts { tweets: MOST + 1, ..none }, "two users"),
            (Counts { likes: 1, ..none }, "likes"),
            (Counts { comments: 1, ..none }, "comments"),
            (Counts { history: 1, ..none }, "history entries"),
            (Counts { subscriptions: 1, ..none }, "subscriptions"),
            (Counts { playlist_videos: 1, playlists: 1, ..none }, "playlist entries"),
            (Counts { tweets: 5_000, ..Counts::SMALL }, "likes"),
            (Counts { tweets: 100, ..Counts::SMALL }, "likes"),
        ] {
            let refused = counts.check().map_err(|error| error.to_string());
            let fits = counts.tweets == 5_000;
            assert!(refused.as_ref().map_or_else(|error| error.contains(what), |()| fits), "{counts:?}: {refused:?}");
        }
    }
}
