//! Users: as channels, and as their own account.

use aviary_application::Storage;
use aviary_domain::media::Rendition;
use aviary_domain::user::{Channel, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// The caller's own account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserView {
    /// The id.
    #[serde(rename = "_id")]
    id: String,
    /// The unique name.
    username: String,
    /// The unique address.
    email: String,
    /// The name that people see.
    full_name: String,
    /// The same as `fullName`, for older clients.
    fullname: String,
    /// URL of the face.
    avatar: String,
    /// URL of the banner; empty when there is none.
    cover_image: String,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    updated_at: String,
}

impl UserView {
    /// Shows an account for its owner's eyes.
    pub(crate) fn new(user: &User, state: &AppState) -> Self {
        let full_name = user.full_name.as_str();
        Self {
            id: user.id.to_string(),
            username: user.username.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            full_name: full_name.to_owned(),
            fullname: full_name.to_owned(),
            avatar: state.picture_url(&user.avatar, Rendition::Avatar),
            cover_image: cover_image(user, state),
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.to_string(),
        }
    }
}

/// What the files of the caller's videos take.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names that clients read")]
pub(crate) struct StorageView {
    /// The bytes that films and their stills have.
    #[schema(example = 1_048_576)]
    used_bytes: u64,
    /// The bytes that films may have which the caller has asked `POST /videos/direct-upload` for and has not published yet.
    #[schema(example = 0)]
    reserved_bytes: u64,
    /// The bytes that both may have together; null where nothing limits them.
    #[schema(required = true)]
    quota_bytes: Option<u64>,
}

/// The caller's own account, with what its files take.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnUserView {
    #[serde(flatten)]
    user: UserView,
    /// What the files of the caller's videos take.
    storage: StorageView,
}

impl OwnUserView {
    /// Shows an account for its owner's eyes.
    pub(crate) fn new(user: &User, storage: Storage, state: &AppState) -> Self {
        let storage =
            StorageView { used_bytes: storage.used, reserved_bytes: storage.reserved, quota_bytes: storage.quota };
        Self { user: UserView::new(user, state), storage }
    }
}

/// A channel's page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelView {
    /// The id.
    #[serde(rename = "_id")]
    id: String,
    /// The unique name.
    username: String,
    /// The name that people see.
    full_name: String,
    /// The same as `fullName`, for older clients.
    fullname: String,
    /// Only on the caller's own channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// URL of the face.
    avatar: String,
    /// URL of the banner; empty when there is none.
    cover_image: String,
    /// How many users subscribe to it.
    subscribers_count: u64,
    /// How many channels its owner subscribes to.
    channels_subscribed_to_count: u64,
    /// Whether the caller subscribes to it.
    is_subscribed: bool,
    /// RFC 3339.
    created_at: String,
}

impl ChannelView {
    /// Shows a channel; `own` tells whether it is the caller's.
    pub(crate) fn new(channel: &Channel, own: bool, state: &AppState) -> Self {
        let user = &channel.user;
        let full_name = user.full_name.as_str();
        Self {
            id: user.id.to_string(),
            username: user.username.as_str().to_owned(),
            full_name: full_name.to_owned(),
            fullname: full_name.to_owned(),
            email: own.then(|| user.email.as_str().to_owned()),
            avatar: state.picture_url(&user.avatar, Rendition::Avatar),
            cover_image: cover_image(user, state),
            subscribers_count: channel.subscribers_count,
            channels_subscribed_to_count: channel.subscriptions_count,
            is_subscribed: channel.is_subscribed,
            created_at: user.created_at.to_string(),
        }
    }
}

/// Clients expect an empty text where there is no banner.
fn cover_image(user: &User, state: &AppState) -> String {
    user.cover_image.as_ref().map(|key| state.picture_url(key, Rendition::Cover)).unwrap_or_default()
}
