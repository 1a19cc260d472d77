//! What a change of a video does to the stored counts of its owner and of the whole store.

use aviary_domain::id::RawId;
use aviary_domain::ticket::Reserved;
use aviary_domain::user::User;
use aviary_domain::video::{Video, VideoCard};
use aviary_domain::{Id, StoreError};
use mongodb::bson::{RawDocument, RawDocumentBuf, doc};
use mongodb::options::ReturnDocument;

use super::super::Database;
use super::super::access::Access;
use super::super::card::user_card;
use super::super::collection::{USERS, VIDEOS};
use super::super::document::{Fields, object_id};
use super::super::error::TxError;
use super::super::ticket::open_tickets;
use super::super::totals::Total;
use super::change::by_id;
use crate::gain::Gain;

/// What many may change at once when a video changes: the video and its owner. `None` when there is no such video.
pub(super) async fn hot(database: &Database, id: Id<Video>) -> Result<Option<[RawId; 2]>, StoreError> {
    let found = database.run(|db| async move { db.find_fields(VIDEOS, by_id(id), doc! { "owner": 1 }).await }).await?;
    let owner = found.map(|video| video.id::<User>("owner")).transpose()?;
    Ok(owner.map(|owner| [id.bytes(), owner.bytes()]))
}

/// Changes the counts of an owner, and those of the whole store that follow from them; answers with the owner.
pub(super) async fn credit(tx: &Access, owner: Id<User>, gain: Gain) -> Result<Option<RawDocumentBuf>, TxError> {
    let change = doc! {
        "videosCount": gain.videos,
        "publishedCount": gain.published,
        "viewsReceived": gain.views,
        "likesReceived": gain.likes,
        "commentsReceived": gain.comments,
        STORED: gain.bytes,
    };
    Total::PublishedVideos.change(tx, gain.published).await?;
    let owner = doc! { "_id": object_id(owner) };
    tx.find_and_update(USERS, owner, doc! { "$inc": change }, ReturnDocument::After).await
}

const STORED: &str = "storedBytes";

/// Refuses, and so undoes, what an owner gained beyond the quota. Whoever stores or is given a ticket at once writes the same
/// document, so that nobody decides on a sum that another one changes.
pub(super) async fn keep_within(
    tx: &Access,
    owner: Option<&RawDocument>,
    gain: Gain,
    quota: Option<u64>,
) -> Result<(), TxError> {
    let (Some(owner), Some(quota)) = (owner, quota) else { return Ok(()) };
    let used = owner.count(STORED)?.saturating_add(Reserved::sum(&open_tickets(tx, owner.id("_id")?).await?));
    if used <= quota {
        return Ok(());
    }
    Err(StoreError::QuotaExceeded { used: used.saturating_add_signed(-gain.bytes), quota }.into())
}

/// The card of a video that was just written.
pub(super) fn card(video: Video, owner: Option<RawDocumentBuf>) -> Result<VideoCard, TxError> {
    let owner = owner.ok_or_else(|| StoreError::backend("a video without its owner"))?;
    Ok(VideoCard { video, owner: user_card(&owner)? })
}
