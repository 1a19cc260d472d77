//! Search in the word index: by relevance tier after tier, each streamed newest first; by an attribute among the
//! newest matches.

use aviary_domain::page::{Cursor, ListOrder, Page, PageRequest, PageStart, SEARCH_TOTAL_CAP, SortValue};
use aviary_domain::search::{SearchTier, SearchWords};
use aviary_domain::video::{SORTED_SEARCH_CAP, VideoCard, VideoOrder, VideoScope};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::super::error::SqlError;
use super::super::found::Asked;
use super::super::row::{all, count, first, integer};
use super::list::{Sorting, cards};
use super::words;

/// A page of the videos of a scope that match the words.
pub(super) fn search(
    c: &Connection,
    scope: VideoScope,
    words: &SearchWords,
    order: VideoOrder,
    page: &PageRequest,
    asked: &Asked,
) -> Result<Page<VideoCard>, SqlError> {
    let numbered = matches!(page.start, PageStart::Number(_));
    let Some(expression) = words::anywhere(scope, words) else {
        return Ok(Page { items: Vec::new(), total: numbered.then_some(0), next: None });
    };
    let total = numbered.then(|| asked.total(&expression, || count_matches(c, &expression))).transpose()?;
    match order {
        VideoOrder::By(sort, direction) => sorted(c, &expression, Sorting { sort, direction }, page, total),
        VideoOrder::Relevance => ranked(c, scope, words, page, total),
    }
}

fn count_matches(c: &Connection, expression: &str) -> Result<u64, SqlError> {
    const SQL: &str = "SELECT count(*) FROM (SELECT 1 FROM video_words WHERE video_words MATCH ?1 LIMIT ?2)";
    let cap = integer(SEARCH_TOTAL_CAP);
    Ok(first(c, SQL, params![expression, cap], |row| count(row, 0))?.unwrap_or(0))
}

/// Sorts the row numbers of what it finds, then reads no more than the page shows.
fn sorted(
    c: &Connection,
    expression: &str,
    sorting: Sorting,
    page: &PageRequest,
    total: Option<u64>,
) -> Result<Page<VideoCard>, SqlError> {
    let mut values: Vec<Value> = vec![
        integer(page.surplus()).into(),
        integer(page.offset()).into(),
        expression.to_owned().into(),
        integer(SORTED_SEARCH_CAP).into(),
    ];
    let mut after = String::new();
    if let Some(cursor) = page.cursor() {
        values.extend(sorting.start(cursor)?);
        after = sorting.after("v.", 5);
    }
    let order = sorting.order_by("v.");
    let sql = format!(
        "WITH found AS MATERIALIZED
             (SELECT rowid AS seq FROM video_words WHERE video_words MATCH ?3 ORDER BY rowid DESC LIMIT ?4)
         SELECT v.seq FROM found CROSS JOIN videos v ON v.seq = found.seq
         WHERE v.state < 2 {after} ORDER BY {order} LIMIT ?1 OFFSET ?2"
    );
    let cards = cards(c, &all(c, &sql, params_from_iter(values), |row| row.get(0))?)?;
    Ok(Page::from_surplus(cards, page.size, total, |last| sorting.cursor(&last.video)))
}

/// A match: its tier as an index into [`SearchTier::ALL`], and its row number.
#[derive(Clone, Copy)]
struct Match {
    tier: u8,
    seq: i64,
}

fn ranked(
    c: &Connection,
    scope: VideoScope,
    words: &SearchWords,
    page: &PageRequest,
    total: Option<u64>,
) -> Result<Page<VideoCard>, SqlError> {
    let matches = matches(c, scope, words, page)?;
    let seqs: Vec<i64> = matches.iter().map(|found| found.seq).collect();
    // The index knows who may see what; should it ever be wrong, nothing is shown that is hidden.
    let is_shown = |card: &VideoCard| matches!(scope, VideoScope::AllOf(_)) || card.video.is_public();
    let cards = cards(c, &seqs)?.into_iter().zip(matches).filter(|(card, _)| is_shown(card)).collect();
    let page = Page::from_surplus(cards, page.size, total, |(card, found)| {
        let value = SortValue::Ranked { tier: found.tier, position: found.seq };
        Cursor::new(ListOrder::Relevance, value, card.video.id.bytes())
    });
    Ok(page.map(|(card, _)| card))
}

/// The matches of a page and one more. The tiers exclude each other, so no match comes twice.
fn matches(c: &Connection, scope: VideoScope, words: &SearchWords, page: &PageRequest) -> Result<Vec<Match>, SqlError> {
    const SQL: &str =
        "SELECT rowid FROM video_words WHERE video_words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3";
    let (first_tier, mut before) = match page.cursor().map(Cursor::value) {
        None => (0, i64::MAX),
        Some(SortValue::Ranked { tier, position }) => (*tier, *position),
        Some(_) => return Err(Cursor::foreign().into()),
    };
    let wanted = integer(page.offset()) + integer(page.surplus());
    let mut found = Vec::new();
    for (number, tier) in (0_u8..).zip(SearchTier::ALL).skip(first_tier.into()) {
        let missing = wanted - integer(found.len());
        if let Some(expression) = words::tier(tier, scope, words).filter(|_| missing > 0) {
            let values = params![expression, before, missing];
            found.extend(all(c, SQL, values, |row| Ok(Match { tier: number, seq: row.get(0)? }))?);
        }
        before = i64::MAX;
    }
    Ok(found.into_iter().skip(usize::try_from(page.offset()).unwrap_or(usize::MAX)).collect())
}
