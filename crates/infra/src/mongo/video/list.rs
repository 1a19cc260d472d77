//! Lists of videos in every order: a range of an index for the documents, a stored count for the total.

use aviary_domain::page::{Cursor, ListOrder, Page, PageRequest, PageStart, SortDirection, SortValue};
use aviary_domain::user::User;
use aviary_domain::video::{Video, VideoCard, VideoOrder, VideoScope, VideoSort, title_sort_key};
use aviary_domain::{Id, StoreError};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, RawDocumentBuf, doc};
use mongodb::options::FindOptions;
use tokio::try_join;

use super::super::Database;
use super::super::access::Access;
use super::super::card::video_fields;
use super::super::collection::{USERS, VIDEOS};
use super::super::document::{Fields, integer, object_id};
use super::super::error::TxError;
use super::super::list::{cards as cards_of, ids, with_owners};
use super::super::snapshot;
use super::super::totals::Total;
use crate::page_key::PageKey;

/// A page of a scope's videos with its total.
pub(super) async fn list(
    database: &Database,
    scope: VideoScope,
    order: VideoOrder,
    page: &PageRequest,
) -> Result<Page<VideoCard>, StoreError> {
    let sorting = Sorting::of(order);
    let filter = match page.cursor() {
        None => within(scope),
        Some(cursor) => sorting.after(within(scope), cursor)?,
    };
    let read =
        async |access: Access| try_join!(cards(&access, scope, sorting, filter, page), total(&access, scope, page));
    let (cards, total) = database.run(read).await?;
    Ok(Page::from_surplus(cards, page.size, total, |last| cursor(order, sorting, &last.video)))
}

/// Goes on after a video in a list of this order.
fn cursor(order: VideoOrder, sorting: Sorting, video: &Video) -> Cursor {
    match order {
        VideoOrder::By(..) => sorting.cursor(video),
        VideoOrder::Relevance => {
            let value = SortValue::Ranked { tier: 0, position: video.created_at.millis() };
            Cursor::new(ListOrder::Relevance, value, video.id.bytes())
        }
    }
}

async fn cards(
    access: &Access,
    scope: VideoScope,
    sorting: Sorting,
    filter: Document,
    page: &PageRequest,
) -> Result<Vec<VideoCard>, TxError> {
    // Where there is something to skip only the ids are read on the way: that costs no more than an index entry each.
    let skips = page.offset() > 0;
    let fields = if skips {
        doc! { "_id": 1 }
    } else {
        video_fields()
    };
    let walk = FindOptions::builder().sort(sorting.order()).skip(page.offset()).limit(integer(page.surplus()));
    let (walk, index) = (walk.projection(fields).build(), sorting.index(scope));
    // Who wants the same page at the same moment shares the walk to it.
    let line = (scope, sorting, PageKey::of(page));
    let look = move |db, _| walked(db, filter.clone(), walk.clone(), index.clone());
    let found = access.ask(|asked| &asked.lists, line, vec![()], look).await?;
    if skips { in_order(access, scope, &found).await } else { with_owners(access, &found).await }
}

async fn walked(
    access: Access,
    filter: Document,
    walk: FindOptions,
    index: Document,
) -> Result<Vec<RawDocumentBuf>, TxError> {
    snapshot::find(&access, VIDEOS, filter, walk, index).await
}

/// The cards of the videos with these ids, in their order, without those that were hidden from the scope meanwhile.
pub(super) async fn in_order(
    access: &Access,
    scope: VideoScope,
    found: &[RawDocumentBuf],
) -> Result<Vec<VideoCard>, TxError> {
    let ids = ids(found, "_id")?;
    let mut cards = cards_of(access, &ids).await?;
    let viewer = private_viewer(scope);
    let cards = ids.iter().filter_map(|id| cards.remove(id));
    Ok(cards.filter(|card| card.video.is_visible_to(viewer)).collect())
}

/// The condition that a video is in the scope.
pub(super) fn within(scope: VideoScope) -> Document {
    match scope {
        VideoScope::Published => doc! { "isPublished": true },
        VideoScope::PublishedBy(owner) => doc! { "owner": object_id(owner), "isPublished": true },
        VideoScope::AllOf(owner) => doc! { "owner": object_id(owner) },
    }
}

/// Who sees unpublished videos in a list of this scope.
fn private_viewer(scope: VideoScope) -> Option<Id<User>> {
    match scope {
        VideoScope::Published | VideoScope::PublishedBy(_) => None,
        VideoScope::AllOf(owner) => Some(owner),
    }
}

