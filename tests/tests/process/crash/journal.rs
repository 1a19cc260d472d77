//! What the writers know: which writes were acknowledged, which have an unknown outcome, and what was seen to be gone.

use std::collections::{BTreeMap, BTreeSet};

/// Something that is in the store or is not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    User { name: String },
    Picture { slot: Slot, owner: String, key: String },
    Video { id: String },
    Comment { id: String, video: String },
    Tweet { id: String },
    Playlist { id: String },
    Like { user: String, target: Box<Fact> },
    Subscription { subscriber: String, channel: String },
    Entry { playlist: String, video: String },
    Visit { user: String, video: String },
}

/// Whose picture, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Avatar,
    Cover,
    Thumbnail,
}

/// What is known about a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was acknowledged to be so.
    Present,
    /// It was acknowledged to be gone.
    Absent,
    /// The process died while it was being changed.
    Unknown,
}

impl From<bool> for Known {
    fn from(present: bool) -> Self {
        if present { Self::Present } else { Self::Absent }
    }
}

/// A signed-in device.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) state: Known,
}

/// How often a kind of write was acknowledged, and how often its answer was lost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) done: u32,
    pub(crate) lost: u32,
}

/// All of it.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) facts: BTreeMap<Fact, Known>,
    /// Texts of creations whose answer was lost: a row with such a text may be there, once.
    pub(crate) lost_texts: BTreeSet<String>,
    /// What an answer said is absent. Who has seen it gone must never see it again.
    pub(crate) seen_gone: BTreeSet<Fact>,
    /// For each video who watched it: `true` once that was acknowledged.
    pub(crate) viewers: BTreeMap<String, BTreeMap<String, bool>>,
    pub(crate) devices: Vec<Device>,
    pub(crate) tallies: BTreeMap<&'static str, Tally>,
    /// Answers that no crash excuses.
    pub(crate) faults: Vec<String>,
}

impl Journal {
    /// Whether the fact holds, `None` where that is unknown. What was never written is absent.
    pub(crate) fn holds(&self, fact: &Fact) -> Option<bool> {
        match self.facts.get(fact) {
            Some(Known::Present) => Some(true),
            Some(Known::Unknown) => None,
            Some(Known::Absent) | None => Some(false),
        }
    }

    pub(crate) fn note(&mut self, fact: &Fact, known: impl Into<Known>) {
        self.facts.insert(fact.clone(), known.into());
    }

    /// A request that was to make the fact hold or not was lost.
    pub(crate) fn lost(&mut self, fact: &Fact, wanted: Option<bool>) {
        // What holds already cannot have been changed by asking for it again.
        if wanted.is_none() || self.holds(fact) != wanted {
            self.note(fact, Known::Unknown);
        }
    }

    pub(crate) fn watched(&mut self, video: &str, viewer: &str, acknowledged: bool) {
        let viewers = self.viewers.entry(video.to_owned()).or_default();
        *viewers.entry(viewer.to_owned()).or_default() |= acknowledged;
    }

    /// The fewest and the most views that a video may have.
    pub(crate) fn view_bounds(&self, video: &str) -> (usize, usize) {
        let viewers = self.viewers.get(video);
        let acknowledged = viewers.map_or(0, |all| all.values().filter(|known| **known).count());
        (acknowledged, viewers.map_or(0, BTreeMap::len))
    }
}
