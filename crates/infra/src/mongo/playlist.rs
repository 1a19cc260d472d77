//! Playlists as documents, and their entries in the order of adding.

mod shown;

use async_trait::async_trait;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest, PageSize};
use aviary_domain::playlist::{
    Added, MAX_PLAYLIST_VIDEOS, PLAYLIST_PREVIEW, Playlist, PlaylistCard, PlaylistChange, PlaylistName,
    PlaylistRepository,
};
use aviary_domain::user::User;
use aviary_domain::video::{Description, Video};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::{Document, RawDocument, doc};

use self::shown::cards;
use super::Database;
use super::access::Access;
use super::card::visible_to;
use super::collection::{PLAYLIST_VIDEOS, PLAYLISTS, VIDEOS};
use super::document::{Fields, date, newest_cursor, object_id};
use super::error::TxError;
use super::idempotency::note;
use super::list::newest_page;
use super::{people, snapshot, user};

/// The playlists in MongoDB.
pub struct MongoPlaylists {
    database: Database,
}

impl MongoPlaylists {
    /// The playlists of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl PlaylistRepository for MongoPlaylists {
    async fn create(&self, playlist: &Playlist, once: Option<Once>) -> Result<PlaylistCard, StoreError> {
        match &once {
            None => self.database.run(|db| async move { create(&db, playlist).await }).await,
            Some(once) => {
                let steps = |tx: Access| async move {
                    note(&tx, Some(once), playlist.id.bytes()).await?;
                    create(&tx, playlist).await
                };
                self.database.transact(&[], steps).await
            }
        }
    }

    async fn find(&self, id: Id<Playlist>) -> Result<Option<Playlist>, StoreError> {
        let filter = doc! { "_id": object_id(id) };
        let found = self.database.run(|db| async move { db.find_one(PLAYLISTS, filter).await }).await?;
        found.map(|found| playlist(&found)).transpose()
    }

    async fn show(
        &self,
        id: Id<Playlist>,
        viewer: Option<Id<User>>,
        videos: &PageRequest,
    ) -> Result<Option<PlaylistCard>, StoreError> {
        let shown = self.database.run(|_| async move {
            let db = snapshot::begin(&self.database).await?;
            let found = db.find_one(PLAYLISTS, doc! { "_id": object_id(id) }).await?;
            cards(&db, found.as_slice(), viewer, videos).await
        });
        Ok(shown.await?.pop())
    }

