//! Likes as documents: one a user and target by a unique index, counted on the target and for its owner in the same
//! transaction.

use std::collections::{BTreeMap, HashSet};

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
use super::collection::{COMMENTS, LIKES, PURGE_QUEUE, TWEETS, USERS, VIDEOS};
use super::document::{Fields, newest_cursor, object_id};
use super::error::TxError;
use super::group::GroupCommit;
use super::list::{References, any_of, pairs_in};
use super::{people, snapshot};
use tally::{Request, Wish};

mod tally;
mod together;

/// What kind of thing is liked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// Which of these a user likes, in one query for all.
pub(super) async fn liked_among(
    access: &Access,
    kind: LikeKind,
    targets: &[ObjectId],
    user: Option<Id<User>>,
) -> Result<HashSet<ObjectId>, TxError> {
    let Some(user) = user.filter(|_| !targets.is_empty()) else { return Ok(HashSet::new()) };
    let pairs: Vec<_> = targets.iter().map(|target| (object_id(user), *target)).collect();
    let look = move |db, pairs| likes_among(db, kind, pairs);
    let found = access.ask(|asked| &asked.likes, kind, pairs.clone(), look).await?;
    Ok(pairs.into_iter().filter(|pair| found.contains(pair)).map(|(_, target)| target).collect())
}

/// Which of these pairs of a user and a target are likes. The index is named: that of the targets alone would walk the
/// likes of everybody.
async fn likes_among(
    access: Access,
    kind: LikeKind,
    pairs: Vec<(ObjectId, ObjectId)>,
) -> Result<HashSet<(ObjectId, ObjectId)>, TxError> {
    let mut wanted = BTreeMap::<ObjectId, Vec<ObjectId>>::new();
    for (user, target) in pairs {
        wanted.entry(user).or_default().push(target);
    }
    let of_one = wanted.into_iter().map(|(user, targets)| {
        let mut likes = kind.likes_of_any(&targets);
        likes.insert("likedBy", user);
        likes
    });
    let index = Hint::Keys(doc! { "likedBy": 1, kind.field(): 1 });
    let fields = doc! { "likedBy": 1, kind.field(): 1, "_id": 0 };
    let options = FindOptions::builder().projection(fields).hint(index).build();
    let likes = access.find(LIKES, any_of(of_one.collect()), options).await?;
    pairs_in(&likes, ["likedBy", kind.field()])
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
    waiting: GroupCommit<Request>,
}

impl MongoLikes {
    /// The likes of this database.
    pub fn new(database: Database) -> Self {
        Self { database, waiting: GroupCommit::default() }
    }

    /// What many may change at once when something is liked: the target and its owner. Only a hint: the transaction
    /// decides on what it reads itself. `None` when there is no such target.
    async fn hot(&self, target: LikeTarget) -> Result<Option<[RawId; 2]>, StoreError> {
        let (kind, id) = kind_and_id(target);
        let owner = self.database.run(|db| async move { people::owner(&db, kind.collection(), id).await }).await?;
        Ok(owner.map(|owner| [id.bytes(), owner]))
    }

    /// Fulfils a wish, together with those that come at the same moment. `None` when the user sees no such target.
    async fn fulfil(&self, user: Id<User>, target: LikeTarget, wish: Wish) -> Result<Option<LikeState>, StoreError> {
        let Some(hot) = self.hot(target).await? else { return Ok(None) };
        let request = Request { hot, user, target, wish };
        self.waiting.put_down(&self.database, request).await
    }
}

#[async_trait]
impl LikeRepository for MongoLikes {
    async fn put(&self, like: &Like) -> Result<Option<LikeState>, StoreError> {
        self.fulfil(like.liked_by, like.target, Wish::Put(like.clone())).await
    }

    async fn remove(&self, user: Id<User>, target: LikeTarget) -> Result<Option<LikeState>, StoreError> {
        self.fulfil(user, target, Wish::Remove).await
    }

    async fn toggle(&self, like: &Like) -> Result<Option<LikeState>, StoreError> {
        self.fulfil(like.liked_by, like.target, Wish::Toggle(like.clone())).await
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
