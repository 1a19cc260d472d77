//! Playlists as rows, and their entries in the order of adding. What a playlist shows depends on who looks, so its
//! totals are summed up when it is shown, over a bounded number of entries.

use std::sync::LazyLock;

use async_trait::async_trait;
use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Cursor, ListOrder, Page, PageRequest, PageSize, SortValue};
use aviary_domain::playlist::{
    Added, MAX_PLAYLIST_VIDEOS, PLAYLIST_PREVIEW, Playlist, PlaylistCard, PlaylistChange, PlaylistName,
    PlaylistRepository,
};
use aviary_domain::user::{User, UserCard};
use aviary_domain::video::{Description, Video, VideoCard};
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, Row, params};

use super::database::Database;
use super::error::SqlError;
use super::idempotency::note;
use super::row::{USER_CARD, all, count, execute, first, id_from, integer, timestamp, user_card};
use super::video_row::{VIDEO_CARD, VIDEO_CARD_WIDTH, video_card, visible_to};
use super::{newest, user};

/// The columns that [`playlist`] reads, of a row of `playlists` called `p`.
const PLAYLIST: &str = "p.id, p.owner, p.name, p.description, p.created_at, p.updated_at";

/// How many columns [`PLAYLIST`] has.
const PLAYLIST_WIDTH: usize = 6;

/// How many entries are summed up on a thread that serves requests.
const SHORT: u64 = 500;

/// A playlist (?1) with its owner.
static SHOW: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {PLAYLIST}, {USER_CARD} FROM playlists p JOIN users u ON u.id = p.owner WHERE p.id = ?1")
});

/// A page of the playlists of a user (?1) after a time and id (?2, ?3).
pub(super) static LIST_BY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {PLAYLIST}, {USER_CARD} FROM playlists p JOIN users u ON u.id = p.owner
         WHERE p.owner = ?1 AND (p.created_at, p.id) < (?2, ?3)
         ORDER BY p.created_at DESC, p.id DESC LIMIT ?4 OFFSET ?5"
    )
});

/// How many videos of a playlist (?1) a viewer (?2) sees, and the sum of their views.
pub(super) static TOTALS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT count(*), coalesce(sum(v.views), 0) FROM playlist_videos e JOIN videos v ON v.id = e.video
         WHERE e.playlist = ?1 AND {}",
        visible_to("?2")
    )
});

/// A page of the videos of a playlist (?1) that a viewer (?2) sees, after a position (?3).
pub(super) static VIDEOS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIDEO_CARD}, e.position
         FROM playlist_videos e JOIN videos v ON v.id = e.video JOIN users u ON u.id = v.owner
         WHERE e.playlist = ?1 AND e.position > ?3 AND {}
         ORDER BY e.position LIMIT ?4 OFFSET ?5",
        visible_to("?2")
    )
});

/// Whether a user (?2) sees a video (?1).
static SEES: LazyLock<String> =
    LazyLock::new(|| format!("SELECT 1 FROM videos v WHERE v.id = ?1 AND {}", visible_to("?2")));

/// The playlists in the embedded store.
pub struct SqlitePlaylists {
    database: Database,
}

impl SqlitePlaylists {
    /// The playlists of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl PlaylistRepository for SqlitePlaylists {
    async fn create(&self, playlist: &Playlist, once: Option<Once>) -> Result<PlaylistCard, StoreError> {
        let playlist = playlist.clone();
        self.database.write(move |c| create(c, &playlist, once.as_ref())).await
    }

    async fn find(&self, id: Id<Playlist>) -> Result<Option<Playlist>, StoreError> {
        let sql = format!("SELECT {PLAYLIST} FROM playlists p WHERE p.id = ?1");
        self.database.read(|c| first(c, &sql, [id.bytes()], playlist))
    }

    async fn show(
        &self,
        id: Id<Playlist>,
        viewer: Option<Id<User>>,
        videos: &PageRequest,
    ) -> Result<Option<PlaylistCard>, StoreError> {
        let entries = self
            .database
            .read(|c| first(c, "SELECT entries FROM playlists WHERE id = ?1", [id.bytes()], |row| count(row, 0)))?;
        if entries.is_none_or(|entries| entries <= SHORT) {
            return self.database.read(|c| show(c, id, viewer, videos));
        }
        let videos = videos.clone();
        self.database.scan(move |c| show(c, id, viewer, &videos)).await
    }

