//! Pages of lists newest first, and of lists of videos of which some may be hidden from who looks.

use std::collections::{HashMap, HashSet};

use aviary_domain::id::RawId;
use aviary_domain::page::PageRequest;
use aviary_domain::user::User;
use aviary_domain::video::{Video, VideoCard};
use aviary_domain::{Id, StoreError};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::{FindOptions, Hint};

use super::access::Access;
use super::card::{video, video_fields, visible_to};
use super::collection::VIDEOS;
use super::document::{Fields, integer, newest, newest_cursor, object_id};
use super::error::TxError;
use super::people;

/// How many entries a walk past hidden videos reads at once.
const FEWEST: usize = 32;
const MOST: usize = 5_000;

/// A page of the documents in which these fields have these values, latest `createdAt` first. The index of just these
/// fields is named: the planner might take one that also walks what is not asked for.
pub(super) async fn newest_page(
    db: &Access,
    name: &str,
    fields: Document,
    page: &PageRequest,
) -> Result<Vec<RawDocumentBuf>, TxError> {
    let order = doc! { "createdAt": -1, "_id": -1 };
    let mut index: Document = fields.keys().map(|field| (field.clone(), 1.into())).collect();
    index.extend(order.clone());
    let options = FindOptions::builder()
        .sort(order)
        .skip(page.offset())
        .limit(integer(page.surplus()))
        .hint(Hint::Keys(index))
        .build();
    db.find(name, newest(fields, "createdAt", "_id", page)?, options).await
}

/// A list of references to videos, latest first.
pub(super) struct References {
    pub(super) collection: &'static str,
    /// Which of them.
    pub(super) filter: Document,
    /// The fields of the time and of the id by which they are ordered.
    pub(super) time: &'static str,
    pub(super) id: &'static str,
    /// The index that has them in this order.
    pub(super) index: Document,
}

impl References {
    /// A page of the references to videos that the viewer sees, and one more if there is one, each with its video's
    /// card. Hidden videos do not count as items: the walk goes on in chunks until the page is full.
    pub(super) async fn page(
        &self,
        db: &Access,
        viewer: Id<User>,
        page: &PageRequest,
    ) -> Result<Vec<(RawDocumentBuf, VideoCard)>, TxError> {
        let wanted = usize::try_from(page.surplus()).unwrap_or(usize::MAX);
        let mut before = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let mut kept = Vec::with_capacity(wanted);
        let mut start = page.clone();
        loop {
            let length = (before + wanted - kept.len()).clamp(FEWEST, MOST);
            let chunk = self.chunk(db, &start, length).await?;
            let videos = ids(&chunk, "video")?;
            let seen = seen_views(db, &videos, Some(viewer)).await?;
            let next = chunk.last().filter(|_| chunk.len() >= length);
            let next = next.map(|last| Ok((last.time(self.time)?, last.id::<()>(self.id)?)));
            let next = next.transpose().map_err(|error: StoreError| error)?;
            let shown = chunk.into_iter().zip(videos).filter(|(_, video)| seen.contains_key(video));
            for reference in shown {
                if before > 0 {
                    before -= 1;
                } else {
                    kept.push(reference);
                }
            }
            match next {
                Some((time, id)) if kept.len() < wanted => {
                    start = PageRequest::after(newest_cursor(time, id), page.size);
                }
                _ => break,
            }
        }
        kept.truncate(wanted);
        let videos: Vec<ObjectId> = kept.iter().map(|(_, video)| *video).collect();
        let mut cards = cards(db, &videos).await?;
        Ok(kept.into_iter().filter_map(|(row, video)| Some((row, cards.remove(&video)?))).collect())
    }

    async fn chunk(&self, db: &Access, start: &PageRequest, length: usize) -> Result<Vec<RawDocumentBuf>, TxError> {
        let filter = newest(self.filter.clone(), self.time, self.id, start)?;
        let options = FindOptions::builder()
            .sort(doc! { self.time: -1, self.id: -1 })
            .limit(integer(length))
            .hint(Hint::Keys(self.index.clone()))
            .build();
        db.find(self.collection, filter, options).await
    }
}

/// Those of these videos that the viewer sees, with their views.
pub(super) async fn seen_views(
    db: &Access,
    videos: &[ObjectId],
    viewer: Option<Id<User>>,
) -> Result<HashMap<ObjectId, u64>, TxError> {
    if videos.is_empty() {
        return Ok(HashMap::new());
    }
    let mut filter = doc! { "_id": { "$in": videos } };
    filter.extend(visible_to(viewer));
    let by_id = Hint::Keys(doc! { "_id": 1 });
    let options = FindOptions::builder().projection(doc! { "views": 1 }).hint(by_id).build();
    let found = db.find(VIDEOS, filter, options).await?;
    found.iter().map(|video| Ok((object_id(video.id::<()>("_id")?), video.count("views")?))).collect()
}

/// The cards of these videos.
pub(super) async fn cards(db: &Access, videos: &[ObjectId]) -> Result<HashMap<ObjectId, VideoCard>, TxError> {
    if videos.is_empty() {
        return Ok(HashMap::new());
    }
    let options = FindOptions::builder().projection(video_fields()).hint(Hint::Keys(doc! { "_id": 1 })).build();
    let found = db.find(VIDEOS, doc! { "_id": { "$in": videos } }, options).await?;
    let cards = with_owners(db, &found).await?;
    Ok(cards.into_iter().map(|card| (object_id(card.video.id), card)).collect())
}

/// The videos in these documents with their owners' cards, in the same order.
pub(super) async fn with_owners(db: &Access, found: &[RawDocumentBuf]) -> Result<Vec<VideoCard>, TxError> {
    let videos = found.iter().map(|document| video(document)).collect::<Result<Vec<_>, _>>()?;
    let owners = people::find_all(db, videos.iter().map(|video| video.owner)).await?;
    // Nobody's account ends: a video without its owner is none of ours.
    let card = |video: Video| Some(VideoCard { owner: owners.get(&video.owner.bytes())?.card.clone(), video });
    Ok(videos.into_iter().filter_map(card).collect())
}

/// The filter of the documents that match one of these.
pub(super) fn any_of(filters: Vec<Document>) -> Document {
    match <[Document; 1]>::try_from(filters) {
        Ok([filter]) => filter,
        Err(filters) => doc! { "$or": filters },
    }
}

/// These documents by their ids.
pub(super) fn by_id(documents: Vec<RawDocumentBuf>) -> Result<HashMap<ObjectId, RawDocumentBuf>, TxError> {
    documents.into_iter().map(|document| Ok((object_id(document.id::<RawId>("_id")?), document))).collect()
}

/// The pairs of ids in two fields of these documents.
pub(super) fn pairs_in(
    documents: &[RawDocumentBuf],
    [one, other]: [&str; 2],
) -> Result<HashSet<(ObjectId, ObjectId)>, TxError> {
    let id = |document: &RawDocumentBuf, field| document.id::<RawId>(field).map(object_id);
    documents.iter().map(|document| Ok((id(document, one)?, id(document, other)?))).collect()
}

/// The ids in a field of these documents.
pub(super) fn ids(documents: &[RawDocumentBuf], field: &str) -> Result<Vec<ObjectId>, StoreError> {
    documents.iter().map(|document| document.id::<RawId>(field).map(object_id)).collect()
}
