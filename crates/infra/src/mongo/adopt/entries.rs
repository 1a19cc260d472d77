//! The lists of references that playlists and watch histories were, and which of their entries are kept.

use std::collections::HashSet;

use mongodb::bson::error::Error;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::RawBsonRef;
use mongodb::bson::{Bson, DateTime, RawArray, RawDocument};

use super::report::{EntryReason, Stage};
use super::value;

/// Where the array of watched videos stands in an account.
pub(super) const WATCH_HISTORY: &str = "watchHistory";

/// The fields of a document that hold its lists, in the order in which their entries are counted.
pub(super) fn lists(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Users | Stage::Histories => &[WATCH_HISTORY],
        Stage::Playlists => &["videos", "video"],
        Stage::Videos | Stage::Tweets | Stage::Comments | Stage::Likes | Stage::Subscriptions => &[],
    }
}

/// What the lists of a document hold, one after the other. A single value counts as a list of one.
pub(super) fn elements(stage: Stage, document: &RawDocument) -> impl Iterator<Item = Result<RawBsonRef<'_>, Error>> {
    lists(stage).iter().flat_map(|list| {
        let (array, single): (Option<&RawArray>, Option<Result<_, Error>>) = match document.get(list) {
            Ok(None | Some(RawBsonRef::Null | RawBsonRef::Undefined)) => (None, None),
            Ok(Some(RawBsonRef::Array(array))) => (Some(array), None),
            Ok(Some(single)) => (None, Some(Ok(single))),
            Err(error) => (None, Some(Err(error))),
        };
        array.into_iter().flatten().chain(single)
    })
}

/// An entry of a list, as far as it is understood: a list may hold a million, so not as it stands there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    /// The video that it refers to, if that can be read.
    pub(super) video: Option<ObjectId>,
    /// When it was watched, where the entry tells.
    watched_at: Option<DateTime>,
    /// Whether it tells more than what is kept of it.
    tells_more: bool,
}

impl Entry {
    /// Reads an entry. Fails where it is no sound BSON.
    pub(super) fn read(stage: Stage, entry: RawBsonRef<'_>) -> Result<Self, Error> {
        let entry = Bson::try_from(entry)?;
        Ok(Self {
            video: value::entry(&entry),
            watched_at: value::watched_at(&entry),
            tells_more: value::tells_more(&entry, stage == Stage::Histories),
        })
    }
}

/// Which of several entries of the same video is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// The first: a playlist plays it there already.
    First,
    /// The last: it was watched again.
    Last,
}

/// An entry that goes to the quarantine as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aside {
    /// Where it stood, counted from 0.
    pub(super) at: usize,
    /// Why it is not kept; none for one that is kept, but told more.
    pub(super) reason: Option<EntryReason>,
}

/// An entry that is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Kept {
    pub(super) video: ObjectId,
    /// When it was watched, where the entry told.
    pub(super) watched_at: Option<DateTime>,
}

/// What is kept of a list, in its order, and what goes to the quarantine, in its order too.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Resolved {
    pub(super) kept: Vec<Kept>,
    pub(super) aside: Vec<Aside>,
}

/// Keeps the entries of known videos, each once and at most so many.
pub(super) fn resolve(entries: &[Entry], known: &HashSet<ObjectId>, keep: Keep, most: usize) -> Resolved {
    let mut resolved = Resolved::default();
    let mut seen = HashSet::new();
    let mut look_at = |(at, entry): (usize, &Entry)| {
        let reason = match entry.video {
            None => Some(EntryReason::Unreadable),
            Some(video) if !known.contains(&video) => Some(EntryReason::TargetMissing),
            Some(video) if seen.contains(&video) => Some(EntryReason::Duplicate),
            Some(_) if resolved.kept.len() >= most => Some(EntryReason::Surplus),
            Some(video) => {
                seen.insert(video);
                resolved.kept.push(Kept { video, watched_at: entry.watched_at });
                None
            }
        };
        if reason.is_some() || entry.tells_more {
            resolved.aside.push(Aside { at, reason });
        }
    };
    let numbered = entries.iter().enumerate();
    match keep {
        Keep::First => numbered.for_each(&mut look_at),
        Keep::Last => numbered.rev().for_each(&mut look_at),
    }
    if keep == Keep::Last {
        resolved.kept.reverse();
        resolved.aside.reverse();
    }
    resolved
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use mongodb::bson::oid::ObjectId;
    use mongodb::bson::{Bson, RawDocumentBuf, doc};

    use super::{Entry, EntryReason, Keep, Stage, elements, resolve};

    fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 12])
    }

    fn entries(list: Vec<Bson>) -> Vec<Entry> {
        let playlist = RawDocumentBuf::try_from(&doc! { "videos": list }).unwrap();
        let read = elements(Stage::Playlists, &playlist).map(|entry| Entry::read(Stage::Playlists, entry.unwrap()));
        read.map(Result::unwrap).collect()
    }

    fn kept_and_aside(keep: Keep, most: usize) -> (Vec<ObjectId>, Vec<(usize, Option<EntryReason>)>) {
        let entries = entries(vec![
            id(1).into(),
            doc! { "video": id(2), "note": "x" }.into(),
            id(1).to_hex().into(),
            Bson::Null,
            id(9).into(),
            id(3).into(),
        ]);
        let known = HashSet::from([id(1), id(2), id(3)]);
        let resolved = resolve(&entries, &known, keep, most);
        let kept = resolved.kept.into_iter().map(|kept| kept.video).collect();
        (kept, resolved.aside.into_iter().map(|aside| (aside.at, aside.reason)).collect())
    }

    #[test]
    fn a_playlist_keeps_the_first_of_each_and_a_history_the_last() {
        let duplicate = |at| (at, Some(EntryReason::Duplicate));
        let (more, others) = ((1, None), [(3, Some(EntryReason::Unreadable)), (4, Some(EntryReason::TargetMissing))]);
        let (kept, aside) = kept_and_aside(Keep::First, 10);
        assert_eq!(kept, [id(1), id(2), id(3)]);
        assert_eq!(aside, [&[more, duplicate(2)], &others[..]].concat());
        let (kept, aside) = kept_and_aside(Keep::Last, 10);
        assert_eq!(kept, [id(2), id(1), id(3)]);
        assert_eq!(aside, [&[duplicate(0), more], &others[..]].concat());
    }

    #[test]
    fn what_is_too_much_is_told_as_such() {
        let (kept, aside) = kept_and_aside(Keep::First, 2);
        assert_eq!(kept, [id(1), id(2)]);
        assert_eq!(aside.last(), Some(&(5, Some(EntryReason::Surplus))));
    }
}