    async fn list_by(
        &self,
        owner: Id<User>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<PlaylistCard>>, StoreError> {
        let page = page.clone();
        self.database.scan(move |c| list_by(c, owner, viewer, &page)).await
    }

    async fn update(&self, id: Id<Playlist>, change: &PlaylistChange, now: Timestamp) -> Result<bool, StoreError> {
        let change = change.clone();
        self.database.write(move |c| update(c, id, &change, now)).await
    }

    async fn delete(&self, id: Id<Playlist>) -> Result<bool, StoreError> {
        self.database.write(move |c| Ok(execute(c, "DELETE FROM playlists WHERE id = ?1", [id.bytes()])? > 0)).await
    }

    async fn add_video(&self, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<Added, StoreError> {
        self.database.write(move |c| add_video(c, id, video, now)).await
    }

    async fn remove_video(&self, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<bool, StoreError> {
        self.database.write(move |c| remove_video(c, id, video, now)).await
    }
}

fn create(c: &Connection, playlist: &Playlist, once: Option<&Once>) -> Result<PlaylistCard, SqlError> {
    note(c, once, playlist.id.bytes())?;
    execute(
        c,
        "INSERT INTO playlists (id, owner, name, description, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            playlist.id.bytes(),
            playlist.owner.bytes(),
            playlist.name.as_str(),
            playlist.description.as_str(),
            playlist.created_at.millis(),
            playlist.updated_at.millis(),
        ],
    )?;
    let (playlist, owner) = c.prepare_cached(&SHOW)?.query_row([playlist.id.bytes()], owned_playlist)?;
    let videos = Page { items: Vec::new(), total: Some(0), next: None };
    Ok(PlaylistCard { playlist, owner, total_videos: 0, total_views: 0, videos })
}

fn show(
    c: &Connection,
    id: Id<Playlist>,
    viewer: Option<Id<User>>,
    videos: &PageRequest,
) -> Result<Option<PlaylistCard>, SqlError> {
    let found = first(c, &SHOW, [id.bytes()], owned_playlist)?;
    found.map(|(playlist, owner)| card(c, playlist, owner, viewer, videos)).transpose()
}

/// Two statements for each playlist of the page: a single one would have to number all entries of each to find the
/// first few.
fn list_by(
    c: &Connection,
    owner: Id<User>,
    viewer: Option<Id<User>>,
    page: &PageRequest,
) -> Result<Option<Page<PlaylistCard>>, SqlError> {
    if !user::exists(c, owner)? {
        return Ok(None);
    }
    let (time, id) = newest::start(page)?;
    let found = all(
        c,
        &LIST_BY,
        params![owner.bytes(), time, id, integer(page.surplus()), integer(page.offset())],
        owned_playlist,
    )?;
    let Page { items, total, next } =
        Page::from_surplus(found, page.size, None, |(last, _)| newest::cursor(last.created_at, last.id));
    let preview = PageRequest::first(PageSize::new(PLAYLIST_PREVIEW.into()).unwrap_or(PageSize::DEFAULT));
    let items = items
        .into_iter()
        .map(|(playlist, owner)| card(c, playlist, owner, viewer, &preview))
        .collect::<Result<_, _>>()?;
    Ok(Some(Page { items, total, next }))
}

fn card(
    c: &Connection,
    playlist: Playlist,
    owner: UserCard,
    viewer: Option<Id<User>>,
    videos: &PageRequest,
) -> Result<PlaylistCard, SqlError> {
    let (id, viewer) = (playlist.id.bytes(), viewer.map(|v| v.bytes()));
    let (total_videos, total_views) =
        c.prepare_cached(&TOTALS)?.query_row(params![id, viewer], |row| Ok((count(row, 0)?, count(row, 1)?)))?;
    let total = videos.cursor().is_none().then_some(total_videos);
    let videos = page_of_videos(c, &id, viewer, videos, total)?;
    Ok(PlaylistCard { playlist, owner, total_videos, total_views, videos })
}

fn page_of_videos(
    c: &Connection,
    playlist: &RawId,
    viewer: Option<RawId>,
    page: &PageRequest,
    total: Option<u64>,
) -> Result<Page<VideoCard>, SqlError> {
    let after = page.integer_cursor()?.map_or(i64::MIN, |(position, _)| position);
    let found =
        all(c, &VIDEOS, params![playlist, viewer, after, integer(page.surplus()), integer(page.offset())], |row| {
            Ok((row.get::<_, i64>(VIDEO_CARD_WIDTH)?, video_card(row, 0)?))
        })?;
    let page = Page::from_surplus(found, page.size, total, |(position, last)| {
        Cursor::new(ListOrder::Position, SortValue::Integer(*position), last.video.id.bytes())
    });
    Ok(page.map(|(_, card)| card))
}

/// A change to what already stands there is none, so the time of the last change stays.
fn update(c: &Connection, id: Id<Playlist>, change: &PlaylistChange, now: Timestamp) -> Result<bool, SqlError> {
    let found = execute(
        c,
        "UPDATE playlists SET
             updated_at = iif((name, description) = (coalesce(?2, name), coalesce(?3, description)), updated_at, ?4),
             name = coalesce(?2, name), description = coalesce(?3, description)
         WHERE id = ?1",
        params![
            id.bytes(),
            change.name.as_ref().map(PlaylistName::as_str),
            change.description.as_ref().map(Description::as_str),
            now.millis(),
        ],
    )?;
    Ok(found > 0)
}

fn add_video(c: &Connection, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<Added, SqlError> {
    let (id, video) = (id.bytes(), video.bytes());
    let found = first(c, "SELECT owner, entries FROM playlists WHERE id = ?1", [id], |row| {
        Ok((row.get::<_, RawId>(0)?, count(row, 1)?))
    })?;
    let Some((owner, entries)) = found else {
        return Ok(Added::NoPlaylist);
    };
    if first(c, &SEES, params![video, owner], |_| Ok(()))?.is_none() {
        return Ok(Added::NoVideo);
    }
    let held = "SELECT 1 FROM playlist_videos WHERE playlist = ?1 AND video = ?2";
    if first(c, held, params![id, video], |_| Ok(()))?.is_some() {
        return Ok(Added::Present);
    }
    if entries >= MAX_PLAYLIST_VIDEOS {
        return Ok(Added::Full);
    }
    execute(
        c,
        "INSERT INTO playlist_videos (playlist, position, video) SELECT id, next_position, ?2 FROM playlists WHERE id = ?1",
        params![id, video],
    )?;
    execute(
        c,
        "UPDATE playlists SET entries = entries + 1, next_position = next_position + 1, updated_at = ?2 WHERE id = ?1",
        params![id, now.millis()],
    )?;
    Ok(Added::Present)
}

fn remove_video(c: &Connection, id: Id<Playlist>, video: Id<Video>, now: Timestamp) -> Result<bool, SqlError> {
    let id = id.bytes();
    let sql = "DELETE FROM playlist_videos WHERE playlist = ?1 AND video = ?2";
    let removed = execute(c, sql, params![id, video.bytes()])?;
    if removed > 0 {
        let sql = "UPDATE playlists SET entries = entries - ?2, updated_at = ?3 WHERE id = ?1";
        execute(c, sql, params![id, integer(removed), now.millis()])?;
    }
    Ok(first(c, "SELECT 1 FROM playlists WHERE id = ?1", [id], |_| Ok(()))?.is_some())
}

fn owned_playlist(row: &Row<'_>) -> rusqlite::Result<(Playlist, UserCard)> {
    Ok((playlist(row)?, user_card(row, PLAYLIST_WIDTH)?))
}

fn playlist(row: &Row<'_>) -> rusqlite::Result<Playlist> {
    Ok(Playlist {
        id: id_from(row, 0)?,
        owner: id_from(row, 1)?,
        name: PlaylistName::from_stored(row.get(2)?),
        description: Description::from_stored(row.get(3)?),
        created_at: timestamp(row, 4)?,
        updated_at: timestamp(row, 5)?,
    })
}
