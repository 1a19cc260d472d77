//! Tweets as documents, counted for their authors and for the whole store.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::tweet::{Tweet, TweetCard, TweetRepository, TweetText};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, doc};
use mongodb::options::ReturnDocument;

use super::Database;
use super::access::Access;
use super::collection::{TWEETS, USERS};
use super::document::{Fields, date, newest_cursor, object_id};
use super::error::TxError;
use super::group::{GroupCommit, GroupWrite};
use super::idempotency::note_all;
use super::like::{self, LikeKind};
use super::list::{ids, newest_page};
use super::totals::Total;
use super::{people, snapshot, user};

/// The tweets in MongoDB.
pub struct MongoTweets {
    database: Database,
    waiting: GroupCommit<NewTweet>,
}

impl MongoTweets {
    /// The tweets of this database.
    pub fn new(database: Database) -> Self {
        Self { database, waiting: GroupCommit::default() }
    }
}

#[async_trait]
impl TweetRepository for MongoTweets {
    async fn create(&self, tweet: &Tweet, once: Option<Once>) -> Result<TweetCard, StoreError> {
        self.waiting.put_down(&self.database, NewTweet { tweet: tweet.clone(), once }).await
    }

    async fn find(&self, id: Id<Tweet>) -> Result<Option<Tweet>, StoreError> {
        let filter = doc! { "_id": object_id(id) };
        let found = self.database.run(|db| async move { db.find_one(TWEETS, filter).await }).await?;
        found.map(|found| tweet(&found)).transpose()
    }

    async fn list(&self, viewer: Option<Id<User>>, page: &PageRequest) -> Result<Page<TweetCard>, StoreError> {
        self.database
            .run(|_| async move {
                let db = snapshot::begin(&self.database).await?;
                let total = if page.cursor().is_none() { Some(Total::Tweets.read(&db).await?) } else { None };
                list(&db, doc! {}, viewer, page, total).await
            })
            .await
    }

    async fn list_by(
        &self,
        owner: Id<User>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<TweetCard>>, StoreError> {
        self.database
            .run(|_| async move {
                let db = snapshot::begin(&self.database).await?;
                if !user::exists(&db, owner).await? {
                    return Ok(None);
                }
                list(&db, doc! { "owner": object_id(owner) }, viewer, page, None).await.map(Some)
            })
            .await
    }

    async fn update(
        &self,
        id: Id<Tweet>,
        content: &TweetText,
        now: Timestamp,
    ) -> Result<Option<TweetCard>, StoreError> {
        let change = doc! { "$set": { "content": content.as_str(), "updatedAt": date(now) } };
        self.database.run(|db| async move { update(&db, object_id(id), change).await }).await
    }

    async fn delete(&self, id: Id<Tweet>) -> Result<bool, StoreError> {
        let (filter, fields) = (doc! { "_id": object_id(id) }, doc! { "owner": 1 });
        let found = self.database.run(|db| async move { db.find_fields(TWEETS, filter, fields).await }).await?;
        let Some(found) = found else { return Ok(false) };
        let hot = [found.id::<User>("owner")?.bytes()];
        self.database.transact(&hot, |tx| async move { delete(&tx, object_id(id)).await }).await
    }
}

/// A tweet to be written, with others.
#[derive(Clone)]
struct NewTweet {
    tweet: Tweet,
    once: Option<Once>,
}

impl GroupWrite for NewTweet {
    type Answer = TweetCard;

    fn hot(&self) -> Vec<RawId> {
        vec![self.tweet.owner.bytes()]
    }

