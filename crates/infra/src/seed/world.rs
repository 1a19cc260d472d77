//! Who does what: every fact of a seeded home, drawn once and kept as small numbers. What a row says besides is made when it
//! is asked for.

mod draw;
mod fact;

use std::iter::once;

pub(super) use fact::{Entry, Film, Following, Liking, Person, Playlist, Post, Remark, Target, Watching, change, one};

use super::chance::Chance;
use super::counts::Counts;
use super::texts::Texts;
use super::timeline::Timeline;
use super::{COST, PASSWORD, SeedError};

/// The edition of what is made: another one where the same seed makes something else than before. Part of every fingerprint.
pub const EDITION: &str = "aviary seed 2";

/// When things happen, table by table. All people are there before the first film, and things before what is done to them.
pub(super) struct Timelines {
    pub(super) users: Timeline,
    pub(super) videos: Timeline,
    pub(super) tweets: Timeline,
    pub(super) comments: Timeline,
    pub(super) likes: Timeline,
    pub(super) subscriptions: Timeline,
    pub(super) history: Timeline,
    pub(super) playlists: Timeline,
}

impl Timelines {
    fn new(chance: &Chance, counts: &Counts) -> Self {
        let line = |name, within, rows| Timeline::new(&chance.part(name), within, rows);
        Self {
            users: line("users", 0..20, counts.users),
            videos: line("videos", 20..100, counts.videos),
            tweets: line("tweets", 20..100, counts.tweets),
            comments: line("comments", 25..100, counts.comments),
            likes: line("likes", 30..100, counts.likes),
            subscriptions: line("subscriptions", 20..100, counts.subscriptions),
            history: line("history", 30..100, counts.history),
            playlists: line("playlists", 30..95, counts.playlists),
        }
    }
}

/// Everything that a seeded home holds.
pub(super) struct World {
    pub(super) lines: Timelines,
    pub(super) texts: Texts,
    pub(super) password_hash: String,
    pub(super) people: Vec<Person>,
    pub(super) films: Vec<Film>,
    pub(super) remarks: Vec<Remark>,
    pub(super) posts: Vec<Post>,
    /// By target, then by user: millions of them arrive faster in the order in which they are kept. So are their ids, which
    /// therefore tell nothing of their time.
    pub(super) likings: Vec<Liking>,
    /// By channel, then by subscriber.
    pub(super) followings: Vec<Following>,
    /// By user, then by film.
    pub(super) watchings: Vec<Watching>,
    pub(super) playlists: Vec<Playlist>,
    /// By playlist, then by position.
    pub(super) entries: Vec<Entry>,
}

impl World {
    /// The same for the same counts and seed. Takes seconds for millions of rows.
    pub(super) fn new(counts: &Counts, seed: u64) -> Result<Self, SeedError> {
        counts.check()?;
        let chance = Chance::new(EDITION, once(seed).chain(counts.all().map(u64::from)));
        let salt = chance.part("salt").bytes();
        let hash = bcrypt::hash_with_salt(PASSWORD, COST, salt)?;
        let mut world = Self {
            lines: Timelines::new(&chance.part("times"), counts),
            texts: Texts::new(&chance, counts.videos),
            password_hash: hash.format_for_version(bcrypt::Version::TwoB),
            people: fact::blank(counts.users),
            films: Vec::new(),
            remarks: Vec::new(),
            posts: Vec::new(),
            likings: Vec::new(),
            followings: Vec::new(),
            watchings: Vec::new(),
            playlists: Vec::new(),
            entries: Vec::new(),
        };
        draw::fill(&mut world, counts, &chance.part("facts"))?;
        Ok(world)
    }

    /// How many published videos there are.
    pub(super) fn published(&self) -> i64 {
        self.people.iter().map(|person| i64::from(person.published)).sum()
    }
}
