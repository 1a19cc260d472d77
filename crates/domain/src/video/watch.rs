//! Watching a video: who opens its page, and what is shown there.

use std::time::Duration;

use super::{Video, VideoCard};
use crate::security::GuestKey;
use crate::user::User;
use crate::{Id, Timestamp};

/// Who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// A signed-in user.
    User(Id<User>),
    /// Somebody unknown.
    Guest(GuestKey),
}

impl Viewer {
    /// The user, if the viewer is signed in.
    pub fn user(self) -> Option<Id<User>> {
        match self {
            Self::User(id) => Some(id),
            Self::Guest(_) => None,
        }
    }
}

/// Somebody opens a video's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The video.
    pub video: Id<Video>,
    /// Who opens it.
    pub viewer: Viewer,
    /// The present.
    pub now: Timestamp,
    /// How long one view of a viewer lasts before the next one counts.
    pub window: Duration,
}

/// A video's page as one viewer sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoDetail {
    /// The video and its owner; `views` includes this visit if it counted.
    pub card: VideoCard,
    /// How many users subscribe to the owner.
    pub subscribers_count: u64,
    /// Whether the viewer subscribes to the owner.
    pub is_subscribed: bool,
    /// Whether the viewer likes the video.
    pub is_liked: bool,
}

/// How old the newest history entry may be while a further visit to the same video leaves it as it is.
pub const HISTORY_PRECISION: Duration = Duration::from_mins(1);
