//! What the media store says of a video's files, noted in one transaction with what follows from it.

use aviary_domain::video::{Settled, Settlement, Video};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::{Document, doc};

use super::super::Database;
use super::super::access::Access;
use super::super::card::state;
use super::super::collection::VIDEOS;
use super::super::document::integer;
use super::super::media_task;
use super::change::{by_id, find};
use super::credit::{credit, hot};
use crate::gain::Gain;

pub(super) async fn settle(
    database: &Database,
    id: Id<Video>,
    said: &Settlement,
    now: Timestamp,
) -> Result<Option<Video>, StoreError> {
    let Some(hot) = hot(database, id).await? else { return Ok(None) };
    let steps = |tx: Access| async move {
        let Some(before) = find(&tx, id).await? else { return Ok(None) };
        let Settled { video, begins } = said.applied_to(before.clone());
        if video != before {
            tx.update(VIDEOS, by_id(id), change(&video)).await?;
        }
        if video.is_public() != before.is_public() {
            credit(&tx, video.owner, Gain::of_visibility(&before, &video)).await?;
        }
        if begins {
            media_task::make(&tx, id, now).await?;
        }
        Ok(Some(video))
    };
    database.transact(&hot, steps).await
}

fn change(video: &Video) -> Document {
    let (mut kept, absent) = state(video);
    kept.insert("videoFile", video.file.as_str());
    kept.insert("thumbnail", video.thumbnail.as_str());
    // By which a status is known to be ours: see the third step of the migrations.
    kept.insert("thumbnailBytes", integer(video.thumbnail_bytes));
    // Its owner did not change it, so its time stays.
    doc! { "$set": kept, "$unset": absent }
}
