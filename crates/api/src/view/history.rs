//! Watch history.

use aviary_domain::history::HistoryEntry;
use serde::Serialize;
use utoipa::ToSchema;

use super::VideoView;
use crate::state::AppState;

/// A watched video.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WatchedVideoView {
    #[serde(flatten)]
    video: VideoView,
    /// When it was last watched, RFC 3339.
    watched_at: String,
}

impl WatchedVideoView {
    /// Shows an entry of the history.
    pub(crate) fn new(entry: HistoryEntry, state: &AppState) -> Self {
        Self { video: VideoView::new(entry.video, state), watched_at: entry.watched_at.to_string() }
    }
}
