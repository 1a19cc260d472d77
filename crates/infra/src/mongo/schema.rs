//! The shape at rest: every collection with its indexes, made on an empty database, and the mark that it is ours.

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::ReturnDocument;
use tokio::task::JoinSet;

use super::OpenError;
use super::collection::{
    COMMENTS, FILE_LEDGER, HISTORY, LIKES, META, PLAYLIST_VIDEOS, PLAYLISTS, PURGE_QUEUE, SESSIONS, SUBSCRIPTIONS,
    TOTALS, TWEETS, USERS, VIDEOS, VIEWS,
};
use super::document::Fields;
use super::error::TxError;
use super::totals;

/// The version of the shape that this program reads and writes.
pub(super) const VERSION: i64 = 1;

/// The step that makes the shape on an empty database.
const INITIAL: &str = "0001_initial";

/// The version that stands in a database while its collections are being made.
const UNFINISHED: i64 = 0;

/// The unique indexes whose refusals mean something to a caller.
pub(crate) const UNIQUE_USERNAME: &str = "username_1";
pub(crate) const UNIQUE_EMAIL: &str = "email_1";

/// Makes the shape on an empty database, and refuses a database that is not of this program and version.
///
/// Several nodes may do so at once, and one may die half-way: every step can be repeated.
/// Answers with the names of the steps that were applied.
pub(super) async fn prepare(database: &Database) -> Result<Vec<&'static str>, OpenError> {
    match version(database).await? {
        Some(VERSION) => return Ok(vec![]),
        Some(UNFINISHED) => {}
        Some(found) => return Err(OpenError::Newer { database: database.name().to_owned(), found, known: VERSION }),
        None => claim(database).await?,
    }
    create(database).await?;
    mark(database, VERSION).await?;
    Ok(vec![INITIAL])
}

async fn version(database: &Database) -> Result<Option<i64>, OpenError> {
    let meta = database.collection::<mongodb::bson::RawDocumentBuf>(META).find_one(doc! { "_id": "schema" }).await?;
    let version = meta.map(|meta| meta.whole("version")).transpose();
    version.map_err(|_| OpenError::Foreign { database: database.name().to_owned() })
}

/// Marks an empty database as ours before anything else stands in it.
async fn claim(database: &Database) -> Result<(), OpenError> {
    let names = database.list_collection_names().await?;
    if names.iter().any(|name| !name.starts_with("system.")) {
        // Another node may have begun since the version was read.
        return match version(database).await? {
            Some(_) => Ok(()),
            None => Err(OpenError::Foreign { database: database.name().to_owned() }),
        };
    }
    mark(database, UNFINISHED).await
}

