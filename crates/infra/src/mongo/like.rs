//! Likes as documents: one a user and target by a unique index, counted on the target and for its owner in the same
//! transaction.

use std::collections::HashSet;

use async_trait::async_trait;
use aviary_domain::id::RawId;
use aviary_domain::like::{Like, LikeNote, LikeRepository, LikeState, LikeTarget, LikedVideo};
use aviary_domain::page::{Page, PageRequest};
use aviary_domain::user::User;
use aviary_domain::video::VideoCard;
use aviary_domain::{Id, StoreError};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, doc};
use mongodb::options::{FindOptions, Hint};

use super::Database;
use super::access::Access;
use super::card::visible_to;
use super::collection::{COMMENTS, LIKES, PURGE_QUEUE, TWEETS, USERS, VIDEOS};
use super::document::{Fields, date, newest_cursor, object_id};
use super::error::TxError;
use super::list::References;
use super::{people, snapshot};

/// What kind of thing is liked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LikeKind {
    Video,
    Comment,
    Tweet,
}

impl LikeKind {
    /// The field of a like that holds the target, which is also how the purge queue names the kind.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Comment => "comment",
            Self::Tweet => "tweet",
        }
    }

    /// The kind that has this name in the purge queue.
    pub(super) fn of_field(field: &str) -> Option<Self> {
        [Self::Video, Self::Comment, Self::Tweet].into_iter().find(|kind| kind.field() == field)
    }

    fn collection(self) -> &'static str {
        match self {
            Self::Video => VIDEOS,
            Self::Comment => COMMENTS,
            Self::Tweet => TWEETS,
        }
    }

    /// The filter of the likes of one target. The type is named because the index is partial by it: without its very
    /// condition the planner does not use it.
    pub(super) fn likes_of(self, target: ObjectId) -> Document {
        doc! { self.field(): { "$eq": target, "$type": "objectId" } }
    }

    /// The filter of the likes of several targets.
    pub(super) fn likes_of_any(self, targets: &[ObjectId]) -> Document {
        doc! { self.field(): { "$in": targets, "$type": "objectId" } }
    }
}

/// Whether a user likes something; nobody likes nothing.
pub(super) async fn is_liked(
    access: &Access,
    kind: LikeKind,
    target: ObjectId,
    user: Option<Id<User>>,
) -> Result<bool, TxError> {
    Ok(!liked_among(access, kind, &[target], user).await?.is_empty())
}

/// Which of these a user likes, in one query for all. The index is named: that of the targets alone would walk the likes
/// of everybody.
pub(super) async fn liked_among(
    access: &Access,
    kind: LikeKind,
    targets: &[ObjectId],
    user: Option<Id<User>>,
) -> Result<HashSet<ObjectId>, TxError> {
    let Some(user) = user.filter(|_| !targets.is_empty()) else { return Ok(HashSet::new()) };
    let mut filter = kind.likes_of_any(targets);
    filter.insert("likedBy", object_id(user));
    let index = Hint::Keys(doc! { "likedBy": 1, kind.field(): 1 });
    let options = FindOptions::builder().projection(doc! { kind.field(): 1, "_id": 0 }).hint(index).build();
    let likes = access.find(LIKES, filter, options).await?;
    likes.iter().map(|like| Ok(object_id(like.id::<()>(kind.field())?))).collect()
}

/// Changes how many likes somebody received.
pub(super) async fn change_received(tx: &Access, owner: ObjectId, change: i64) -> Result<(), TxError> {
    if change != 0 {
        tx.update(USERS, doc! { "_id": owner }, doc! { "$inc": { "likesReceived": change } }).await?;
    }
    Ok(())
}

/// A place in the purge queue.
pub(super) fn queued(kind: LikeKind, target: ObjectId) -> Document {
    doc! { "_id": { "kind": kind.field(), "target": target } }
}

/// Queues the likes of something deleted, if it has any.
pub(super) async fn leave_to_purge(tx: &Access, kind: LikeKind, target: ObjectId) -> Result<(), TxError> {
    if tx.exists(LIKES, kind.likes_of(target)).await? {
        tx.insert(PURGE_QUEUE, queued(kind, target)).await?;
    }
    Ok(())
}

/// The likes in MongoDB.
pub struct MongoLikes {
    database: Database,
}

impl MongoLikes {
    /// The likes of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// What many may change at once when something is liked: the target and its owner. Only a hint: the transaction
    /// decides on what it reads itself. `None` when there is no such target.
    async fn hot(&self, target: LikeTarget) -> Result<Option<[RawId; 2]>, StoreError> {
        let (kind, id) = kind_and_id(target);
        let owner = self.database.run(|db| async move { people::owner(&db, kind.collection(), id).await }).await?;
        Ok(owner.map(|owner| [id.bytes(), owner]))
    }

    /// Changes whether a user likes something, and counts that; `steps` tell whether it is liked then, and by how much
    /// the count changes. `None` when the user sees no such target.
    async fn change<F>(
        &self,
        user: Id<User>,
        target: LikeTarget,
        steps: impl Fn(Access) -> F,
    ) -> Result<Option<LikeState>, StoreError>
    where
        F: Future<Output = Result<(bool, i64), TxError>>,
    {
        let Some(hot) = self.hot(target).await? else { return Ok(None) };
        let steps = &steps;
        self.database
            .transact_if_there(&hot, |tx| async move {
                let (is_liked, change) = steps(tx.clone()).await?;
                let likes_count = counted(&tx, user, target, change).await?;
                Ok(LikeState { is_liked, likes_count })
            })
            .await
    }
}

