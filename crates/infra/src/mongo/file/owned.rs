//! A walk over all files that rows own: users by their ids, then videos by theirs.

use aviary_domain::StoreError;
use aviary_domain::file::{FileKey, FileOwner, OwnedFile, OwnedPlace};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use mongodb::options::{FindOptions, Hint};

use crate::mongo::Database;
use crate::mongo::collection::{USERS, VIDEOS};
use crate::mongo::document::{Fields, integer, object_id};

/// The files of about so many rows after a place; none only at the end.
pub(super) async fn owned(
    database: &Database,
    after: Option<OwnedPlace>,
    limit: usize,
) -> Result<Vec<OwnedFile>, StoreError> {
    let (user, video) = match after {
        None => (Some(None), None),
        Some(OwnedPlace::User(user)) => (Some(Some(object_id(user))), None),
        Some(OwnedPlace::Video(video)) => (None, Some(object_id(video))),
    };
    if let Some(user) = user {
        let files = next(database, USERS, user, limit, files_of_user).await?;
        if !files.is_empty() {
            return Ok(files);
        }
    }
    next(database, VIDEOS, video, limit, files_of_video).await
}

/// The files of the next documents of a collection of which any has one.
async fn next(
    database: &Database,
    collection: &str,
    mut after: Option<ObjectId>,
    limit: usize,
    files_of: fn(&RawDocument) -> Result<Vec<OwnedFile>, StoreError>,
) -> Result<Vec<OwnedFile>, StoreError> {
    loop {
        let rows = rows(database, collection, after, limit).await?;
        let Some(last) = rows.last() else { return Ok(Vec::new()) };
        after = Some(object_id(last.id::<()>("_id")?));
        let mut files = Vec::with_capacity(2 * rows.len());
        for row in &rows {
            files.extend(files_of(row)?);
        }
        if !files.is_empty() {
            return Ok(files);
        }
    }
}

async fn rows(
    database: &Database,
    collection: &str,
    after: Option<ObjectId>,
    limit: usize,
) -> Result<Vec<RawDocumentBuf>, StoreError> {
    let filter = after.map_or_else(Document::new, |after| doc! { "_id": { "$gt": after } });
    let by_id = doc! { "_id": 1 };
    let options = FindOptions::builder()
        .sort(by_id.clone())
        .hint(Hint::Keys(by_id))
        // Each row has up to two files. No limit is what a limit of 0 means to MongoDB.
        .limit(integer(limit.div_ceil(2).max(1)))
        .projection(doc! { "avatar": 1, "coverImage": 1, "videoFile": 1, "thumbnail": 1 })
        .build();
    database.run(|db| async move { db.find(collection, filter, options).await }).await
}

fn files_of_user(row: &RawDocument) -> Result<Vec<OwnedFile>, StoreError> {
    let user = row.id("_id")?;
    Ok([file(row, "avatar", FileOwner::Avatar(user))?, file(row, "coverImage", FileOwner::Cover(user))?]
        .into_iter()
        .flatten()
        .collect())
}

fn files_of_video(row: &RawDocument) -> Result<Vec<OwnedFile>, StoreError> {
    let video = row.id("_id")?;
    Ok([file(row, "videoFile", FileOwner::Film(video))?, file(row, "thumbnail", FileOwner::Still(video))?]
        .into_iter()
        .flatten()
        .collect())
}

/// The file in a field. An empty text is none: a banner that nobody chose, or a picture that was missing in a database
/// that was adopted.
fn file(row: &RawDocument, field: &str, owner: FileOwner) -> Result<Option<OwnedFile>, StoreError> {
    let key = row.optional_text(field)?.filter(|key| !key.is_empty()).map(FileKey::from_stored);
    Ok(key.filter(|key| !key.is_derived()).map(|key| OwnedFile { key, owner }))
}
