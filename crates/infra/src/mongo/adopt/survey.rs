//! What stands in a database before it is adopted: whether an application of the family filled it, what is to be set
//! aside, and what is none of our business.

use mongodb::bson::{DateTime, Document, RawDocumentBuf, doc};
use mongodb::error::Error;
use mongodb::results::CollectionType;
use mongodb::{Collection, Database};

use super::error::AdoptionError;
use super::place::{SCRATCH, aside};
use super::report::Stage;
use super::state::State;
use crate::mongo::OpenError;
use crate::mongo::collection::{LOCK, META, TOTALS, USERS};
use crate::mongo::schema;

/// How many accounts are looked at to tell whether they are accounts of the family.
const LOOKED_AT: i64 = 1_000;

/// The texts that accounts of the family have, and the fields of which they have at least one.
const NAMES: [&str; 2] = ["username", "email"];
const TYPICAL: [&str; 5] = ["password", "fullName", "fullname", "avatar", "watchHistory"];

/// Tells whether a database was filled by an application of the family: it has collections of the family's names, and
/// accounts in them, unless all are empty.
pub(in crate::mongo) async fn survey(database: &Database) -> Result<bool, OpenError> {
    if State::load(database).await?.is_some() {
        return Ok(true);
    }
    let names = database.list_collection_names().await?;
    let families = Stage::ALL.map(Stage::collection);
    let mut held: Vec<&str> = families.into_iter().filter(|family| names.iter().any(|name| name == family)).collect();
    held.dedup();
    Ok(!held.is_empty() && (has_accounts(database).await? || are_empty(database, &held).await?))
}

/// What [`survey`] did not find in a database that it does not know, as the end of a sentence.
pub(in crate::mongo) fn looked_for() -> String {
    let quoted = |fields: &[&str]| fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>();
    let (names, typical) = (quoted(&NAMES).join(" and "), quoted(&TYPICAL).join(", "));
    format!(
        "in the collection `{USERS}`, among the first {LOOKED_AT} documents, one was looked for that has texts in {names} \
         and any of the fields {typical}"
    )
}

async fn has_accounts(database: &Database) -> Result<bool, OpenError> {
    let mut fields: Vec<Document> = NAMES.iter().map(|field| doc! { *field: { "$type": "string" } }).collect();
    let typical: Vec<Document> = TYPICAL.iter().map(|field| doc! { *field: { "$exists": true } }).collect();
    fields.push(doc! { "$or": typical });
    let stages = vec![doc! { "$limit": LOOKED_AT }, doc! { "$match": { "$and": fields } }, doc! { "$limit": 1 }];
    Ok(database.collection::<RawDocumentBuf>(USERS).aggregate(stages).await?.advance().await?)
}

async fn are_empty(database: &Database, names: &[&str]) -> Result<bool, OpenError> {
    for name in names {
        if is_filled(&database.collection(name)).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) async fn is_filled(collection: &Collection<RawDocumentBuf>) -> Result<bool, OpenError> {
    Ok(collection.find_one(Document::new()).await?.is_some())
}

/// What stands in the database before anything is done.
pub(super) async fn inventory(database: &Database) -> Result<State, OpenError> {
    let ours: Vec<String> = schema::shape()?.into_keys().chain([TOTALS.to_owned()]).collect();
    let (mut set_aside, mut left_alone) = (Vec::new(), Vec::new());
    let mut found = database.list_collections().await?;
    while found.advance().await? {
        let found = found.deserialize_current()?;
        let name = found.name;
        if ours.contains(&name) {
            if found.collection_type != CollectionType::Collection {
                let kind = format!("{:?}", found.collection_type).to_lowercase();
                return Err(AdoptionError::NotACollection { name, kind }.into());
            }
            set_aside.push(name);
        } else if ![META, LOCK].contains(&name.as_str()) && !name.starts_with("system.") && !name.starts_with(SCRATCH) {
            left_alone.push(name);
        }
    }
    if let Some(taken) = set_aside.iter().map(|name| aside(name)).find(|aside| left_alone.contains(aside)) {
        return Err(AdoptionError::Occupied(taken).into());
    }
    set_aside.sort();
    left_alone.sort();
    Ok(State::new(now(database).await?, set_aside, left_alone))
}

/// The time by the server's clock.
pub(super) async fn now(database: &Database) -> Result<DateTime, OpenError> {
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    Ok(*hello.get_datetime("localTime").map_err(Error::custom)?)
}