    async fn put_down(tx: &Access, writes: &[Self]) -> Result<Vec<TweetCard>, TxError> {
        note_all(tx, writes.iter().map(|write| (write.once.as_ref(), write.tweet.id.bytes()))).await?;
        tx.insert_all(TWEETS, writes.iter().map(|write| document(&write.tweet)).collect()).await?;
        let mut owners = BTreeMap::<ObjectId, i64>::new();
        for write in writes {
            *owners.entry(object_id(write.tweet.owner)).or_default() += 1;
        }
        change_counts(tx, owners).await?;
        let people = people::find_all(tx, writes.iter().map(|write| write.tweet.owner)).await?;
        let card = |NewTweet { tweet, .. }: &Self| {
            let tweet = Tweet { likes_count: 0, ..tweet.clone() };
            Ok(TweetCard { owner: people::card_of(&people, tweet.owner)?, tweet, is_liked: false })
        };
        writes.iter().map(card).collect()
    }
}

fn document(tweet: &Tweet) -> Document {
    doc! {
        "_id": object_id(tweet.id),
        "content": tweet.content.as_str(),
        "owner": object_id(tweet.owner),
        "likesCount": 0_i64,
        "createdAt": date(tweet.created_at),
        "updatedAt": date(tweet.updated_at),
    }
}

async fn list(
    db: &Access,
    filter: Document,
    viewer: Option<Id<User>>,
    page: &PageRequest,
    total: Option<u64>,
) -> Result<Page<TweetCard>, TxError> {
    let found = newest_page(db, TWEETS, filter, page).await?;
    let ids = ids(&found, "_id")?;
    let liked = like::liked_among(db, LikeKind::Tweet, &ids, viewer).await?;
    let tweets = found.iter().map(|row| tweet(row)).collect::<Result<Vec<_>, _>>()?;
    let authors = people::find_all(db, tweets.iter().map(|tweet| tweet.owner)).await?;
    let card = |tweet: Tweet| {
        let owner = authors.get(&tweet.owner.bytes())?.card.clone();
        Some(TweetCard { owner, is_liked: liked.contains(&object_id(tweet.id)), tweet })
    };
    let cards = tweets.into_iter().filter_map(card).collect();
    Ok(Page::from_surplus(cards, page.size, total, |last: &TweetCard| {
        newest_cursor(last.tweet.created_at, last.tweet.id)
    }))
}

/// One document changes, by one atomic step; what it is shown with is read after it.
async fn update(db: &Access, id: ObjectId, change: Document) -> Result<Option<TweetCard>, TxError> {
    let changed = db.find_and_update(TWEETS, doc! { "_id": id }, change, ReturnDocument::After).await?;
    let Some(changed) = changed else { return Ok(None) };
    let tweet = tweet(&changed)?;
    let is_liked = like::is_liked(db, LikeKind::Tweet, id, Some(tweet.owner)).await?;
    card(db, tweet, is_liked).await.map(Some)
}

async fn delete(tx: &Access, id: ObjectId) -> Result<bool, TxError> {
    let Some(deleted) = tx.find_and_delete(TWEETS, doc! { "_id": id }).await? else { return Ok(false) };
    let owner = object_id(deleted.id::<User>("owner")?);
    like::change_received(tx, owner, -deleted.whole("likesCount")?).await?;
    like::leave_to_purge(tx, LikeKind::Tweet, id).await?;
    change_counts(tx, BTreeMap::from([(owner, -1)])).await?;
    Ok(true)
}

/// Changes how many tweets these users have written, and how many there are.
async fn change_counts(tx: &Access, owners: BTreeMap<ObjectId, i64>) -> Result<(), TxError> {
    let sum = owners.values().sum();
    let owners = owners.into_iter().map(|(id, by)| (doc! { "_id": id }, doc! { "$inc": { "tweetsCount": by } }));
    tx.update_each(USERS, owners.collect()).await?;
    Total::Tweets.change(tx, sum).await
}

async fn card(access: &Access, tweet: Tweet, is_liked: bool) -> Result<TweetCard, TxError> {
    let owner = people::card(access, tweet.owner).await?;
    Ok(TweetCard { tweet, owner, is_liked })
}

fn tweet(document: &RawDocument) -> Result<Tweet, StoreError> {
    Ok(Tweet {
        id: document.id("_id")?,
        owner: document.id("owner")?,
        content: TweetText::from_stored(document.text("content")?),
        likes_count: document.count("likesCount")?,
        created_at: document.time("createdAt")?,
        updated_at: document.time("updatedAt")?,
    })
}
