//! The shape at rest: every collection with its indexes, made on an empty database, and the marks that tell in which
//! version a database stands.

use mongodb::Database;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::error::Error;
use mongodb::options::ReturnDocument;
use tokio::task::JoinSet;

use super::OpenError;
use super::collection::{COMMENTS, LOCK, META, PLAYLISTS, TOTALS, TWEETS, USERS, VIDEOS};
use super::document::Fields;
use super::error::TxError;
use super::migrate::step::{self, STEPS, Shape};
use super::totals;

/// The version of the shape that this program reads and writes: the number of the last step.
pub(crate) const VERSION: i64 = 3;

/// The version that stands in a database while its collections are being made.
const UNFINISHED: i64 = 0;

/// The marks: the version, and the work that has to be finished before anybody may serve.
const SCHEMA: &str = "schema";
pub(crate) const ADOPTION: &str = "adoption";
pub(crate) const COPY: &str = "copy";

/// Fields that every document of ours has and none of another application of the family.
const OURS_ALONE: [(&str, &str); 5] = [
    (USERS, "subscribersCount"),
    (VIDEOS, "titleKey"),
    (COMMENTS, "likesCount"),
    (TWEETS, "likesCount"),
    (PLAYLISTS, "entries"),
];

/// How many documents at either end of a collection are looked at.
const LOOKED_AT: i64 = 5;

/// The unique indexes whose refusals mean something to a caller.
pub(crate) const UNIQUE_USERNAME: &str = "username_1";
pub(crate) const UNIQUE_EMAIL: &str = "email_1";

/// How a database stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is in it, or nothing but what one left who died while making it.
    Empty,
    /// It is of the present version.
    Current,
    /// It is of the present version, but this collection holds documents that were not made by it.
    Mixed(&'static str),
    /// It is of this earlier version.
    Older(i64),
    /// It is of this version, which this program does not know.
    Newer(i64),
    /// It is being adopted, or was left half adopted.
    Adopting,
    /// It is being copied into, or was left half copied.
    Copying,
    /// It holds something, and no mark.
    Foreign,
}

/// Looks how a database stands. Changes nothing.
pub(crate) async fn standing(database: &Database) -> Result<Standing, OpenError> {
    if let Some(standing) = marked(database).await? {
        let mixed = if standing == Standing::Current { mixed(database).await? } else { None };
        return Ok(mixed.map_or(standing, Standing::Mixed));
    }
    let names = database.list_collection_names().await?;
    if names.iter().all(|name| [META, LOCK].contains(&name.as_str()) || name.starts_with("system.")) {
        return Ok(Standing::Empty);
    }
    // Another node may have begun to make it since the marks were read.
    Ok(marked(database).await?.unwrap_or(Standing::Foreign))
}

/// What the marks say, if there are any.
async fn marked(database: &Database) -> Result<Option<Standing>, OpenError> {
    let marks = doc! { "_id": { "$in": [SCHEMA, ADOPTION, COPY] } };
    let mut found = database.collection::<RawDocumentBuf>(META).find(marks).await?;
    let mut version = None;
    let mut unfinished = None;
    while found.advance().await? {
        let mark = found.current();
        match mark.get_str("_id") {
            Ok(ADOPTION) => unfinished = Some(Standing::Adopting),
            Ok(COPY) => unfinished = Some(Standing::Copying),
            _ => version = Some(mark.whole("version")),
        }
    }
    let of_version = version.map(|version| match version {
        Ok(UNFINISHED) => Standing::Empty,
        Ok(VERSION) => Standing::Current,
        Ok(older) if (UNFINISHED..VERSION).contains(&older) => Standing::Older(older),
        Ok(newer) if newer > VERSION => Standing::Newer(newer),
        _ => Standing::Foreign,
    });
    Ok(unfinished.or(of_version))
}

