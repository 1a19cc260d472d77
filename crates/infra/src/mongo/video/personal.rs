//! What of a video's page depends on who looks. It is asked for in one question over three collections, because every
//! operation has a price of its own, whatever it finds; within a transaction, where MongoDB knows no `$unionWith`, in three.

use aviary_domain::user::User;
use aviary_domain::video::Video;
use aviary_domain::{Id, Timestamp};
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::{AggregateOptions, FindOptions, Hint};
use tokio::try_join;

use super::super::access::Access;
use super::super::collection::{HISTORY, LIKES, SUBSCRIPTIONS};
use super::super::document::{Fields, object_id};
use super::super::error::TxError;
use super::super::history;
use super::super::like::{LikeKind, is_liked};
use super::super::user::is_subscribed;

/// What a video and its owner are to a viewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Personal {
    pub(super) is_liked: bool,
    pub(super) is_subscribed: bool,
    /// The newest entry of the viewer's history: which video, and when.
    pub(super) front: Option<(Id<Video>, Timestamp)>,
}

/// The fields by which the answers are told apart; what has neither is the entry.
const LIKED: &str = "liked";
const SUBSCRIBED: &str = "subscribed";

/// Asks for it.
pub(super) async fn personal(db: &Access, viewer: Id<User>, video: &Video) -> Result<Personal, TxError> {
    if db.is_within() { apart(db, viewer, video).await } else { at_once(db, viewer, video).await }
}

async fn apart(db: &Access, viewer: Id<User>, video: &Video) -> Result<Personal, TxError> {
    let front = FindOptions::builder().sort(history::front()).limit(1).hint(Hint::Keys(history::index())).build();
    let (is_liked, is_subscribed, newest) = try_join!(
        is_liked(db, LikeKind::Video, object_id(video.id), Some(viewer)),
        is_subscribed(db, viewer, video.owner),
        db.find(HISTORY, doc! { "user": object_id(viewer) }, front),
    )?;
    let front = newest.first().map(|entry| Ok::<_, TxError>((entry.id("video")?, entry.time("watchedAt")?)));
    Ok(Personal { is_liked, is_subscribed, front: front.transpose()? })
}

/// The index of the likes is named: that of the video alone would walk the likes of everybody.
async fn at_once(db: &Access, viewer: Id<User>, video: &Video) -> Result<Personal, TxError> {
    let user = object_id(viewer);
    let mut like = LikeKind::Video.likes_of(object_id(video.id));
    like.insert("likedBy", user);
    let subscription = doc! { "channel": object_id(video.owner), "subscriber": user };
    let newest = vec![
        doc! { "$match": { "user": user } },
        doc! { "$sort": history::front() },
        doc! { "$limit": 1 },
        doc! { "$project": { "_id": 0, "video": 1, "watchedAt": 1 } },
    ];
    let mut stages = whether(like, LIKED);
    stages.push(doc! { "$unionWith": { "coll": SUBSCRIPTIONS, "pipeline": whether(subscription, SUBSCRIBED) } });
    stages.push(doc! { "$unionWith": { "coll": HISTORY, "pipeline": newest } });
    let index = doc! { "likedBy": 1, LikeKind::Video.field(): 1 };
    let options = AggregateOptions::builder().hint(Hint::Keys(index)).build();
    read(&db.aggregate_with(LIKES, stages, options).await?)
}

/// Gives a document with this field if there is one like that.
fn whether(filter: Document, field: &str) -> Vec<Document> {
    vec![
        doc! { "$match": filter },
        doc! { "$limit": 1 },
        doc! { "$project": { "_id": 0, field: { "$literal": true } } },
    ]
}

fn read(answers: &[RawDocumentBuf]) -> Result<Personal, TxError> {
    let mut personal = Personal::default();
    for answer in answers {
        if answer.value(LIKED)?.is_some() {
            personal.is_liked = true;
        } else if answer.value(SUBSCRIBED)?.is_some() {
            personal.is_subscribed = true;
        } else {
            personal.front = Some((answer.id("video")?, answer.time("watchedAt")?));
        }
    }
    Ok(personal)
}
