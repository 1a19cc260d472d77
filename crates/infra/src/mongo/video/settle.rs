//! What the media store says of a video's files, noted in one transaction with what follows from it.

use std::mem::discriminant;

use aviary_domain::video::{Settlement, Video, VideoStatus};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::{Document, doc};

use super::super::Database;
use super::super::access::Access;
use super::super::card::state;
use super::super::collection::VIDEOS;
use super::super::document::integer;
use super::super::media_task;
use super::change::{by_id, find};
use super::credit::{Gain, credit, hot};

pub(super) async fn settle(
    database: &Database,
    id: Id<Video>,
    said: &Settlement,
    now: Timestamp,
) -> Result<Option<Video>, StoreError> {
    let Some(hot) = hot(database, id).await? else { return Ok(None) };
    let steps = |tx: Access| async move {
        let Some(before) = find(&tx, id).await? else { return Ok(None) };
        let Settled { video, begins } = Settled::of(before.clone(), said);
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

/// A video as it is from now on.
struct Settled {
    video: Video,
    /// Whether the media store has begun to work on it.
    begins: bool,
}

impl Settled {
    /// Each part counts where the video is still as the media store knew it.
    fn of(mut video: Video, said: &Settlement) -> Self {
        for (key, said) in [(&mut video.file, &said.film), (&mut video.thumbnail, &said.still)] {
            if let Some((_, after)) = said.as_ref().filter(|(before, _)| before == key) {
                *key = after.clone();
            }
        }
        let status = said.status.as_ref();
        let status = status.filter(|change| discriminant(&change.from) == discriminant(&video.status));
        if let Some(status) = status {
            video.status = status.to.clone();
        }
        Self { video, begins: status.is_some_and(|change| change.to == VideoStatus::Processing) }
    }
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
