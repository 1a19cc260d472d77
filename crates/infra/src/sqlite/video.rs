//! Videos in SQLite: the port. Changes, what the media store says, lists, search and visits have files of their own.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::video::{
    Settlement, Video, VideoCard, VideoChange, VideoDetail, VideoQuery, VideoRepository, Visit,
};
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::Connection;

use super::Database;
use super::answers::Answers;

mod change;
pub(super) mod files;
pub(super) mod list;
mod search;
mod settle;
mod watch;
pub(in crate::sqlite) mod words;

/// Videos in SQLite.
pub struct SqliteVideos {
    database: Database,
}

impl SqliteVideos {
    /// The videos of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl VideoRepository for SqliteVideos {
    async fn create(&self, video: &Video, quota: Option<u64>, once: Option<Once>) -> Result<VideoCard, StoreError> {
        let video = video.clone();
        self.database.write(move |c| change::create(c, &video, quota, once.as_ref())).await
    }

    async fn find(&self, id: Id<Video>) -> Result<Option<Video>, StoreError> {
        self.database.read(|c| change::live(c, id))
    }

    async fn list(&self, query: &VideoQuery, page: &PageRequest) -> Result<Page<VideoCard>, StoreError> {
        let (query, request) = (query.clone(), page.clone());
        if let Some(words) = query.words {
            let asked = self.database.found().ask();
            let search = move |c: &Connection| search::search(c, query.scope, &words, query.order, &request, &asked);
            return self.database.scan(search).await;
        }
        let list =
            move |c: &Connection, answers: &mut Answers| list::list(c, answers, query.scope, query.order, &request);
        self.database.read_page_again(page, list).await
    }

    async fn watch(&self, visit: &Visit) -> Result<Option<VideoDetail>, StoreError> {
        let visit = *visit;
        // Most visits change nothing: they are answered without waiting for the writer.
        match self.database.read(|c| watch::look(c, &visit))? {
            watch::Looked::Absent => Ok(None),
            watch::Looked::Settled(detail) => Ok(Some(*detail)),
            watch::Looked::Due(uncounted) => match self.database.write(move |c| watch::enter(c, &visit)).await {
                Err(error @ StoreError::Unavailable(_)) => {
                    tracing::warn!(%error, "a visit was not counted");
                    Ok(Some(*uncounted))
                }
                entered => entered,
            },
        }
    }

    async fn update(
        &self,
        id: Id<Video>,
        change: &VideoChange,
        now: Timestamp,
    ) -> Result<Option<VideoCard>, StoreError> {
        let change = change.clone();
        self.database.write(move |c| change::update(c, id, &change, now)).await
    }

    async fn toggle_published(&self, id: Id<Video>, now: Timestamp) -> Result<Option<VideoCard>, StoreError> {
        self.database.write(move |c| change::toggle_published(c, id, now)).await
    }

    async fn settle(&self, id: Id<Video>, said: &Settlement, now: Timestamp) -> Result<Option<Video>, StoreError> {
        let said = said.clone();
        self.database.write(move |c| settle::settle(c, id, &said, now)).await
    }

    async fn find_processing(&self, film: &FileKey) -> Result<Option<Video>, StoreError> {
        self.database.read(|c| files::find_processing(c, film))
    }

    async fn is_hidden_file(&self, file: &FileKey) -> Result<bool, StoreError> {
        self.database.read(|c| files::is_hidden(c, file))
    }

    async fn delete(&self, id: Id<Video>, now: Timestamp) -> Result<bool, StoreError> {
        self.database.write(move |c| change::delete(c, id, now)).await
    }
}
