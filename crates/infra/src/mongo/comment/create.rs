//! New comments: those that come at the same moment are put down together.

use std::collections::{BTreeMap, HashMap};

use aviary_domain::StoreError;
use aviary_domain::comment::{Comment, CommentCard};
use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};

use super::super::access::Access;
use super::super::card::{Audience, audiences};
use super::super::collection::{COMMENTS, USERS, VIDEOS};
use super::super::document::{date, object_id};
use super::super::error::TxError;
use super::super::group::GroupWrite;
use super::super::idempotency::note_all;
use super::super::people;

/// A comment to be written, with others.
#[derive(Clone)]
pub(super) struct NewComment {
    pub(super) comment: Comment,
    pub(super) once: Option<Once>,
    /// Whose the video is, which never changes: the comment is counted for them.
    pub(super) video_owner: RawId,
}

impl NewComment {
    fn video(&self) -> ObjectId {
        object_id(self.comment.video)
    }

    fn is_allowed(&self, audiences: &HashMap<ObjectId, Audience>) -> bool {
        audiences.get(&self.video()).is_some_and(|audience| audience.has(object_id(self.comment.owner)))
    }
}

impl GroupWrite for NewComment {
    /// `None` when its author sees no such video.
    type Answer = Option<CommentCard>;

    fn hot(&self) -> Vec<RawId> {
        vec![self.comment.video.bytes(), self.video_owner]
    }

    async fn put_down(tx: &Access, writes: &[Self]) -> Result<Vec<Self::Answer>, TxError> {
        let audiences = audiences(tx, writes.iter().map(Self::video).collect()).await?;
        let allowed: Vec<&Self> = writes.iter().filter(|write| write.is_allowed(&audiences)).collect();
        count(tx, &allowed).await?;
        note_all(tx, allowed.iter().map(|write| (write.once.as_ref(), write.comment.id.bytes()))).await?;
        tx.insert_all(COMMENTS, allowed.iter().map(|write| document(&write.comment)).collect()).await?;
        let authors = people::find_all(tx, allowed.iter().map(|write| write.comment.owner)).await?;
        let answer = |write: &Self| {
            if !write.is_allowed(&audiences) {
                return Ok(None);
            }
            let comment = Comment { likes_count: 0, ..write.comment.clone() };
            let owner = people::card_of(&authors, comment.owner)?;
            Ok(Some(CommentCard { comment, owner, is_liked: false }))
        };
        writes.iter().map(answer).collect()
    }
}

/// Counts the comments, of each video and for its owner. This comes as early as possible: everybody who comments on a
/// video writes to it, and among nodes who comes second is undone. So it is undone before it has done much, and who was
/// first has the video until its end. For the same reason, of a comment and a delete of the video at once one gives way.
async fn count(tx: &Access, writes: &[&NewComment]) -> Result<(), TxError> {
    let (mut videos, mut owners) = (BTreeMap::<ObjectId, i64>::new(), BTreeMap::<ObjectId, i64>::new());
    for write in writes {
        *videos.entry(write.video()).or_default() += 1;
        *owners.entry(ObjectId::from_bytes(write.video_owner)).or_default() += 1;
    }
    let changes = |counts: BTreeMap<ObjectId, i64>, field: &str| {
        counts.into_iter().map(|(id, by)| (doc! { "_id": id }, doc! { "$inc": { field: by } })).collect()
    };
    let asked = videos.len();
    if tx.update_each(VIDEOS, changes(videos, "commentsCount")).await? != asked {
        return Err(StoreError::backend("what was commented on is missing").into());
    }
    tx.update_each(USERS, changes(owners, "commentsReceived")).await?;
    Ok(())
}

fn document(comment: &Comment) -> Document {
    doc! {
        "_id": object_id(comment.id),
        "content": comment.content.as_str(),
        "video": object_id(comment.video),
        "owner": object_id(comment.owner),
        "likesCount": 0_i64,
        "createdAt": date(comment.created_at),
        "updatedAt": date(comment.updated_at),
    }
}
