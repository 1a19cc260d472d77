//! Videos by the names of their files: which one is being worked on, and whether just anybody may fetch a file. Only
//! videos that not everybody sees are looked up, so that the indexes hold no others.

use aviary_domain::StoreError;
use aviary_domain::file::FileKey;
use aviary_domain::video::Video;
use mongodb::bson::{Bson, RawDocument, doc};
use mongodb::options::{FindOptions, Hint};

use super::super::Database;
use super::super::card::{PROCESSING, video as stored_video, video_fields};
use super::super::collection::{FILE_LEDGER, VIDEOS};
use super::super::document::Fields;
use super::super::snapshot;

const FILM: &str = "videoFile";
const STILL: &str = "thumbnail";

pub(super) async fn find_processing(database: &Database, film: &FileKey) -> Result<Option<Video>, StoreError> {
    let filter = doc! { "isPublished": false, FILM: named(film), "status": PROCESSING };
    let by_film = Hint::Keys(doc! { FILM: 1 });
    let options = FindOptions::builder().projection(video_fields()).hint(by_film).build();
    let found = database.run(|db| async move { db.find(VIDEOS, filter, options).await }).await?;
    for video in &found {
        if holds(video, FILM, film)? {
            return stored_video(video).map(Some);
        }
    }
    Ok(None)
}

/// One question about one state: between two a file could leave the ledger for a video, or the other way round, and be
/// in neither.
pub(super) async fn is_hidden(database: &Database, file: &FileKey) -> Result<bool, StoreError> {
    let of_hidden = |field: &str| doc! { "isPublished": false, field: named(file) };
    let videos = vec![
        doc! { "$match": { "$or": [of_hidden(FILM), of_hidden(STILL)] } },
        doc! { "$project": { FILM: 1, STILL: 1 } },
    ];
    let pipeline = vec![
        doc! { "$match": { "_id": file.name() } },
        doc! { "$project": { FILM: "$_id" } },
        doc! { "$unionWith": { "coll": VIDEOS, "pipeline": videos } },
    ];
    let found = database.run(|db| async move { snapshot::look(&db, FILE_LEDGER, pipeline).await }).await?;
    for row in &found {
        if holds(row, FILM, file)? || holds(row, STILL, file)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A condition that every key with the name of this file meets, and a few others do: a mark follows a `#`, and that is
/// sorted before `$`. Where there can be no mark, the name is the key.
fn named(file: &FileKey) -> Bson {
    let name = file.name();
    if file.stem().is_some() { doc! { "$gte": name, "$lt": format!("{name}$") }.into() } else { name.into() }
}

fn holds(row: &RawDocument, field: &str, file: &FileKey) -> Result<bool, StoreError> {
    let key = row.optional_text(field)?.map(FileKey::from_stored);
    Ok(key.is_some_and(|key| key.name() == file.name()))
}
