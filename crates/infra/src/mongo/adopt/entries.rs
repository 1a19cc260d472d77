//! The lists of references that playlists and watch histories were, and which of their entries are kept.

use std::collections::HashSet;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime};

use super::report::EntryReason;
use super::value;

/// Which of several entries of the same video is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// The first: a playlist plays it there already.
    First,
    /// The last: it was watched again.
    Last,
}

/// An entry that is not kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dropped {
    /// Where it stood, counted from 0.
    pub(super) at: usize,
    pub(super) value: Bson,
    pub(super) reason: EntryReason,
}

/// An entry that is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Kept {
    pub(super) video: ObjectId,
    /// When it was watched, where the entry told.
    pub(super) watched_at: Option<DateTime>,
}

/// What is kept of a list, in its order, and what is not.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Resolved {
    pub(super) kept: Vec<Kept>,
    pub(super) dropped: Vec<Dropped>,
}

/// Keeps the entries of known videos, each once and at most so many.
pub(super) fn resolve(entries: Vec<Bson>, known: &HashSet<ObjectId>, keep: Keep, most: usize) -> Resolved {
    let mut resolved = Resolved::default();
    let mut seen = HashSet::new();
    let mut look_at = |(at, value): (usize, Bson)| {
        let reason = match value::entry(&value) {
            None => EntryReason::Unreadable,
            Some(video) if !known.contains(&video) => EntryReason::TargetMissing,
            Some(video) if seen.contains(&video) => EntryReason::Duplicate,
            Some(_) if resolved.kept.len() >= most => EntryReason::Surplus,
            Some(video) => {
                seen.insert(video);
                resolved.kept.push(Kept { video, watched_at: value::watched_at(&value) });
                return;
            }
        };
        resolved.dropped.push(Dropped { at, value, reason });
    };
    let numbered = entries.into_iter().enumerate();
    match keep {
        Keep::First => numbered.for_each(&mut look_at),
        Keep::Last => numbered.rev().for_each(&mut look_at),
    }
    if keep == Keep::Last {
        resolved.kept.reverse();
        resolved.dropped.reverse();
    }
    resolved
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use mongodb::bson::Bson;
    use mongodb::bson::oid::ObjectId;

    use super::{EntryReason, Keep, resolve};

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 12])
    }

    fn kept_and_dropped(keep: Keep, most: usize) -> (Vec<ObjectId>, Vec<(usize, EntryReason)>) {
        let entries = vec![id(1).into(), id(2).into(), id(1).to_hex().into(), Bson::Null, id(9).into(), id(3).into()];
        let known = HashSet::from([id(1), id(2), id(3)]);
        let resolved = resolve(entries, &known, keep, most);
        let kept = resolved.kept.into_iter().map(|kept| kept.video).collect();
        (kept, resolved.dropped.into_iter().map(|dropped| (dropped.at, dropped.reason)).collect())
    }

    #[test]
    fn a_playlist_keeps_the_first_of_each_and_a_history_the_last() {
        let others = [(3, EntryReason::Unreadable), (4, EntryReason::TargetMissing)];
        let (kept, dropped) = kept_and_dropped(Keep::First, 10);
        assert_eq!(kept, [id(1), id(2), id(3)]);
        assert_eq!(dropped, [&[(2, EntryReason::Duplicate)], &others[..]].concat());
        let (kept, dropped) = kept_and_dropped(Keep::Last, 10);
        assert_eq!(kept, [id(2), id(1), id(3)]);
        assert_eq!(dropped, [&[(0, EntryReason::Duplicate)], &others[..]].concat());
    }

    #[test]
    fn what_is_too_much_is_told_as_such() {
        let (kept, dropped) = kept_and_dropped(Keep::First, 2);
        assert_eq!(kept, [id(1), id(2)]);
        assert_eq!(dropped.last(), Some(&(5, EntryReason::Surplus)));
    }
}
