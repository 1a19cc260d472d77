//! What adoption made of a database, told collection by collection.

mod text;

use std::collections::BTreeMap;

use aviary_domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mongo::collection::{COMMENTS, LIKES, PLAYLISTS, SUBSCRIPTIONS, TWEETS, USERS, VIDEOS};

/// What is copied, in the order in which it is: what others refer to comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Accounts, without their watch histories.
    Users,
    /// Videos.
    Videos,
    /// Tweets.
    Tweets,
    /// Comments.
    Comments,
    /// Likes.
    Likes,
    /// Subscriptions.
    Subscriptions,
    /// Playlists with their entries.
    Playlists,
    /// The watch histories that stand in the accounts.
    Histories,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Users,
        Self::Videos,
        Self::Tweets,
        Self::Comments,
        Self::Likes,
        Self::Subscriptions,
        Self::Playlists,
        Self::Histories,
    ];

    /// The collection that is read.
    pub(crate) fn collection(self) -> &'static str {
        match self {
            Self::Users | Self::Histories => USERS,
            Self::Videos => VIDEOS,
            Self::Tweets => TWEETS,
            Self::Comments => COMMENTS,
            Self::Likes => LIKES,
            Self::Subscriptions => SUBSCRIPTIONS,
            Self::Playlists => PLAYLISTS,
        }
    }

    /// What comes after it.
    pub(super) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage > self)
    }

    /// What people call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Histories => "watch histories",
            stage => stage.collection(),
        }
    }
}

/// Why a document moved to the quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Its `_id` is no `ObjectId`.
    UnreadableId,
    /// It is no sound BSON.
    Unreadable,
    /// A field that cannot be made up is missing or of a type that cannot be read; the quarantine names it.
    Malformed,
    /// Whoever made it has no account.
    OwnerMissing,
    /// What it belongs to is not there.
    TargetMissing,
    /// An older account has the user name.
    UsernameTaken,
    /// An older account has the e-mail address.
    EmailTaken,
    /// An older document says the same.
    Duplicate,
    /// Somebody subscribed to themselves.
    SelfSubscription,
    /// With what is added to it, it would be larger than a document may be.
    TooLarge,
    /// Another application wrote it while the database was being adopted.
    WrittenMeanwhile,
}

impl Reason {
    /// The reason as the quarantine has it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::UnreadableId => "unreadableId",
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::OwnerMissing => "ownerMissing",
            Self::TargetMissing => "targetMissing",
            Self::UsernameTaken => "usernameTaken",
            Self::EmailTaken => "emailTaken",
            Self::Duplicate => "duplicate",
            Self::SelfSubscription => "selfSubscription",
            Self::TooLarge => "tooLarge",
            Self::WrittenMeanwhile => "writtenMeanwhile",
        }
    }
}

/// Why an entry of a playlist or watch history moved to the quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryReason {
    /// It is no reference.
    Unreadable,
    /// The video is not there.
    TargetMissing,
    /// The video stands in the list elsewhere.
    Duplicate,
    /// The playlist is full.
    Surplus,
}

impl EntryReason {
    /// The reason as the quarantine has it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TargetMissing => "targetMissing",
            Self::Duplicate => "duplicate",
            Self::Surplus => "surplus",
        }
    }
}

/// Something worth knowing about a document that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Note {
    /// It held a refresh token in clear text, which was dropped.
    TokenDropped,
    /// No password fits it: what it has is no bcrypt hash.
    PasswordUnusable,
    /// It did not say whether it is published, so it is.
    PublishedByDefault,
    /// It names no film.
    FilmMissing,
    /// What it held could not be read as what it had to be, or only as another number, or stood where the store writes
    /// something of its own; it stands in `legacyValues` now.
    ValueSetAside,
    /// Something was told by a document, such as a file with its `public_id`, or by a list: it was read, and all of it
    /// stands in `legacyValues`.
    ToldMore,
}

/// What became of one collection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// How many documents there were.
    pub read: u64,
    /// How many were kept.
    pub kept: u64,
    /// How many moved to the quarantine, by reason.
    pub quarantined: BTreeMap<Reason, u64>,
    /// How many entries their lists had.
    pub entries_read: u64,
    /// How many of them were kept.
    pub entries_kept: u64,
    /// How many of them moved to the quarantine, by reason.
    pub entries_quarantined: BTreeMap<EntryReason, u64>,
    /// How many of those that were kept told more than is kept of them: as they stood there, they are in the quarantine.
    #[serde(default)]
    pub entries_told_more: u64,
    /// What is worth knowing of those that were kept, and of how many it holds.
    pub notes: BTreeMap<Note, u64>,
    /// How many of those that were malformed are so for the sake of which field.
    #[serde(default)]
    pub malformed: BTreeMap<String, u64>,
    /// In how many of those that were kept the value of a field was set aside, by its name.
    #[serde(default)]
    pub unread: BTreeMap<String, u64>,
    /// How many that another application wrote in the meantime moved to the quarantine. None of them was read.
    #[serde(default)]
    pub written_meanwhile: u64,
    /// How many were kept whose originals have gone since.
    #[serde(default)]
    pub originals_gone: u64,
}

impl Tally {
    /// Takes another one into this one.
    pub(super) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.kept += other.kept;
        self.entries_read += other.entries_read;
        self.entries_kept += other.entries_kept;
        self.entries_told_more += other.entries_told_more;
        merge(&mut self.quarantined, other.quarantined);
        merge(&mut self.entries_quarantined, other.entries_quarantined);
        merge(&mut self.notes, other.notes);
        merge(&mut self.malformed, other.malformed);
        merge(&mut self.unread, other.unread);
        self.written_meanwhile += other.written_meanwhile;
        self.originals_gone += other.originals_gone;
    }
}

fn merge<K: Ord>(sums: &mut BTreeMap<K, u64>, others: BTreeMap<K, u64>) {
    for (key, number) in others {
        *sums.entry(key).or_default() += number;
    }
}

/// What adoption made of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdoptionReport {
    /// What became of each collection.
    pub stages: BTreeMap<Stage, Tally>,
    /// Collections of another kind whose names are needed; they stay, under names that begin with `legacy.`.
    pub set_aside: Vec<String>,
    /// Collections that are none of ours, left as they are.
    pub left_alone: Vec<String>,
}

impl AdoptionReport {
    /// Of the collections that are renamed for good, or only while their documents are converted.
    pub(super) fn new(stages: BTreeMap<Stage, Tally>, mut set_aside: Vec<String>, left_alone: Vec<String>) -> Self {
        let families = Stage::ALL.map(Stage::collection);
        set_aside.retain(|name| !families.contains(&name.as_str()));
        Self { stages, set_aside, left_alone }
    }
}

/// That a database was adopted, and what became of it then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// When it was finished, by the server's clock; when it began, where an earlier version noted no more.
    pub at: Timestamp,
    /// What it made of the database.
    pub report: AdoptionReport,
}