/// The collection in which documents of another application stand, as after a dump of it was restored into this very
/// database. Only a few are looked at, the first and the last by their ids: this is asked at every start.
async fn mixed(database: &Database) -> Result<Option<&'static str>, Error> {
    for (name, field) in OURS_ALONE {
        for order in [1, -1] {
            let documents = database.collection::<RawDocumentBuf>(name);
            let some =
                documents.find(doc! {}).sort(doc! { "_id": order }).limit(LOOKED_AT).projection(doc! { field: 1 });
            let mut found = some.await?;
            while found.advance().await? {
                if found.current().get(field).ok().flatten().is_none() {
                    return Ok(Some(name));
                }
            }
        }
    }
    Ok(None)
}

/// Makes the present version on an empty database.
///
/// Several nodes may do so at once, and one may die half-way: everything in it can be repeated.
pub(crate) async fn begin(database: &Database) -> Result<(), OpenError> {
    // Before anything else stands in it: whoever finds it half made must know that it is ours.
    mark(database, UNFINISHED).await?;
    make(database).await?;
    mark(database, VERSION).await
}

/// Writes the version, which never goes back.
pub(crate) async fn mark(database: &Database, version: i64) -> Result<(), OpenError> {
    let meta = database.collection::<Document>(META);
    let raise = doc! { "$max": { "version": version }, "$unset": { "applying": "" } };
    let marked = meta.find_one_and_update(doc! { "_id": SCHEMA }, raise).upsert(true);
    match marked.return_document(ReturnDocument::After).await {
        Ok(_) => Ok(()),
        // Another node wrote the document in the same instant; whichever is later raises it.
        Err(error) if TxError::from(error.clone()).is_duplicate("_id_") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Notes which step is being applied, for people who look.
pub(crate) async fn mark_applying(database: &Database, step: &str) -> Result<(), OpenError> {
    let meta = database.collection::<Document>(META);
    meta.update_one(doc! { "_id": SCHEMA }, doc! { "$set": { "applying": step } }).await?;
    Ok(())
}

/// Every collection with its indexes, but that of the totals, which is made by its first documents.
pub(crate) fn shape() -> Result<Shape, OpenError> {
    step::shape(&STEPS)
}

/// Makes all collections of the present version at once: one after the other would take several times as long. What
/// is there already stays.
pub(crate) async fn make(database: &Database) -> Result<(), OpenError> {
    let mut steps = JoinSet::new();
    for (name, indexes) in shape()? {
        let database = database.clone();
        steps.spawn(async move { step::making(name, indexes).run(&database).await });
    }
    let database = database.clone();
    steps.spawn(async move { create_totals(&database).await });
    all_of(steps).await
}

/// Drops the indexes by which only reading goes faster, of empty collections that are about to be filled: [`make`] makes them again
/// from all documents at once, which takes a fraction of the time. Unique ones stay, because what arrives twice is known by
/// them, and so does every index that is not of this shape, as those of a sharded cluster are.
pub(crate) async fn put_off_indexes(database: &Database) -> Result<(), OpenError> {
    let mut steps = JoinSet::new();
    for (collection, indexes) in shape()? {
        let database = database.clone();
        steps.spawn(async move {
            for index in indexes.iter().filter(|index| !index.get_bool("unique").unwrap_or_default()) {
                step::dropping(&collection, index.get_str("name").map_err(Error::custom)?).run(&database).await?;
            }
            Ok(())
        });
    }
    all_of(steps).await
}

async fn all_of(mut steps: JoinSet<Result<(), OpenError>>) -> Result<(), OpenError> {
    while let Some(step) = steps.join_next().await {
        step.map_err(|error| OpenError::Driver(Error::custom(error)))??;
    }
    Ok(())
}

async fn create_totals(database: &Database) -> Result<(), OpenError> {
    let inserted = database.collection::<Document>(TOTALS).insert_many(totals::beginnings()).ordered(false).await;
    match inserted {
        Err(error) if TxError::from(error.clone()).is_duplicate("_id_") => Ok(()),
        done => Ok(done.map(drop)?),
    }
}
