//! Watch history in SQLite.

use async_trait::async_trait;
use aviary_domain::history::{HistoryEntry, HistoryRepository};
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::video::Video;
use aviary_domain::{Id, StoreError};
use rusqlite::{Connection, params};

use super::Database;
use super::error::SqlError;
use super::newest;
use super::row::{all, execute, integer, timestamp};
use super::video_row::{VIDEO_CARD, VIDEO_CARD_WIDTH, video_card, visible_to};

/// Watch history in SQLite.
pub struct SqliteHistory {
    database: Database,
}

impl SqliteHistory {
    /// The history of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl HistoryRepository for SqliteHistory {
    async fn list(&self, user: Id<User>, page: &PageRequest) -> Result<Page<HistoryEntry>, StoreError> {
        let request = page.clone();
        self.database.read_page(page, move |c| list(c, user, &request)).await
    }

    async fn remove(&self, user: Id<User>, video: Id<Video>) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM history WHERE user = ?1 AND video = ?2";
        self.database.write(move |c| execute(c, SQL, params![user.bytes(), video.bytes()]).map(drop)).await
    }

    async fn clear(&self, user: Id<User>) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM history WHERE user = ?1";
        self.database.write(move |c| execute(c, SQL, [user.bytes()]).map(drop)).await
    }
}

fn list(c: &Connection, user: Id<User>, page: &PageRequest) -> Result<Page<HistoryEntry>, SqlError> {
    let (time, id) = newest::start(page)?;
    let values = params![user.bytes(), time, id, integer(page.surplus()), integer(page.offset())];
    let entries = all(c, &list_sql(), values, |row| {
        Ok(HistoryEntry { video: video_card(row, 0)?, watched_at: timestamp(row, VIDEO_CARD_WIDTH)? })
    })?;
    Ok(Page::from_surplus(entries, page.size, None, |last| newest::cursor(last.watched_at, last.video.video.id)))
}

pub(super) fn list_sql() -> String {
    let visible = visible_to("?1");
    format!(
        "SELECT {VIDEO_CARD}, h.watched_at FROM history h JOIN videos v ON v.id = h.video JOIN users u ON u.id = v.owner
         WHERE h.user = ?1 AND (h.watched_at, h.video) < (?2, ?3) AND {visible}
         ORDER BY h.watched_at DESC, h.video DESC LIMIT ?4 OFFSET ?5"
    )
}
