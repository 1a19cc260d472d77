//! Search by words: by relevance tier after tier, each walked newest first; by an attribute among the newest matches.

use aviary_domain::StoreError;
use aviary_domain::page::{Cursor, ListOrder, Page, PageRequest, PageStart, SortValue};
use aviary_domain::search::{SearchTier, SearchWords};
use aviary_domain::video::{SORTED_SEARCH_CAP, VideoCard, VideoOrder, VideoScope};
use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;
use tokio::try_join;

use super::super::Database;
use super::super::access::Access;
use super::super::card::video_fields;
use super::super::collection::VIDEOS;
use super::super::document::integer;
use super::super::error::TxError;
use super::super::list::with_owners;
use super::super::snapshot;
use super::list::{Sorting, in_order, within};
use super::{matches, words};

/// A page of the videos of a scope that match the words.
pub(super) async fn search(
    database: &Database,
    scope: VideoScope,
    words: &SearchWords,
    order: VideoOrder,
    page: &PageRequest,
) -> Result<Page<VideoCard>, StoreError> {
    let numbered = matches!(page.start, PageStart::Number(_));
    let Some(matching) = words::anywhere(words) else {
        return Ok(Page { items: Vec::new(), total: numbered.then_some(0), next: None });
    };
    let matching = joined(within(scope), matching);
    let read = async |access: Access| {
        let total = async {
            if !numbered {
                return Ok(None);
            }
            matches::total(&access, scope, words, matching.clone()).await.map(Some)
        };
        match order {
            VideoOrder::By(sort, direction) => {
                let sorting = Sorting { sort, direction };
                let (cards, total) = try_join!(sorted(&access, scope, matching.clone(), sorting, page), total)?;
                Ok(Page::from_surplus(cards, page.size, total, |last| sorting.cursor(&last.video)))
            }
            VideoOrder::Relevance => {
                let (found, total) = try_join!(ranked(&access, scope, words, page), total)?;
                Ok(Page::from_surplus(found, page.size, total, Match::cursor).map(|found| found.card))
            }
        }
    };
    database.run(read).await
}

/// Both conditions.
fn joined(mut scope: Document, matching: Document) -> Document {
    scope.extend(matching);
    scope
}

/// Sorts the sort values of what it finds, then reads no more than the page shows.
async fn sorted(
    access: &Access,
    scope: VideoScope,
    matching: Document,
    sorting: Sorting,
    page: &PageRequest,
) -> Result<Vec<VideoCard>, TxError> {
    let mut stages = vec![
        doc! { "$match": matching },
        doc! { "$sort": Sorting::NEWEST.order() },
        doc! { "$limit": integer(SORTED_SEARCH_CAP) },
        doc! { "$project": { sorting.field(): 1 } },
    ];
    if let Some(cursor) = page.cursor() {
        stages.push(doc! { "$match": sorting.after(Document::new(), cursor)? });
    }
    stages.push(doc! { "$sort": sorting.order() });
    stages.push(doc! { "$skip": integer(page.offset()) });
    stages.push(doc! { "$limit": integer(page.surplus()) });
    stages.push(doc! { "$project": { "_id": 1 } });
    let found = snapshot::walk(access, VIDEOS, stages, words::index(SearchTier::Anywhere)).await?;
    in_order(access, scope, &found).await
}

/// A match with its tier as an index into [`SearchTier::ALL`].
struct Match {
    tier: u8,
    card: VideoCard,
}

impl Match {
    fn cursor(&self) -> Cursor {
        let value = SortValue::Ranked { tier: self.tier, position: self.card.video.created_at.millis() };
        Cursor::new(ListOrder::Relevance, value, self.card.video.id.bytes())
    }
}

/// The matches of a page and one more. The tiers exclude each other, so no match comes twice.
async fn ranked(
    access: &Access,
    scope: VideoScope,
    words: &SearchWords,
    page: &PageRequest,
) -> Result<Vec<Match>, TxError> {
    let mut cursor = page.cursor();
    let first_tier = match cursor.map(Cursor::value) {
        None => 0,
        Some(SortValue::Ranked { tier, .. }) => *tier,
        Some(_) => return Err(Cursor::foreign().into()),
    };
    let mut before = page.offset();
    let mut found: Vec<Match> = Vec::new();
    for (number, tier) in (0_u8..).zip(SearchTier::ALL).skip(first_tier.into()) {
        let after = cursor.take();
        let missing = integer(page.surplus()) - integer(found.len());
        let Some(matching) = words::tier(tier, words).filter(|_| missing > 0) else { continue };
        let filter = joined(within(scope), matching);
        let part = match after {
            None => filter.clone(),
            Some(cursor) => Sorting::NEWEST.after(filter.clone(), cursor)?,
        };
        let cards = newest(access, part, tier, before, missing).await?;
        // What lies before the page ends in the tier in which the page begins.
        let goes_on = cards.is_empty() && before > 0;
        before = if goes_on { before - matches::count(access, filter, tier, before).await? } else { 0 };
        found.extend(cards.into_iter().map(|card| Match { tier: number, card }));
    }
    Ok(found)
}

/// The matches of a tier, newest first, without the first ones.
async fn newest(
    access: &Access,
    filter: Document,
    tier: SearchTier,
    before: u64,
    limit: i64,
) -> Result<Vec<VideoCard>, TxError> {
    let options = FindOptions::builder()
        .sort(Sorting::NEWEST.order())
        .skip(before)
        .limit(limit)
        .projection(video_fields())
        .build();
    let found = snapshot::find(access, VIDEOS, filter, options, words::index(tier)).await?;
    with_owners(access, &found).await
}
