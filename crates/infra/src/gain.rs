//! What the coming, changing and going of a video does to the stored counts of its owner, the same in either store.

use aviary_domain::video::{NewStill, Video};

/// What an owner's stored counts gain; negative for a loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Gain {
    pub(crate) videos: i64,
    pub(crate) published: i64,
    pub(crate) views: i64,
    pub(crate) likes: i64,
    pub(crate) comments: i64,
    pub(crate) bytes: i64,
}

impl Gain {
    /// By a new video, of which nothing is counted yet.
    pub(crate) fn of_new(video: &Video) -> Self {
        let (published, bytes) = (i64::from(video.is_public()), integer(video.stored_bytes()));
        Self { videos: 1, published, bytes, ..Self::default() }
    }

    /// By a video that is deleted, with all that was counted of it.
    pub(crate) fn of_loss(video: &Video) -> Self {
        Self {
            videos: -1,
            published: -i64::from(video.is_public()),
            views: -integer(video.views),
            likes: -integer(video.likes_count),
            comments: -integer(video.comments_count),
            bytes: -integer(video.stored_bytes()),
        }
    }

    /// By everybody seeing a video that not everybody saw, or the other way round.
    pub(crate) fn of_visibility(before: &Video, after: &Video) -> Self {
        let published = i64::from(after.is_public()) - i64::from(before.is_public());
        Self { published, ..Self::default() }
    }

    /// By another still of a video.
    pub(crate) fn of_still(before: &Video, still: &NewStill) -> Self {
        let bytes = integer(still.bytes) - integer(before.thumbnail_bytes);
        Self { bytes, ..Self::default() }
    }
}

/// A count or size as either store keeps it. What does not fit cannot occur: it would be more than nine quintillions.
pub(crate) fn integer(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}
