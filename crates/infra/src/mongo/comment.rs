//! Comments as documents. A comment stands and falls with its video: every step asks whether that is visible.

use std::sync::Arc;

use async_trait::async_trait;
use aviary_domain::comment::{Comment, CommentCard, CommentRepository, CommentText, PlacedComment};
use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::video::Video;
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawDocument, RawDocumentBuf, doc};
use mongodb::options::ReturnDocument;

use super::Database;
use super::access::Access;
use super::card::{Audience, visible_to};
use super::collection::{COMMENTS, USERS, VIDEOS};
use super::document::{Fields, date, newest_cursor, object_id};
use super::error::TxError;
use super::group::GroupCommit;
use super::like::{self, LikeKind};
use super::list::newest_page;
use super::{people, snapshot};
use crate::page_key::PageKey;
use create::NewComment;

mod create;

/// The comments in MongoDB.
pub struct MongoComments {
    database: Database,
    waiting: GroupCommit<NewComment>,
}

impl MongoComments {
    /// The comments of this database.
    pub fn new(database: Database) -> Self {
        Self { database, waiting: GroupCommit::default() }
    }

    /// The owner of a video, whoever may see it.
    async fn video_owner(&self, video: ObjectId) -> Result<Option<RawId>, StoreError> {
        self.database.run(|db| async move { people::owner(&db, VIDEOS, video).await }).await
    }
}

#[async_trait]
impl CommentRepository for MongoComments {
    async fn create(&self, comment: &Comment, once: Option<Once>) -> Result<Option<CommentCard>, StoreError> {
        let Some(owner) = self.video_owner(object_id(comment.video)).await? else { return Ok(None) };
        let write = NewComment { comment: comment.clone(), once, video_owner: owner };
        self.waiting.put_down(&self.database, write).await
    }

    async fn find(&self, id: Id<Comment>, viewer: Option<Id<User>>) -> Result<Option<PlacedComment>, StoreError> {
        self.database.run(|db| async move { find(&db, id, viewer).await }).await
    }

    async fn list(
        &self,
        video: Id<Video>,
        viewer: Option<Id<User>>,
        page: &PageRequest,
    ) -> Result<Option<Page<CommentCard>>, StoreError> {
        self.database.run(|db| async move { list(&self.database, &db, video, viewer, page).await }).await
    }

    async fn update(
        &self,
        id: Id<Comment>,
        content: &CommentText,
        now: Timestamp,
    ) -> Result<Option<CommentCard>, StoreError> {
        self.database.transact(&[id.bytes()], |tx| async move { update(&tx, id, content, now).await }).await
    }

    async fn delete(&self, id: Id<Comment>) -> Result<bool, StoreError> {
        let placed = self.database.run(|db| async move { place(&db, object_id(id)).await }).await?;
        let Some(placed) = placed else { return Ok(false) };
        let Some(owner) = self.video_owner(placed.video).await? else { return Ok(false) };
        let hot = [placed.video.bytes(), placed.owner.bytes(), owner];
        let owner = ObjectId::from_bytes(owner);
        self.database.transact(&hot, |tx| async move { delete(&tx, object_id(id), owner).await }).await
    }
}

async fn find(db: &Access, id: Id<Comment>, viewer: Option<Id<User>>) -> Result<Option<PlacedComment>, TxError> {
    let Some(found) = db.find_one(COMMENTS, doc! { "_id": object_id(id) }).await? else { return Ok(None) };
    let comment = comment(&found)?;
    let Some(video) = seen_video(db, comment.video, viewer, "owner").await? else { return Ok(None) };
    Ok(Some(PlacedComment { comment, video_owner: video.id("owner")? }))
}

async fn list(
    database: &Database,
    db: &Access,
    video: Id<Video>,
    viewer: Option<Id<User>>,
    page: &PageRequest,
) -> Result<Option<Page<CommentCard>>, TxError> {
    let rows = rows(database, db, object_id(video), page).await?;
    let Some(rows) = rows.as_ref() else { return Ok(None) };
    if !rows.audience.includes(viewer) {
        return Ok(None);
    }
    let total = page.cursor().is_none().then_some(rows.total);
    let comments = rows.found.iter().map(|row| comment(row)).collect::<Result<Vec<_>, _>>()?;
    // Read after the page, so that a like of a moment ago may be told that is not yet counted there; but nobody likes
    // what has no likes.
    let likeable = comments.iter().filter(|comment| comment.likes_count > 0).map(|comment| object_id(comment.id));
    let liked = like::liked_among(db, LikeKind::Comment, &likeable.collect::<Vec<_>>(), viewer).await?;
    let authors = people::find_all(db, comments.iter().map(|comment| comment.owner)).await?;
    let card = |comment: Comment| {
        let owner = authors.get(&comment.owner.bytes())?.card.clone();
        Some(CommentCard { owner, is_liked: liked.contains(&object_id(comment.id)), comment })
    };
    let cards = comments.into_iter().filter_map(card).collect();
    Ok(Some(Page::from_surplus(cards, page.size, total, |last: &CommentCard| {
        newest_cursor(last.comment.created_at, last.comment.id)
    })))
}

