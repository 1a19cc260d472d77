//! What clients get to see of the domain: one file a noun. Here is what all of them share.

mod comment;
mod dashboard;
mod history;
mod like;
mod playlist;
mod session;
mod subscription;
mod tweet;
mod upload;
mod user;
mod video;

use aviary_domain::media::Rendition;
use aviary_domain::user::UserCard;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

pub(crate) use comment::CommentView;
pub(crate) use dashboard::ChannelStatsView;
pub(crate) use history::WatchedVideoView;
pub(crate) use like::{LikeStateView, LikedVideoView};
pub(crate) use playlist::PlaylistView;
pub(crate) use session::{SignedInView, TokensView};
pub(crate) use subscription::{SubscribedChannelView, SubscriberView, SubscriptionStateView};
pub(crate) use tweet::TweetView;
pub(crate) use upload::{DirectUploadView, SentFilmView};
pub(crate) use user::{ChannelView, OwnUserView, UserView};
pub(crate) use video::{VideoDetailView, VideoView};

/// A user beside what they made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MiniUser {
    /// The id.
    #[serde(rename = "_id")]
    id: String,
    /// The unique name.
    username: String,
    /// The name that people see.
    full_name: String,
    /// The same under the name that older clients read.
    #[serde(rename = "fullname")]
    fullname: String,
    /// The face, as an absolute URL.
    avatar: String,
}

impl MiniUser {
    /// Shows a card.
    pub(crate) fn new(card: &UserCard, state: &AppState) -> Self {
        Self {
            id: card.id.to_string(),
            username: card.username.as_str().to_owned(),
            full_name: card.full_name.as_str().to_owned(),
            fullname: card.full_name.as_str().to_owned(),
            avatar: state.picture_url(&card.avatar, Rendition::Avatar),
        }
    }
}
