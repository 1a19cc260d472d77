//! A channel's numbers in SQLite: one row of stored counts.

use async_trait::async_trait;
use aviary_domain::dashboard::{ChannelStats, DashboardRepository};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError};

use super::Database;
use super::row::{count, first};

/// Channel statistics in SQLite.
pub struct SqliteDashboard {
    database: Database,
}

impl SqliteDashboard {
    /// The statistics of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl DashboardRepository for SqliteDashboard {
    async fn stats(&self, user: Id<User>) -> Result<Option<ChannelStats>, StoreError> {
        const SQL: &str = "SELECT subscribers_count, videos_count, views_received, likes_received, comments_received,
             tweets_count FROM users WHERE id = ?1";
        self.database.read(|c| {
            first(c, SQL, [user.bytes()], |row| {
                Ok(ChannelStats {
                    subscribers: count(row, 0)?,
                    videos: count(row, 1)?,
                    views: count(row, 2)?,
                    likes: count(row, 3)?,
                    comments: count(row, 4)?,
                    tweets: count(row, 5)?,
                })
            })
        })
    }
}
