//! Tweets as rows, counted for their authors and for the whole store.

use std::sync::LazyLock;

use async_trait::async_trait;
use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::tweet::{Tweet, TweetCard, TweetRepository, TweetText};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, Row, params};

use super::database::Database;
use super::error::SqlError;
use super::idempotency::note;
use super::row::{USER_CARD, all, count, execute, first, id_from, integer, timestamp, user_card};
use super::{like, newest, user};

/// The columns that [`tweet`] reads, of a row of `tweets` called `t`.
const TWEET: &str = "t.id, t.owner, t.content, t.likes_count, t.created_at, t.updated_at";

/// How many columns [`TWEET`] has.
const TWEET_WIDTH: usize = 6;

/// A page of everybody's tweets for a viewer (?1) after a time and id (?2, ?3).
pub(super) static LIST: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} WHERE (t.created_at, t.id) < (?2, ?3) ORDER BY t.created_at DESC, t.id DESC LIMIT ?4 OFFSET ?5",
        select_cards("?1")
    )
});

/// A page of the tweets of a user (?6) for a viewer (?1) after a time and id (?2, ?3).
pub(super) static LIST_BY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} WHERE t.owner = ?6 AND (t.created_at, t.id) < (?2, ?3)
         ORDER BY t.created_at DESC, t.id DESC LIMIT ?4 OFFSET ?5",
        select_cards("?1")
    )
});

/// One tweet (?1) as its owner sees it.
static OWN_CARD: LazyLock<String> = LazyLock::new(|| format!("{} WHERE t.id = ?1", select_cards("t.owner")));

/// The columns and tables of [`card`], for the viewer that this SQL names.
fn select_cards(viewer: &str) -> String {
    let is_liked = like::liked_by(like::TWEET, "t.id", viewer);
    format!("SELECT {TWEET}, {is_liked}, {USER_CARD} FROM tweets t JOIN users u ON u.id = t.owner")
}

/// The tweets in the embedded store.
pub struct SqliteTweets {
    database: Database,
}

impl SqliteTweets {
    /// The tweets of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl TweetRepository for SqliteTweets {
    async fn create(&self, tweet: &Tweet, once: Option<Once>) -> Result<TweetCard, StoreError> {
        let tweet = tweet.clone();
        self.database.write(move |c| create(c, &tweet, once.as_ref())).await
    }

    async fn find(&self, id: Id<Tweet>) -> Result<Option<Tweet>, StoreError> {
        self.database.read(|c| first(c, &format!("SELECT {TWEET} FROM tweets t WHERE t.id = ?1"), [id.bytes()], tweet))
    }

    async fn list(&self, viewer: Option<Id<User>>, page: &PageRequest) -> Result<Page<TweetCard>, StoreError> {
        let request = page.clone();
        self.database.read_page(page, move |c| list(c, viewer, &request)).await
    }

    async fn list_by(
        &self,
        owner: Id<User>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<TweetCard>>, StoreError> {
        let request = page.clone();
        self.database.read_page(page, move |c| list_by(c, owner, viewer, &request)).await
    }

    async fn update(
        &self,
        id: Id<Tweet>,
        content: &TweetText,
        now: Timestamp,
    ) -> Result<Option<TweetCard>, StoreError> {
        let content = content.clone();
        self.database
            .write(move |c| {
                let sql = "UPDATE tweets SET content = ?2, updated_at = ?3 WHERE id = ?1";
                execute(c, sql, params![id.bytes(), content.as_str(), now.millis()])?;
                first(c, &OWN_CARD, [id.bytes()], card)
            })
            .await
    }

    async fn delete(&self, id: Id<Tweet>) -> Result<bool, StoreError> {
        self.database.write(move |c| delete(c, id)).await
    }
}

fn create(c: &Connection, tweet: &Tweet, once: Option<&Once>) -> Result<TweetCard, SqlError> {
    note(c, once, tweet.id.bytes())?;
    execute(
        c,
        "INSERT INTO tweets (id, owner, content, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            tweet.id.bytes(),
            tweet.owner.bytes(),
            tweet.content.as_str(),
            tweet.created_at.millis(),
            tweet.updated_at.millis(),
        ],
    )?;
    change_counts(c, &tweet.owner.bytes(), 1)?;
    Ok(c.prepare_cached(&OWN_CARD)?.query_row([tweet.id.bytes()], card)?)
}

fn list(c: &Connection, viewer: Option<Id<User>>, page: &PageRequest) -> Result<Page<TweetCard>, SqlError> {
    let (time, id) = newest::start(page)?;
    let viewer = viewer.map(|v| v.bytes());
    let cards = all(c, &LIST, params![viewer, time, id, integer(page.surplus()), integer(page.offset())], card)?;
    let total = match page.cursor() {
        Some(_) => None,
        None => first(c, "SELECT value FROM totals WHERE name = 'tweets'", [], |row| count(row, 0))?,
    };
    Ok(to_page(cards, page, total))
}

fn list_by(
    c: &Connection,
    owner: Id<User>,
    viewer: Option<Id<User>>,
    page: &PageRequest,
) -> Result<Option<Page<TweetCard>>, SqlError> {
    if !user::exists(c, owner)? {
        return Ok(None);
    }
    let (time, id) = newest::start(page)?;
    let viewer = viewer.map(|v| v.bytes());
    let cards = all(
        c,
        &LIST_BY,
        params![viewer, time, id, integer(page.surplus()), integer(page.offset()), owner.bytes()],
        card,
    )?;
    Ok(Some(to_page(cards, page, None)))
}

fn to_page(cards: Vec<TweetCard>, page: &PageRequest, total: Option<u64>) -> Page<TweetCard> {
    Page::from_surplus(cards, page.size, total, |last| newest::cursor(last.tweet.created_at, last.tweet.id))
}

fn delete(c: &Connection, id: Id<Tweet>) -> Result<bool, SqlError> {
    let id = id.bytes();
    let found = first(c, "DELETE FROM tweets WHERE id = ?1 RETURNING owner, likes_count", [id], |row| {
        Ok((row.get::<_, RawId>(0)?, row.get::<_, i64>(1)?))
    })?;
    let Some((owner, likes)) = found else {
        return Ok(false);
    };
    like::change_received(c, &owner, -likes)?;
    like::leave_to_purge(c, like::TWEET, &id)?;
    change_counts(c, &owner, -1)?;
    Ok(true)
}

fn change_counts(c: &Connection, owner: &RawId, change: i64) -> Result<(), SqlError> {
    execute(c, "UPDATE users SET tweets_count = tweets_count + ?2 WHERE id = ?1", params![owner, change])?;
    execute(c, "UPDATE totals SET value = value + ?1 WHERE name = 'tweets'", [change])?;
    Ok(())
}

fn card(row: &Row<'_>) -> rusqlite::Result<TweetCard> {
    Ok(TweetCard { tweet: tweet(row)?, is_liked: row.get(TWEET_WIDTH)?, owner: user_card(row, TWEET_WIDTH + 1)? })
}

fn tweet(row: &Row<'_>) -> rusqlite::Result<Tweet> {
    Ok(Tweet {
        id: id_from(row, 0)?,
        owner: id_from(row, 1)?,
        content: TweetText::from_stored(row.get(2)?),
        likes_count: count(row, 3)?,
        created_at: timestamp(row, 4)?,
        updated_at: timestamp(row, 5)?,
    })
}
