//! Comments as documents. A comment stands and falls with its video: every step asks whether that is visible.

use async_trait::async_trait;
use aviary_domain::comment::{Comment, CommentCard, CommentRepository, CommentText, PlacedComment};
use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::video::Video;
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use mongodb::options::ReturnDocument;

use super::Database;
use super::access::Access;
use super::card::visible_to;
use super::collection::{COMMENTS, USERS, VIDEOS};
use super::document::{Fields, date, newest_cursor, object_id};
use super::error::TxError;
use super::idempotency::note;
use super::like::{self, LikeKind};
use super::list::{ids, newest_page};
use super::{people, snapshot};

/// The comments in MongoDB.
pub struct MongoComments {
    database: Database,
}

impl MongoComments {
    /// The comments of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
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
        let (hot, owner) = ([comment.video.bytes(), owner], ObjectId::from_bytes(owner));
        self.database.transact(&hot, |tx| async move { create(&tx, comment, owner, once.as_ref()).await }).await
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
        let list = self.database.run(|_| async move {
            let db = snapshot::begin(&self.database).await?;
            list(&db, video, viewer, page).await
        });
        list.await
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

async fn create(
    tx: &Access,
    comment: &Comment,
    video_owner: ObjectId,
    once: Option<&Once>,
) -> Result<Option<CommentCard>, TxError> {
    let mut video = doc! { "_id": object_id(comment.video) };
    video.extend(visible_to(Some(comment.owner)));
    if !change_counts(tx, video, video_owner, 1).await? {
        return Ok(None);
    }
    note(tx, once, comment.id.bytes()).await?;
    let row = doc! {
        "_id": object_id(comment.id),
        "content": comment.content.as_str(),
        "video": object_id(comment.video),
        "owner": object_id(comment.owner),
        "likesCount": 0_i64,
        "createdAt": date(comment.created_at),
        "updatedAt": date(comment.updated_at),
    };
    tx.insert(COMMENTS, row).await?;
    let comment = Comment { likes_count: 0, ..comment.clone() };
    let owner = people::card(tx, comment.owner).await?;
    Ok(Some(CommentCard { comment, owner, is_liked: false }))
}

async fn find(db: &Access, id: Id<Comment>, viewer: Option<Id<User>>) -> Result<Option<PlacedComment>, TxError> {
    let Some(found) = db.find_one(COMMENTS, doc! { "_id": object_id(id) }).await? else { return Ok(None) };
    let comment = comment(&found)?;
    let Some(video) = seen_video(db, comment.video, viewer, "owner").await? else { return Ok(None) };
    Ok(Some(PlacedComment { comment, video_owner: video.id("owner")? }))
}

async fn list(
    db: &Access,
    video: Id<Video>,
    viewer: Option<Id<User>>,
    page: &PageRequest,
) -> Result<Option<Page<CommentCard>>, TxError> {
    let Some(found) = seen_video(db, video, viewer, "commentsCount").await? else { return Ok(None) };
    let total = if page.cursor().is_none() { Some(found.count("commentsCount")?) } else { None };
    let found = newest_page(db, COMMENTS, doc! { "video": object_id(video) }, page).await?;
    let ids = ids(&found, "_id")?;
    let liked = like::liked_among(db, LikeKind::Comment, &ids, viewer).await?;
    let comments = found.iter().map(|row| comment(row)).collect::<Result<Vec<_>, _>>()?;
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
    if !change_counts(tx, doc! { "_id": placed.video }, video_owner, -1).await? {
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

/// Counts a comment of the video that matches; answers whether there is one, and changes nothing if not.
///
/// This comes as early as possible: everybody who comments on the video writes to it, and among nodes who comes second
/// is undone. So it is undone before it has done anything, and who was first has the video until its end. For the same
/// reason, of a comment and a delete of the video at once one gives way.
async fn change_counts(tx: &Access, video: Document, owner: ObjectId, change: i64) -> Result<bool, TxError> {
    if !tx.update(VIDEOS, video, doc! { "$inc": { "commentsCount": change } }).await? {
        return Ok(false);
    }
    tx.update(USERS, doc! { "_id": owner }, doc! { "$inc": { "commentsReceived": change } }).await?;
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