    async fn list_by(
        &self,
        owner: Id<User>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<PlaylistCard>>, StoreError> {
        let list = self.database.run(|_| async move {
            let db = snapshot::begin(&self.database).await?;
            list_by(&db, owner, viewer, page).await
        });
        list.await
    }

    async fn update(&self, id: Id<Playlist>, change: &PlaylistChange, now: Timestamp) -> Result<bool, StoreError> {
        self.database.run(|db| async move { update(&db, id, change, now).await }).await
    }

    async fn delete(&self, id: Id<Playlist>) -> Result<bool, StoreError> {
        let playlist = object_id(id);
        self.database
            .transact(&[id.bytes()], |tx| async move {
                if !tx.delete(PLAYLISTS, doc! { "_id": playlist }).await? {
                    return Ok(false);
                }
                tx.delete_all(PLAYLIST_VIDEOS, doc! { "playlist": playlist }).await?;
                Ok(true)
            })
            .await
    }

    async fn add_video(&self, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<Added, StoreError> {
        self.database.transact(&[id.bytes()], |tx| async move { add_video(&tx, id, video, now).await }).await
    }

    async fn remove_video(&self, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<bool, StoreError> {
        self.database.transact(&[id.bytes()], |tx| async move { remove_video(&tx, id, video, now).await }).await
    }
}

/// The owner is read first: nobody's account ends, so it cannot be gone once the playlist is there.
async fn create(db: &Access, playlist: &Playlist) -> Result<PlaylistCard, TxError> {
    let owner = people::card(db, playlist.owner).await?;
    let row = doc! {
        "_id": object_id(playlist.id),
        "name": playlist.name.as_str(),
        "description": playlist.description.as_str(),
        "owner": object_id(playlist.owner),
        "entries": 0_i64,
        "nextPosition": 0_i64,
        "createdAt": date(playlist.created_at),
        "updatedAt": date(playlist.updated_at),
    };
    db.insert(PLAYLISTS, row).await?;
    let videos = Page { items: Vec::new(), total: Some(0), next: None };
    Ok(PlaylistCard { playlist: playlist.clone(), owner, total_videos: 0, total_views: 0, videos })
}

async fn list_by(
    db: &Access,
    owner: Id<User>,
    viewer: Option<Id<User>>,
    page: &PageRequest,
) -> Result<Option<Page<PlaylistCard>>, TxError> {
    if !user::exists(db, owner).await? {
        return Ok(None);
    }
    let preview = PageRequest::first(PageSize::new(PLAYLIST_PREVIEW.into()).unwrap_or(PageSize::DEFAULT));
    let found = newest_page(db, PLAYLISTS, doc! { "owner": object_id(owner) }, page).await?;
    let cards = cards(db, &found, viewer, &preview).await?;
    Ok(Some(Page::from_surplus(cards, page.size, None, |last: &PlaylistCard| {
        newest_cursor(last.playlist.created_at, last.playlist.id)
    })))
}

/// A change to what already stands there is none, so the time of the last change stays.
async fn update(db: &Access, id: Id<Playlist>, change: &PlaylistChange, now: Timestamp) -> Result<bool, TxError> {
    let name = change.name.as_ref().map(|name| ("name", PlaylistName::as_str(name)));
    let description = change.description.as_ref().map(|text| ("description", Description::as_str(text)));
    let mut fields = Document::new();
    let mut differences = Vec::new();
    for (field, value) in name.into_iter().chain(description) {
        fields.insert(field, value);
        differences.push(doc! { field: { "$ne": value } });
    }
    let known = doc! { "_id": object_id(id) };
    if !differences.is_empty() {
        let mut changed = known.clone();
        changed.insert("$or", differences);
        fields.insert("updatedAt", date(now));
        if db.update(PLAYLISTS, changed, doc! { "$set": fields }).await? {
            return Ok(true);
        }
    }
    db.exists(PLAYLISTS, known).await
}

/// Additions to one playlist queue, so this takes as few steps as it can: each check is a write that would be needed
/// anyhow.
async fn add_video(tx: &Access, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<Added, TxError> {
    let (id, video) = (object_id(id), object_id(video));
    let fields = doc! { "owner": 1, "entries": 1, "nextPosition": 1 };
    let Some(found) = tx.find_fields(PLAYLISTS, doc! { "_id": id }, fields).await? else {
        return Ok(Added::NoPlaylist);
    };
    let mut seen = doc! { "_id": video };
    seen.extend(visible_to(Some(found.id("owner")?)));
    let entry = doc! { "playlist": id, "video": video };
    if found.count("entries")? >= MAX_PLAYLIST_VIDEOS {
        return Ok(match (tx.exists(VIDEOS, seen).await?, tx.exists(PLAYLIST_VIDEOS, entry).await?) {
            (false, _) => Added::NoVideo,
            (true, true) => Added::Present,
            (true, false) => Added::Full,
        });
    }
    // A change that nothing reads: without it a delete of the video at once would not meet this step, and its purge
    // could be over before the entry is there.
    if !tx.update(VIDEOS, seen, doc! { "$inc": { "touches": 1_i64 } }).await? {
        return Ok(Added::NoVideo);
    }
    // The playlist and the video come from the filter.
    let position = doc! { "position": found.whole("nextPosition")? };
    if tx.upsert(PLAYLIST_VIDEOS, entry, doc! { "$setOnInsert": position }).await? {
        let change = doc! { "$inc": { "entries": 1_i64, "nextPosition": 1_i64 }, "$set": { "updatedAt": date(now) } };
        tx.update(PLAYLISTS, doc! { "_id": id }, change).await?;
    }
    Ok(Added::Present)
}

async fn remove_video(tx: &Access, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<bool, TxError> {
    let playlist = doc! { "_id": object_id(id) };
    let entry = doc! { "playlist": object_id(id), "video": object_id(video) };
    if tx.delete(PLAYLIST_VIDEOS, entry).await? {
        let change = doc! { "$inc": { "entries": -1_i64 }, "$set": { "updatedAt": date(now) } };
        return tx.update(PLAYLISTS, playlist, change).await;
    }
    tx.exists(PLAYLISTS, playlist).await
}

fn playlist(document: &RawDocument) -> Result<Playlist, StoreError> {
    Ok(Playlist {
        id: document.id("_id")?,
        owner: document.id("owner")?,
        name: PlaylistName::from_stored(document.text("name")?),
        description: Description::from_stored(document.text("description")?),
        created_at: document.time("createdAt")?,
        updated_at: document.time("updatedAt")?,
    })
}
