//! Videos in MongoDB; lists, search, visits and changes have files of their own.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::video::{
    Settlement, Video, VideoCard, VideoChange, VideoDetail, VideoQuery, VideoRepository, Visit,
};
use aviary_domain::{Id, StoreError, Timestamp};

use super::Database;

pub(super) mod change;
mod credit;
mod file;
pub(super) mod list;
pub(super) mod matches;
mod search;
mod settle;
mod watch;
pub(super) mod words;

/// Videos in MongoDB.
pub struct MongoVideos {
    database: Database,
}

impl MongoVideos {
    /// The videos of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// To be held while something of a video changes that a search may look at.
    fn changing(&self) -> Changing<'_> {
        Changing(&self.database)
    }
}

/// A change of a video. At its end, whatever became of it, no number of matches is remembered any more.
struct Changing<'a>(&'a Database);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.known().matches.forget_all();
    }
}

#[async_trait]
impl VideoRepository for MongoVideos {
    async fn create(&self, video: &Video, quota: Option<u64>, once: Option<Once>) -> Result<VideoCard, StoreError> {
        let _changing = self.changing();
        change::create(&self.database, video, quota, once).await
    }

    async fn find(&self, id: Id<Video>) -> Result<Option<Video>, StoreError> {
        self.database.run(|access| async move { change::find(&access, id).await }).await
    }

    async fn list(&self, query: &VideoQuery, page: &PageRequest) -> Result<Page<VideoCard>, StoreError> {
        match &query.words {
            Some(words) => search::search(&self.database, query.scope, words, query.order, page).await,
            None => list::list(&self.database, query.scope, query.order, page).await,
        }
    }

    async fn watch(&self, visit: &Visit) -> Result<Option<VideoDetail>, StoreError> {
        watch::watch(&self.database, visit).await
    }

    async fn update(
        &self,
        id: Id<Video>,
        change: &VideoChange,
        now: Timestamp,
    ) -> Result<Option<VideoCard>, StoreError> {
        let _changing = self.changing();
        change::update(&self.database, id, change, now).await
    }

    async fn toggle_published(&self, id: Id<Video>, now: Timestamp) -> Result<Option<VideoCard>, StoreError> {
        let _changing = self.changing();
        change::toggle_published(&self.database, id, now).await
    }

    async fn settle(&self, id: Id<Video>, said: &Settlement, now: Timestamp) -> Result<Option<Video>, StoreError> {
        let _changing = self.changing();
        settle::settle(&self.database, id, said, now).await
    }

    async fn find_processing(&self, film: &FileKey) -> Result<Option<Video>, StoreError> {
        file::find_processing(&self.database, film).await
    }

    async fn is_hidden_file(&self, file: &FileKey) -> Result<bool, StoreError> {
        file::is_hidden(&self.database, file).await
    }

    async fn delete(&self, id: Id<Video>, now: Timestamp) -> Result<bool, StoreError> {
        let _changing = self.changing();
        change::delete(&self.database, id, now).await
    }
}
