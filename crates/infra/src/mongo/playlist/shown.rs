//! What a viewer sees of playlists. That depends on who looks, so totals are summed up when they are shown, over a
//! bounded number of entries.

use std::collections::{HashMap, HashSet};

use aviary_domain::page::{Cursor, ListOrder, Page, PageRequest, SortValue};
use aviary_domain::playlist::{MAX_PLAYLIST_VIDEOS, Playlist, PlaylistCard};
use aviary_domain::user::{User, UserCard};
use aviary_domain::video::{Video, VideoCard};
use aviary_domain::{Id, StoreError};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::options::{FindOptions, Hint};

use super::playlist;
use crate::mongo::access::Access;
use crate::mongo::collection::PLAYLIST_VIDEOS;
use crate::mongo::document::{Fields, object_id};
use crate::mongo::error::TxError;
use crate::mongo::list::{cards as video_cards, ids, seen_views};
use crate::mongo::people;

/// How many entries are looked at together at the most, unless one playlist alone has more.
const TOGETHER: u64 = 2 * MAX_PLAYLIST_VIDEOS;

/// The cards of these playlists, each with the same page of its own videos. So many playlists are looked at together
/// that their entries are a bounded number: three queries for them all, as a rule.
pub(super) async fn cards(
    db: &Access,
    playlists: &[RawDocumentBuf],
    viewer: Option<Id<User>>,
    videos: &PageRequest,
) -> Result<Vec<PlaylistCard>, TxError> {
    let mut cards = Vec::with_capacity(playlists.len());
    let mut rest = playlists;
    while !rest.is_empty() {
        let mut entries = 0;
        let mut length = 0;
        for playlist in rest {
            entries += playlist.count("entries")?;
            if length > 0 && entries > TOGETHER {
                break;
            }
            length += 1;
        }
        let (group, others) = rest.split_at(length);
        cards.extend(cards_of_group(db, group, viewer, videos).await?);
        rest = others;
    }
    Ok(cards)
}

async fn cards_of_group(
    db: &Access,
    playlists: &[RawDocumentBuf],
    viewer: Option<Id<User>>,
    videos: &PageRequest,
) -> Result<Vec<PlaylistCard>, TxError> {
    let entries = entries(db, &ids(playlists, "_id")?).await?;
    let held: HashSet<ObjectId> = entries.values().flatten().map(|entry| entry.video).collect();
    let seen = seen_views(db, &held.into_iter().collect::<Vec<_>>(), viewer).await?;
    let none = Vec::new();
    let mut shown = Vec::with_capacity(playlists.len());
    for playlist in playlists {
        let id = object_id(playlist.id::<Playlist>("_id")?);
        shown.push(Shown::of(entries.get(&id).unwrap_or(&none), &seen, videos)?);
    }
    let wanted: HashSet<ObjectId> = shown.iter().flat_map(|shown| &shown.page).map(|entry| entry.video).collect();
    let known = video_cards(db, &wanted.into_iter().collect::<Vec<_>>()).await?;
    let playlists = playlists.iter().map(|row| playlist(row)).collect::<Result<Vec<_>, _>>()?;
    let owners = people::find_all(db, playlists.iter().map(|playlist| playlist.owner)).await?;
    let cards = playlists.into_iter().zip(shown).filter_map(|(playlist, shown)| {
        let owner = owners.get(&playlist.owner.bytes())?.card.clone();
        Some(shown.card(playlist, owner, &known, videos))
    });
    Ok(cards.collect())
}

/// A video in a playlist.
#[derive(Clone, Copy)]
struct Entry {
    position: i64,
    video: ObjectId,
}

/// The entries of these playlists in their order, hidden ones too.
async fn entries(db: &Access, playlists: &[ObjectId]) -> Result<HashMap<ObjectId, Vec<Entry>>, TxError> {
    let order = doc! { "playlist": 1, "position": 1 };
    let options = FindOptions::builder().sort(order.clone()).hint(Hint::Keys(order)).build();
    let found = db.find(PLAYLIST_VIDEOS, doc! { "playlist": { "$in": playlists } }, options).await?;
    let mut entries: HashMap<ObjectId, Vec<Entry>> = HashMap::new();
    for row in &found {
        let entry = Entry { position: row.whole("position")?, video: object_id(row.id::<Video>("video")?) };
        entries.entry(object_id(row.id::<Playlist>("playlist")?)).or_default().push(entry);
    }
    Ok(entries)
}

/// What a viewer sees of a playlist.
struct Shown {
    total_videos: u64,
    total_views: u64,
    /// The page of it that was asked for, and one entry more if there is one.
    page: Vec<Entry>,
}

impl Shown {
    fn of(entries: &[Entry], seen: &HashMap<ObjectId, u64>, videos: &PageRequest) -> Result<Self, StoreError> {
        let after = videos.integer_cursor()?.map_or(i64::MIN, |(position, _)| position);
        let before = usize::try_from(videos.offset()).unwrap_or(usize::MAX);
        let length = usize::try_from(videos.surplus()).unwrap_or(usize::MAX);
        let visible = || entries.iter().filter_map(|entry| Some((entry, seen.get(&entry.video)?)));
        let page = visible().map(|(entry, _)| *entry).filter(|entry| entry.position > after);
        Ok(Self {
            total_videos: visible().map(|_| 1).sum(),
            total_views: visible().map(|(_, views)| views).sum(),
            page: page.skip(before).take(length).collect(),
        })
    }

    fn card(
        self,
        playlist: Playlist,
        owner: UserCard,
        known: &HashMap<ObjectId, VideoCard>,
        videos: &PageRequest,
    ) -> PlaylistCard {
        let Self { total_videos, total_views, page } = self;
        let page = page.into_iter().filter_map(|entry| Some((entry.position, known.get(&entry.video)?.clone())));
        let total = videos.cursor().is_none().then_some(total_videos);
        let videos = Page::from_surplus(page.collect(), videos.size, total, |(position, last)| {
            Cursor::new(ListOrder::Position, SortValue::Integer(*position), last.video.id.bytes())
        });
        PlaylistCard { playlist, owner, total_videos, total_views, videos: videos.map(|(_, card)| card) }
    }
}