async fn total(access: &Access, scope: VideoScope, page: &PageRequest) -> Result<Option<u64>, TxError> {
    if let PageStart::After(_) = page.start {
        return Ok(None);
    }
    let (owner, count) = match scope {
        VideoScope::Published => return Total::PublishedVideos.read(access).await.map(Some),
        VideoScope::PublishedBy(owner) => (owner, "publishedCount"),
        VideoScope::AllOf(owner) => (owner, "videosCount"),
    };
    let user = access.find_fields(USERS, doc! { "_id": object_id(owner) }, doc! { count: 1 }).await?;
    Ok(Some(user.map_or(Ok(0), |user| user.count(count))?))
}

/// An attribute to sort by and a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::mongo) struct Sorting {
    pub(super) sort: VideoSort,
    pub(super) direction: SortDirection,
}

impl Sorting {
    /// The latest upload first.
    pub(super) const NEWEST: Self = Self { sort: VideoSort::CreatedAt, direction: SortDirection::Descending };

    /// The sorting of an order where there are no words to be relevant to.
    fn of(order: VideoOrder) -> Self {
        match order {
            VideoOrder::By(sort, direction) => Self { sort, direction },
            VideoOrder::Relevance => Self::NEWEST,
        }
    }

    /// The field that is sorted by.
    pub(super) fn field(self) -> &'static str {
        match self.sort {
            VideoSort::CreatedAt => "createdAt",
            VideoSort::Views => "views",
            VideoSort::Duration => "duration",
            VideoSort::Title => "titleKey",
            VideoSort::Likes => "likesCount",
        }
    }

    /// The order of the documents.
    pub(super) fn order(self) -> Document {
        let direction = match self.direction {
            SortDirection::Ascending => 1,
            SortDirection::Descending => -1,
        };
        doc! { self.field(): direction, "_id": direction }
    }

    /// The key of the index that has a scope's videos in this order, in one direction or the other.
    fn index(self, scope: VideoScope) -> Document {
        match scope {
            VideoScope::Published => doc! { "isPublished": 1, self.field(): 1, "_id": 1 },
            VideoScope::PublishedBy(_) | VideoScope::AllOf(_) => {
                doc! { "owner": 1, self.field(): 1, "_id": 1, "isPublished": 1 }
            }
        }
    }

    /// What of the filter comes after the cursor. Each branch names everything, so that each is one range of the
    /// index and equal sort values cost nothing.
    pub(super) fn after(self, filter: Document, cursor: &Cursor) -> Result<Document, StoreError> {
        let comparison = match self.direction {
            SortDirection::Ascending => "$gt",
            SortDirection::Descending => "$lt",
        };
        let value = self.start(cursor)?;
        let (mut tied, mut beyond) = (filter.clone(), filter);
        beyond.insert(self.field(), doc! { comparison: value.clone() });
        tied.insert(self.field(), value);
        tied.insert("_id", doc! { comparison: ObjectId::from_bytes(cursor.id()) });
        Ok(doc! { "$or": [tied, beyond] })
    }

    /// The sort value that a list goes on after.
    fn start(self, cursor: &Cursor) -> Result<Bson, StoreError> {
        Ok(match (self.sort, cursor.value()) {
            (VideoSort::CreatedAt, SortValue::Integer(value) | SortValue::Ranked { position: value, .. }) => {
                DateTime::from_millis(*value).into()
            }
            (VideoSort::Views | VideoSort::Likes, SortValue::Integer(value)) => (*value).into(),
            (VideoSort::Duration, SortValue::Real(value)) => (*value).into(),
            (VideoSort::Title, SortValue::Text(value)) => value.as_str().into(),
            _ => return Err(Cursor::foreign()),
        })
    }

    /// The cursor that goes on after a video.
    pub(super) fn cursor(self, video: &Video) -> Cursor {
        let value = match self.sort {
            VideoSort::CreatedAt => SortValue::Integer(video.created_at.millis()),
            VideoSort::Views => SortValue::Integer(integer(video.views)),
            VideoSort::Duration => SortValue::Real(video.duration),
            VideoSort::Title => SortValue::Text(title_sort_key(&video.title)),
            VideoSort::Likes => SortValue::Integer(integer(video.likes_count)),
        };
        Cursor::new(ListOrder::Videos(self.sort, self.direction), value, video.id.bytes())
    }
}
