//! A channel's numbers in MongoDB: one document of stored counts.

use async_trait::async_trait;
use aviary_domain::dashboard::{ChannelStats, DashboardRepository};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError};
use mongodb::bson::{RawDocumentBuf, doc};

use super::Database;
use super::collection::USERS;
use super::document::{Fields, object_id};

/// Channel statistics in MongoDB.
pub struct MongoDashboard {
    database: Database,
}

impl MongoDashboard {
    /// The statistics of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl DashboardRepository for MongoDashboard {
    async fn stats(&self, user: Id<User>) -> Result<Option<ChannelStats>, StoreError> {
        let filter = doc! { "_id": object_id(user) };
        let fields = doc! {
            "subscribersCount": 1, "videosCount": 1, "viewsReceived": 1, "likesReceived": 1, "commentsReceived": 1,
            "tweetsCount": 1,
        };
        let found = self.database.run(|db| async move { db.find_fields(USERS, filter, fields).await }).await?;
        found.map(|document| stats(&document)).transpose()
    }
}

fn stats(document: &RawDocumentBuf) -> Result<ChannelStats, StoreError> {
    Ok(ChannelStats {
        subscribers: document.count("subscribersCount")?,
        videos: document.count("videosCount")?,
        views: document.count("viewsReceived")?,
        likes: document.count("likesReceived")?,
        comments: document.count("commentsReceived")?,
        tweets: document.count("tweetsCount")?,
    })
}
