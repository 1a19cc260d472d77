//! Watch history in MongoDB: one document a user and video.

use std::collections::HashMap;

use async_trait::async_trait;
use aviary_domain::history::{HistoryEntry, HistoryRepository};
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::video::Video;
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::{AggregateOptions, FindOptions, Hint};

use super::Database;
use super::access::Access;
use super::collection::HISTORY;
use super::document::{Fields, newest_cursor, object_id};
use super::error::TxError;
use super::list::References;
use super::snapshot;

/// The index that has a user's entries in their order.
pub(super) fn index() -> Document {
    doc! { "user": 1, "watchedAt": -1, "video": -1 }
}

/// The video that stands in front of a user's history, and when it was entered.
pub(super) async fn front(db: &Access, user: Id<User>) -> Result<Option<(Timestamp, Id<Video>)>, TxError> {
    let user = object_id(user);
    let read = |front: &RawDocumentBuf| Ok((front.time("watchedAt")?, front.id("video")?));
    // A router would have the shards send all entries of all these users.
    if db.is_sharded() {
        return fronts(db.clone(), vec![user]).await?.get(&user).map(read).transpose();
    }
    let found = db.ask(|asked| &asked.fronts, (), vec![user], fronts).await?;
    found.get(&user).map(read).transpose()
}

/// The entries in front of these users' histories, each the first of its user in the index.
async fn fronts(db: Access, users: Vec<ObjectId>) -> Result<HashMap<ObjectId, RawDocumentBuf>, TxError> {
    let index = Hint::Keys(index());
    let found = if let [user] = users.as_slice() {
        let order = doc! { "watchedAt": -1, "video": -1 };
        let fields = doc! { "_id": 0, "user": 1, "watchedAt": 1, "video": 1 };
        let options = FindOptions::builder().sort(order).limit(1).hint(index).projection(fields).build();
        db.find(HISTORY, doc! { "user": user }, options).await?
    } else {
        let first = doc! { "watchedAt": { "$first": "$watchedAt" }, "video": { "$first": "$video" } };
        let mut group = doc! { "_id": "$user", "user": { "$first": "$user" } };
        group.extend(first);
        let pipeline = vec![
            doc! { "$match": { "user": { "$in": users } } },
            doc! { "$sort": self::index() },
            doc! { "$group": group },
        ];
        let options = AggregateOptions::builder().hint(index).build();
        db.aggregate_with(HISTORY, pipeline, options).await?
    };
    found.into_iter().map(|entry| Ok((object_id(entry.id::<User>("user")?), entry))).collect()
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