#[async_trait]
impl LikeRepository for MongoLikes {
    async fn put(&self, like: &Like) -> Result<Option<LikeState>, StoreError> {
        let steps = |tx: Access| async move { Ok((true, i64::from(add(&tx, like).await?))) };
        self.change(like.liked_by, like.target, steps).await
    }

    async fn remove(&self, user: Id<User>, target: LikeTarget) -> Result<Option<LikeState>, StoreError> {
        let steps = |tx: Access| async move { Ok((false, -i64::from(remove(&tx, target, user).await?))) };
        self.change(user, target, steps).await
    }

    async fn toggle(&self, like: &Like) -> Result<Option<LikeState>, StoreError> {
        let steps = |tx: Access| async move {
            if remove(&tx, like.target, like.liked_by).await? {
                return Ok((false, -1));
            }
            add(&tx, like).await?;
            Ok((true, 1))
        };
        self.change(like.liked_by, like.target, steps).await
    }

    async fn liked_videos(&self, user: Id<User>, page: &PageRequest) -> Result<Page<LikedVideo>, StoreError> {
        let references = References {
            collection: LIKES,
            filter: doc! { "likedBy": object_id(user), "video": { "$type": "objectId" } },
            time: "createdAt",
            id: "_id",
            index: doc! { "likedBy": 1, "createdAt": -1, "_id": -1 },
        };
        let references = &references;
        let found = self.database.run(|_| async move {
            let db = snapshot::begin(&self.database).await?;
            references.page(&db, user, page).await
        });
        let liked = found.await?.into_iter().map(|(like, video)| liked_video(&like, user, video));
        let liked = liked.collect::<Result<_, _>>()?;
        Ok(Page::from_surplus(liked, page.size, None, |last| newest_cursor(last.like.created_at, last.like.id)))
    }
}

/// The filter of a user's like of something.
fn like_of(target: LikeTarget, user: Id<User>) -> Document {
    let (kind, id) = kind_and_id(target);
    let mut filter = kind.likes_of(id);
    filter.insert("likedBy", object_id(user));
    filter
}

/// Adds the like unless there is one; tells whether it did.
async fn add(tx: &Access, like: &Like) -> Result<bool, TxError> {
    let mut fresh = doc! {
        "_id": object_id(like.id),
        "createdAt": date(like.created_at),
        "updatedAt": date(like.created_at),
    };
    if let Some(note) = &like.description {
        fresh.insert("description", note.as_str());
    }
    if let Some(inviter) = like.inviter {
        fresh.insert("inviterId", object_id(inviter));
    }
    // The target and the user come from the filter.
    tx.upsert(LIKES, like_of(like.target, like.liked_by), doc! { "$setOnInsert": fresh }).await
}

/// Removes the user's like if there is one; tells whether it did.
async fn remove(tx: &Access, target: LikeTarget, user: Id<User>) -> Result<bool, TxError> {
    tx.delete(LIKES, like_of(target, user)).await
}

/// Counts what was added or removed on the target and for its owner, and tells how many likes there are. Only here is it
/// seen whether there is such a target for the user: [`TxError::Absent`] takes the like back.
async fn counted(tx: &Access, user: Id<User>, target: LikeTarget, change: i64) -> Result<u64, TxError> {
    let (kind, id) = kind_and_id(target);
    let mut filter = doc! { "_id": id };
    if kind == LikeKind::Video {
        filter.extend(visible_to(Some(user)));
    }
    let fields = doc! { "owner": 1, "likesCount": 1, "video": 1 };
    let found = if change == 0 {
        tx.find_fields(kind.collection(), filter, fields).await?
    } else {
        let count = doc! { "$inc": { "likesCount": change } };
        tx.update_and_find_fields(kind.collection(), filter, count, fields).await?
    };
    let found = found.ok_or(TxError::Absent)?;
    if kind == LikeKind::Comment {
        let mut video = doc! { "_id": object_id(found.id::<()>("video")?) };
        video.extend(visible_to(Some(user)));
        if !tx.exists(VIDEOS, video).await? {
            return Err(TxError::Absent);
        }
    }
    change_received(tx, object_id(found.id::<User>("owner")?), change).await?;
    Ok(found.count("likesCount")?)
}

fn kind_and_id(target: LikeTarget) -> (LikeKind, ObjectId) {
    match target {
        LikeTarget::Video(id) => (LikeKind::Video, object_id(id)),
        LikeTarget::Comment(id) => (LikeKind::Comment, object_id(id)),
        LikeTarget::Tweet(id) => (LikeKind::Tweet, object_id(id)),
    }
}

fn liked_video(document: &RawDocument, user: Id<User>, video: VideoCard) -> Result<LikedVideo, StoreError> {
    let like = Like {
        id: document.id("_id")?,
        liked_by: user,
        target: LikeTarget::Video(video.video.id),
        description: document.optional_text("description")?.map(LikeNote::from_stored),
        inviter: document.optional_id("inviterId")?,
        created_at: document.time("createdAt")?,
    };
    Ok(LikedVideo { like, video })
}
