//! Lists of videos in every order: a range of an index for the rows, a stored count for the total.

use aviary_domain::Id;
use aviary_domain::page::{Cursor, ListOrder, Page, PageRequest, PageStart, SortDirection, SortValue};
use aviary_domain::user::User;
use aviary_domain::video::{Video, VideoCard, VideoOrder, VideoScope, VideoSort, title_sort_key};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::answers::Answers;
use super::super::error::SqlError;
use super::super::row::{all, count, first, integer};
use super::super::video_row::{VIDEO_CARD, VIDEO_CARD_FROM, video_card};

/// A page of a scope's videos with its total.
pub(super) fn list(
    c: &Connection,
    answers: &mut Answers,
    scope: VideoScope,
    order: VideoOrder,
    page: &PageRequest,
) -> Result<Page<VideoCard>, SqlError> {
    answers.videos.get((scope, order), page, || read(c, scope, order, page))
}

fn read(c: &Connection, scope: VideoScope, order: VideoOrder, page: &PageRequest) -> Result<Page<VideoCard>, SqlError> {
    let sorting = Sorting::of(order);
    let mut values = vec![integer(page.surplus()).into(), integer(page.offset()).into()];
    values.extend(scope_owner(scope).map(|owner| Value::Blob(owner.bytes().into())));
    let continued = page.cursor().is_some();
    if let Some(cursor) = page.cursor() {
        values.extend(sorting.start(cursor)?);
    }
    let sql = list_sql(scope, sorting, continued);
    let cards = cards(c, &all(c, &sql, params_from_iter(values), |row| row.get(0))?)?;
    let total = match page.start {
        PageStart::Number(_) => Some(stored_total(c, scope)?),
        PageStart::After(_) => None,
    };
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

/// The row numbers of a page. Parameters: 1 limit, 2 offset, then the owner if the scope has one, then the cursor's
/// value and id if there is one.
///
/// It walks an index and nothing else, so that what a page number skips costs no more than an index entry each.
pub(crate) fn list_sql(scope: VideoScope, sorting: Sorting, continued: bool) -> String {
    let (condition, next) = match scope {
        VideoScope::Published => ("state = 1", 3),
        VideoScope::PublishedBy(_) => ("owner = ?3 AND state < 2 AND state = 1", 4),
        VideoScope::AllOf(_) => ("owner = ?3 AND state < 2", 4),
    };
    let after = if continued { sorting.after("", next) } else { String::new() };
    let order = sorting.order_by("");
    format!("SELECT seq FROM videos WHERE {condition} {after} ORDER BY {order} LIMIT ?1 OFFSET ?2")
}

/// The cards of the videos with these row numbers, in the same order.
pub(super) fn cards(c: &Connection, seqs: &[i64]) -> Result<Vec<VideoCard>, SqlError> {
    let mut find = c.prepare_cached(&format!("SELECT {VIDEO_CARD} FROM {VIDEO_CARD_FROM} WHERE v.seq = ?1"))?;
    seqs.iter().map(|seq| Ok(find.query_row([seq], |row| video_card(row, 0))?)).collect()
}

fn scope_owner(scope: VideoScope) -> Option<Id<User>> {
    match scope {
        VideoScope::Published => None,
        VideoScope::PublishedBy(owner) | VideoScope::AllOf(owner) => Some(owner),
    }
}

fn stored_total(c: &Connection, scope: VideoScope) -> Result<u64, SqlError> {
    let owner = scope_owner(scope).map(|owner| owner.bytes());
    let sql = match scope {
        VideoScope::Published => "SELECT value FROM totals WHERE name = 'published_videos' AND ?1 IS NULL",
        VideoScope::PublishedBy(_) => "SELECT published_count FROM users WHERE id = ?1",
        VideoScope::AllOf(_) => "SELECT videos_count FROM users WHERE id = ?1",
    };
    Ok(first(c, sql, [owner], |row| count(row, 0))?.unwrap_or(0))
}

/// An attribute to sort by and a direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sorting {
    pub(crate) sort: VideoSort,
    pub(crate) direction: SortDirection,
}

impl Sorting {
    /// The sorting of an order where there are no words to be relevant to.
    fn of(order: VideoOrder) -> Self {
        match order {
            VideoOrder::By(sort, direction) => Self { sort, direction },
            VideoOrder::Relevance => Self { sort: VideoSort::CreatedAt, direction: SortDirection::Descending },
        }
    }

    fn column(self) -> &'static str {
        match self.sort {
            VideoSort::CreatedAt => "created_at",
            VideoSort::Views => "views",
            VideoSort::Duration => "duration",
            VideoSort::Title => "title_key",
            VideoSort::Likes => "likes_count",
        }
    }

    /// The order of rows of `videos`, whose columns have this prefix.
    pub(super) fn order_by(self, prefix: &str) -> String {
        let column = self.column();
        let direction = match self.direction {
            SortDirection::Ascending => "ASC",
            SortDirection::Descending => "DESC",
        };
        format!("{prefix}{column} {direction}, {prefix}id {direction}")
    }

    /// The condition that a row comes after the cursor bound to this parameter and the next one.
    pub(super) fn after(self, prefix: &str, parameter: u8) -> String {
        let column = self.column();
        let comparison = match self.direction {
            SortDirection::Ascending => '>',
            SortDirection::Descending => '<',
        };
        format!("AND ({prefix}{column}, {prefix}id) {comparison} (?{parameter}, ?{})", parameter + 1)
    }

    /// The values to bind for [`Sorting::after`].
    pub(super) fn start(self, cursor: &Cursor) -> Result<[Value; 2], SqlError> {
        let value = match (self.sort, cursor.value()) {
            (VideoSort::CreatedAt | VideoSort::Views | VideoSort::Likes, SortValue::Integer(value)) => (*value).into(),
            (VideoSort::CreatedAt, SortValue::Ranked { position, .. }) => (*position).into(),
            (VideoSort::Duration, SortValue::Real(value)) => (*value).into(),
            (VideoSort::Title, SortValue::Text(value)) => value.clone().into(),
            _ => return Err(Cursor::foreign().into()),
        };
        Ok([value, Value::Blob(cursor.id().into())])
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
