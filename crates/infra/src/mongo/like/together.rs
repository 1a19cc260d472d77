//! Likes that come at the same moment are put down together: one transaction, whose few operations serve all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aviary_domain::StoreError;
use aviary_domain::id::RawId;
use aviary_domain::like::{Like, LikeState};
use aviary_domain::user::User;
use aviary_domain::video::Video;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};

use super::super::access::Access;
use super::super::card::{Audience, audiences};
use super::super::collection::{LIKES, USERS};
use super::super::document::{Fields, date, object_id};
use super::super::error::TxError;
use super::super::group::GroupWrite;
use super::super::list::any_of;
use super::tally::{Changes, Pair, Request, Standing, Tally, Target};
use super::{LikeKind, kind_and_id, likes_among};

/// How many groups of likes are under way at once. The deployment does a transaction one step after the other, on one
/// core, and to change a video's number of likes is a long step: its place in two orders changes.
const LINES: u8 = 2;

impl GroupWrite for Request {
    /// `None` when the user sees no such thing.
    type Answer = Option<LikeState>;

    fn hot(&self) -> Vec<RawId> {
        self.hot.to_vec()
    }

    /// By the owner, who is written to as well as the target.
    fn line(&self) -> u8 {
        let [_, [.., last]] = self.hot;
        last % LINES
    }

    async fn put_down(tx: &Access, requests: &[Self]) -> Result<Vec<Self::Answer>, TxError> {
        let targets: BTreeSet<Target> = requests.iter().map(Self::target).collect();
        let standings = standings(tx, &targets).await?;
        let owners: HashMap<Target, ObjectId> =
            standings.iter().map(|(target, found)| (*target, found.owner)).collect();
        let stored = stored(tx, requests).await?;
        let mut tally = Tally::new(standings, stored);
        let states = requests.iter().map(|request| tally.fulfil(request)).collect();
        write(tx, tally.changes(), &owners).await?;
        Ok(states)
    }
}

/// How these things stand, as far as they are there.
async fn standings(tx: &Access, targets: &BTreeSet<Target>) -> Result<HashMap<Target, Standing>, TxError> {
    let mut standings = HashMap::new();
    let mut on_videos = Vec::new();
    for (kind, ids) in by_kind(targets.iter().copied()) {
        let fields = doc! { "owner": 1, "likesCount": 1, "video": 1, "isPublished": 1 };
        for found in tx.find_all(kind.collection(), ids, fields).await? {
            let owner = object_id(found.id::<User>("owner")?);
            let audience = match kind {
                LikeKind::Video => Audience::of(&found)?,
                LikeKind::Comment | LikeKind::Tweet => Audience::Everybody,
            };
            let target = (kind, object_id(found.id::<RawId>("_id")?));
            if kind == LikeKind::Comment {
                on_videos.push((target, object_id(found.id::<Video>("video")?)));
            }
            standings.insert(target, Standing { owner, audience, likes: found.count("likesCount")? });
        }
    }
    // A comment is seen where its video is.
    let videos = audiences(tx, on_videos.iter().map(|(_, video)| *video).collect()).await?;
    for (comment, video) in on_videos {
        match (videos.get(&video), standings.get_mut(&comment)) {
            (Some(audience), Some(standing)) => standing.audience = *audience,
            _ => _ = standings.remove(&comment),
        }
    }
    Ok(standings)
}

/// Which of the pairs that these requests are about are likes.
async fn stored(tx: &Access, requests: &[Request]) -> Result<BTreeSet<Pair>, TxError> {
    let pairs: BTreeSet<Pair> = requests.iter().map(Request::pair).collect();
    let mut stored = BTreeSet::new();
    for (kind, pairs) in by_kind(pairs.into_iter().map(|(user, (kind, target))| (kind, (user, target)))) {
        let found = likes_among(tx.clone(), kind, pairs).await?;
        stored.extend(found.into_iter().map(|(user, target)| (user, (kind, target))));
    }
    Ok(stored)
}

async fn write(tx: &Access, changes: Changes, owners: &HashMap<Target, ObjectId>) -> Result<(), TxError> {
    let mut received = BTreeMap::<ObjectId, i64>::new();
    for (target, (gained, lost)) in &changes.counts {
        if let Some(owner) = owners.get(target) {
            *received.entry(*owner).or_default() += gained - lost;
        }
    }
    for (kind, counts) in by_kind(changes.counts.into_iter().map(|((kind, id), counts)| (kind, (id, counts)))) {
        let steps: Vec<_> = counts.into_iter().flat_map(|(id, counts)| steps(id, counts)).collect();
        let asked = steps.len();
        if tx.update_each(kind.collection(), steps).await? != asked {
            return Err(StoreError::backend("what was liked is missing").into());
        }
    }
    for (kind, pairs) in by_kind(changes.removed.into_iter().map(|(user, (kind, target))| (kind, (user, target)))) {
        let index = doc! { "likedBy": 1, kind.field(): 1 };
        let likes = pairs.into_iter().map(|(user, target)| {
            let mut like = kind.likes_of(target);
            like.insert("likedBy", user);
            like
        });
        tx.delete_by(LIKES, any_of(likes.collect()), index).await?;
    }
    tx.insert_all(LIKES, changes.added.iter().map(document).collect()).await?;
    let received = received.into_iter().filter(|(_, change)| *change != 0);
    let received =
        received.map(|(owner, change)| (doc! { "_id": owner }, doc! { "$inc": { "likesReceived": change } }));
    tx.update_each(USERS, received.collect()).await?;
    Ok(())
}

/// Whatever changes likes writes to what is liked, so that of it and a delete at once one gives way: also where as many
/// come as go, which as a sum would be no write.
fn steps(id: ObjectId, (gained, lost): (i64, i64)) -> Vec<(Document, Document)> {
    let changes = if gained == lost { vec![gained, -lost] } else { vec![gained - lost] };
    changes.into_iter().map(|change| (doc! { "_id": id }, doc! { "$inc": { "likesCount": change } })).collect()
}

fn document(like: &Like) -> Document {
    let (kind, target) = kind_and_id(like.target);
    let mut document = doc! {
        "_id": object_id(like.id),
        "likedBy": object_id(like.liked_by),
        kind.field(): target,
        "createdAt": date(like.created_at),
        "updatedAt": date(like.created_at),
    };
    if let Some(note) = &like.description {
        document.insert("description", note.as_str());
    }
    if let Some(inviter) = like.inviter {
        document.insert("inviterId", object_id(inviter));
    }
    document
}

fn by_kind<T>(things: impl Iterator<Item = (LikeKind, T)>) -> BTreeMap<LikeKind, Vec<T>> {
    let mut kinds = BTreeMap::<LikeKind, Vec<T>>::new();
    for (kind, thing) in things {
        kinds.entry(kind).or_default().push(thing);
    }
    kinds
}
