//! The facts as small numbers: whoever is meant is known by the number of the row.

/// A user, with what others did to what is hers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::seed) struct Person {
    pub(in crate::seed) subscribers: u32,
    pub(in crate::seed) subscriptions: u32,
    pub(in crate::seed) videos: u32,
    pub(in crate::seed) published: u32,
    pub(in crate::seed) tweets: u32,
    pub(in crate::seed) views: i64,
    pub(in crate::seed) likes: u32,
    pub(in crate::seed) comments: u32,
    /// How many videos are in her history.
    pub(in crate::seed) watched: u32,
    /// How many videos she likes.
    pub(in crate::seed) liked: u32,
}

/// A video.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::seed) struct Film {
    pub(in crate::seed) owner: u32,
    /// Unpublished, so that nobody else did anything to it.
    pub(in crate::seed) is_hidden: bool,
    pub(in crate::seed) seconds: u32,
    pub(in crate::seed) views: u32,
    pub(in crate::seed) likes: u32,
    pub(in crate::seed) comments: u32,
}

/// A comment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::seed) struct Remark {
    pub(in crate::seed) video: u32,
    pub(in crate::seed) owner: u32,
    pub(in crate::seed) likes: u32,
}

/// A tweet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::seed) struct Post {
    pub(in crate::seed) owner: u32,
    pub(in crate::seed) likes: u32,
}

/// What a like is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::seed) enum Target {
    Video(u32),
    Comment(u32),
    Tweet(u32),
}

/// A like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::seed) struct Liking {
    pub(in crate::seed) target: Target,
    pub(in crate::seed) by: u32,
    /// The how manieth of all likes it was.
    pub(in crate::seed) number: u32,
}

/// A subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::seed) struct Following {
    pub(in crate::seed) channel: u32,
    pub(in crate::seed) subscriber: u32,
    /// The how manieth of all subscriptions it was.
    pub(in crate::seed) number: u32,
}

/// An entry of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::seed) struct Watching {
    pub(in crate::seed) user: u32,
    pub(in crate::seed) video: u32,
    /// The how manieth of all entries it was.
    pub(in crate::seed) number: u32,
}

/// A playlist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::seed) struct Playlist {
    pub(in crate::seed) owner: u32,
    pub(in crate::seed) entries: u32,
}

/// An entry of a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::seed) struct Entry {
    pub(in crate::seed) playlist: u32,
    pub(in crate::seed) position: u32,
    pub(in crate::seed) video: u32,
}

/// So many that nothing is known of yet.
pub(super) fn blank<T: Clone + Default>(rows: u32) -> Vec<T> {
    vec![T::default(); usize::try_from(rows).unwrap_or(usize::MAX)]
}

/// The one of this number; a blank one beyond the last.
pub(in crate::seed) fn one<T: Copy + Default>(of: &[T], number: u32) -> T {
    usize::try_from(number).ok().and_then(|number| of.get(number)).copied().unwrap_or_default()
}

/// Changes the one of this number, if there is one.
pub(in crate::seed) fn change<T>(of: &mut [T], number: u32, change: impl FnOnce(&mut T)) {
    if let Some(one) = usize::try_from(number).ok().and_then(|number| of.get_mut(number)) {
        change(one);
    }
}
