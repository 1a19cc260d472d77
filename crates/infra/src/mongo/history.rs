//! Watch history in MongoDB: one document a user and video.

use async_trait::async_trait;
use aviary_domain::history::{HistoryEntry, HistoryRepository};
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::video::Video;
use aviary_domain::{Id, StoreError};
use mongodb::bson::{Document, doc};

use super::Database;
use super::collection::HISTORY;
use super::document::{Fields, newest_cursor, object_id};
use super::list::References;
use super::snapshot;

/// The index that has a user's entries in their order.
pub(super) fn index() -> Document {
    doc! { "user": 1, "watchedAt": -1, "video": -1 }
}

/// Watch history in MongoDB.
pub struct MongoHistory {
    database: Database,
}

impl MongoHistory {
    /// The history of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl HistoryRepository for MongoHistory {
    async fn list(&self, user: Id<User>, page: &PageRequest) -> Result<Page<HistoryEntry>, StoreError> {
        let entries = References {
            collection: HISTORY,
            filter: doc! { "user": object_id(user) },
            time: "watchedAt",
            id: "video",
            index: index(),
        };
        let entries = &entries;
        let found = self.database.run(|_| async move {
            let db = snapshot::begin(&self.database).await?;
            entries.page(&db, user, page).await
        });
        let entries = found
            .await?
            .into_iter()
            .map(|(entry, video)| Ok(HistoryEntry { video, watched_at: entry.time("watchedAt")? }));
        let entries = entries.collect::<Result<_, StoreError>>()?;
        Ok(Page::from_surplus(entries, page.size, None, |last: &HistoryEntry| {
            newest_cursor(last.watched_at, last.video.video.id)
        }))
    }

    async fn remove(&self, user: Id<User>, video: Id<Video>) -> Result<(), StoreError> {
        let entry = doc! { "user": object_id(user), "video": object_id(video) };
        self.database.run(|db| async move { db.delete(HISTORY, entry).await.map(drop) }).await
    }

    async fn clear(&self, user: Id<User>) -> Result<(), StoreError> {
        let entries = doc! { "user": object_id(user) };
        self.database.run(|db| async move { db.delete_all(HISTORY, entries).await.map(drop) }).await
    }
}