/// Writes the version, which never goes back.
async fn mark(database: &Database, version: i64) -> Result<(), OpenError> {
    let meta = database.collection::<Document>(META);
    let raise = doc! { "$max": { "version": version } };
    let marked = meta.find_one_and_update(doc! { "_id": "schema" }, raise).upsert(true);
    match marked.return_document(ReturnDocument::After).await {
        Ok(_) => Ok(()),
        // Another node wrote the document in the same instant; whichever is later raises it.
        Err(error) if TxError::from(error.clone()).is_duplicate("_id_") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes all collections at once: one after the other would take several times as long.
async fn create(database: &Database) -> Result<(), OpenError> {
    let mut steps = JoinSet::new();
    for (name, indexes) in shape() {
        let database = database.clone();
        steps.spawn(async move { create_collection(&database, name, indexes).await });
    }
    let database = database.clone();
    steps.spawn(async move { create_totals(&database).await });
    while let Some(step) = steps.join_next().await {
        step.map_err(|error| OpenError::Driver(Error::custom(error)))??;
    }
    Ok(())
}

async fn create_collection(database: &Database, name: &str, indexes: Vec<Document>) -> Result<(), Error> {
    let command = if indexes.is_empty() {
        doc! { "create": name }
    } else {
        doc! { "createIndexes": name, "indexes": indexes }
    };
    match database.run_command(command).await {
        Err(error) if is_existing(&error) => Ok(()),
        done => done.map(drop),
    }
}

/// Whether the collection was there already.
fn is_existing(error: &Error) -> bool {
    const NAMESPACE_EXISTS: i32 = 48;
    matches!(error.kind.as_ref(), ErrorKind::Command(error) if error.code == NAMESPACE_EXISTS)
}

async fn create_totals(database: &Database) -> Result<(), Error> {
    let inserted = database.collection::<Document>(TOTALS).insert_many(totals::beginnings()).ordered(false).await;
    match inserted {
        Err(error) if TxError::from(error.clone()).is_duplicate("_id_") => Ok(()),
        done => done.map(drop),
    }
}

/// Every collection with its indexes; that of the totals is made by its first documents.
pub(crate) fn shape() -> Vec<(&'static str, Vec<Document>)> {
    vec![
        (USERS, vec![unique(doc! { "username": 1 }), unique(doc! { "email": 1 })]),
        (SESSIONS, vec![index(doc! { "user": 1 }), index(doc! { "expiresAt": 1 })]),
        (VIDEOS, videos()),
        (COMMENTS, vec![index(doc! { "video": 1, "createdAt": -1, "_id": -1 }), index(doc! { "owner": 1 })]),
        (
            TWEETS,
            vec![index(doc! { "createdAt": -1, "_id": -1 }), index(doc! { "owner": 1, "createdAt": -1, "_id": -1 })],
        ),
        (LIKES, likes()),
        (
            SUBSCRIPTIONS,
            vec![
                unique(doc! { "channel": 1, "subscriber": 1 }),
                index(doc! { "channel": 1, "createdAt": -1, "_id": -1 }),
                index(doc! { "subscriber": 1, "createdAt": -1, "_id": -1 }),
            ],
        ),
        (PLAYLISTS, vec![index(doc! { "owner": 1, "createdAt": -1, "_id": -1 })]),
        (
            PLAYLIST_VIDEOS,
            vec![
                unique(doc! { "playlist": 1, "video": 1 }),
                unique(doc! { "playlist": 1, "position": 1 }),
                index(doc! { "video": 1 }),
            ],
        ),
        (
            HISTORY,
            vec![
                unique(doc! { "user": 1, "video": 1 }),
                index(doc! { "user": 1, "watchedAt": -1, "video": -1 }),
                index(doc! { "video": 1 }),
            ],
        ),
        (VIEWS, vec![unique(doc! { "video": 1, "viewer": 1 }), index(doc! { "countedAt": 1 })]),
        (FILE_LEDGER, vec![index(doc! { "dueAt": 1, "_id": 1 })]),
        (PURGE_QUEUE, vec![]),
    ]
}

/// The published ones and those of one owner by each attribute, and both by the beginnings of their words.
fn videos() -> Vec<Document> {
    const SORTED: [&str; 5] = ["createdAt", "views", "duration", "titleKey", "likesCount"];
    let published = SORTED
        .iter()
        .map(|field| partial(doc! { "isPublished": 1, *field: 1, "_id": 1 }, doc! { "isPublished": true }));
    let owned = SORTED.iter().map(|field| index(doc! { "owner": 1, *field: 1, "_id": 1, "isPublished": 1 }));
    let words = ["prefixes", "titlePrefixes"].into_iter();
    let words = words.map(|field| index(doc! { field: 1, "createdAt": -1, "_id": -1, "isPublished": 1, "owner": 1 }));
    published.chain(owned).chain(words).collect()
}

/// One like a user and target: partial by the type of the target's field, because a sparse compound index would hold
/// every like of a user under each target that it has not.
fn likes() -> Vec<Document> {
    let targets = ["video", "comment", "tweet"].into_iter();
    let unique = targets.map(|target| {
        let mut index = partial(doc! { target: 1, "likedBy": 1 }, doc! { target: { "$type": "objectId" } });
        index.insert("unique", true);
        index
    });
    let liked_videos =
        partial(doc! { "likedBy": 1, "createdAt": -1, "_id": -1 }, doc! { "video": { "$type": "objectId" } });
    unique.chain([liked_videos]).collect()
}

fn index(key: Document) -> Document {
    let names = key.iter().map(|(field, direction)| format!("{field}_{direction}"));
    let name = names.collect::<Vec<_>>().join("_");
    doc! { "key": key, "name": name }
}

fn unique(key: Document) -> Document {
    let mut index = index(key);
    index.insert("unique", Bson::Boolean(true));
    index
}

fn partial(key: Document, filter: Document) -> Document {
    let mut index = index(key);
    index.insert("partialFilterExpression", filter);
    index
}