/// A page of a video's comments, whoever looks, and what there is to know of the video, in one state.
pub(super) struct CommentRows {
    audience: Audience,
    total: u64,
    found: Vec<RawDocumentBuf>,
}

/// Nothing where there is no such video. Who asks for the same page at the same moment shares one look at it, which has a
/// snapshot of its own.
async fn rows(
    database: &Database,
    db: &Access,
    video: ObjectId,
    page: &PageRequest,
) -> Result<Arc<Option<CommentRows>>, TxError> {
    let line = (video, PageKey::of(page));
    let (database, page) = (database.clone(), page.clone());
    let look = move |_, _| look_at(database.clone(), video, page.clone());
    db.ask(|asked| &asked.comments, line, vec![()], look).await
}

async fn look_at(database: Database, video: ObjectId, page: PageRequest) -> Result<Option<CommentRows>, TxError> {
    let db = snapshot::begin(&database).await?;
    let fields = doc! { "owner": 1, "isPublished": 1, "commentsCount": 1 };
    let Some(seen) = db.find_fields(VIDEOS, doc! { "_id": video }, fields).await? else { return Ok(None) };
    let rows = CommentRows {
        audience: Audience::of(&seen)?,
        total: seen.count("commentsCount")?,
        found: newest_page(&db, COMMENTS, doc! { "video": video }, &page).await?,
    };
    Ok(Some(rows))
}

async fn update(
    tx: &Access,
    id: Id<Comment>,
    content: &CommentText,
    now: Timestamp,
) -> Result<Option<CommentCard>, TxError> {
    let Some(placed) = place(tx, object_id(id)).await? else { return Ok(None) };
    if seen_video(tx, Id::from_bytes(placed.video.bytes()), Some(placed.owner), "_id").await?.is_none() {
        return Ok(None);
    }
    let change = doc! { "$set": { "content": content.as_str(), "updatedAt": date(now) } };
    let changed = tx.find_and_update(COMMENTS, doc! { "_id": object_id(id) }, change, ReturnDocument::After).await?;
    let Some(changed) = changed else { return Ok(None) };
    let comment = comment(&changed)?;
    let owner = people::card(tx, comment.owner).await?;
    let is_liked = like::is_liked(tx, LikeKind::Comment, object_id(id), Some(comment.owner)).await?;
    Ok(Some(CommentCard { comment, owner, is_liked }))
}

async fn delete(tx: &Access, id: ObjectId, video_owner: ObjectId) -> Result<bool, TxError> {
    let Some(placed) = place(tx, id).await? else { return Ok(false) };
    if !uncount(tx, placed.video, video_owner).await? {
        return Ok(false);
    }
    tx.delete(COMMENTS, doc! { "_id": id }).await?;
    like::change_received(tx, object_id(placed.owner), -placed.likes).await?;
    like::leave_to_purge(tx, LikeKind::Comment, id).await?;
    Ok(true)
}

/// What a comment belongs to.
struct Place {
    video: ObjectId,
    owner: Id<User>,
    likes: i64,
}

async fn place(access: &Access, id: ObjectId) -> Result<Option<Place>, TxError> {
    let fields = doc! { "video": 1, "owner": 1, "likesCount": 1 };
    let Some(found) = access.find_fields(COMMENTS, doc! { "_id": id }, fields).await? else { return Ok(None) };
    let video = object_id(found.id::<Video>("video")?);
    Ok(Some(Place { video, owner: found.id("owner")?, likes: found.whole("likesCount")? }))
}

/// One field of a video, if the viewer sees it.
async fn seen_video(
    access: &Access,
    video: Id<Video>,
    viewer: Option<Id<User>>,
    field: &str,
) -> Result<Option<RawDocumentBuf>, TxError> {
    let mut filter = doc! { "_id": object_id(video) };
    filter.extend(visible_to(viewer));
    access.find_fields(VIDEOS, filter, doc! { field: 1 }).await
}

/// Takes a comment off the counts of its video and of the video's owner; answers whether there is such a video, and
/// changes nothing if not. As early as in creating one, and for the same reason.
async fn uncount(tx: &Access, video: ObjectId, owner: ObjectId) -> Result<bool, TxError> {
    if !tx.update(VIDEOS, doc! { "_id": video }, doc! { "$inc": { "commentsCount": -1_i64 } }).await? {
        return Ok(false);
    }
    tx.update(USERS, doc! { "_id": owner }, doc! { "$inc": { "commentsReceived": -1_i64 } }).await?;
    Ok(true)
}

fn comment(document: &RawDocument) -> Result<Comment, StoreError> {
    Ok(Comment {
        id: document.id("_id")?,
        video: document.id("video")?,
        owner: document.id("owner")?,
        content: CommentText::from_stored(document.text("content")?),
        likes_count: document.count("likesCount")?,
        created_at: document.time("createdAt")?,
        updated_at: document.time("updatedAt")?,
    })
}
