//! The plan past one replica set: which collections are distributed over the shards of a cluster, by which keys.

use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};

use super::OpenError;
use super::collection::{
    COMMENTS, HISTORY, IDEMPOTENCY_KEYS, LIKES, PLAYLIST_VIDEOS, SESSIONS, SUBSCRIPTIONS, TWEETS, VIDEOS, VIEWS,
};
use super::migrate::step::Shape;
use super::migrate::{self, MigrateMode};
use super::schema::{self, Standing};
use crate::progress::Progress;

/// The oldest wire protocol with `$lookup` from sharded collections within transactions, which a visit of a video
/// needs: MongoDB 8.0.
const OLDEST_WIRE: i64 = 25;

/// The server's code for a collection that is distributed already, by another key.
const ALREADY_INITIALIZED: i32 = 23;

/// What became of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharded {
    /// Its name.
    pub collection: &'static str,
    /// The key of the plan, as JSON.
    pub key: String,
    /// What became of it.
    pub outcome: ShardOutcome,
}

/// What became of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardOutcome {
    /// It would be distributed; nothing was done.
    Planned,
    /// It is distributed by the key of the plan, now or since before.
    Distributed,
    /// Somebody has distributed it by another key, and it was left so.
    Otherwise,
    /// The cluster refused, for this reason.
    Refused(String),
}

/// Every collection that is distributed, with its key. The others stay whole on the primary shard: `users`, whose names
/// and addresses are unique over all, and what is small.
///
/// What is written by its id is spread by it, so that a change goes to one shard; what belongs to a pair, under a key
/// that its unique index begins with, or it could not be unique over all shards.
fn plan() -> [(&'static str, Document); 10] {
    [
        (VIDEOS, doc! { "_id": "hashed" }),
        (COMMENTS, doc! { "_id": "hashed" }),
        (TWEETS, doc! { "_id": "hashed" }),
        (LIKES, doc! { "likedBy": 1 }),
        (SUBSCRIPTIONS, doc! { "channel": 1, "subscriber": 1 }),
        (HISTORY, doc! { "user": 1, "video": 1 }),
        (VIEWS, doc! { "video": 1, "viewer": 1 }),
        (PLAYLIST_VIDEOS, doc! { "playlist": 1 }),
        (SESSIONS, doc! { "_id": "hashed" }),
        (IDEMPOTENCY_KEYS, doc! { "_id": "hashed" }),
    ]
}

/// Whether the deployment that said this is a router of a sharded cluster.
pub(super) fn is_router(hello: &Document) -> bool {
    hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid")
}

/// Carries the plan out, as far as it was not. A refusal of one collection does not keep the others back.
pub(super) async fn run(
    database: &Database,
    hello: &Document,
    mode: MigrateMode,
    progress: &dyn Progress,
) -> Result<Vec<Sharded>, OpenError> {
    if !is_router(hello) {
        return Err(OpenError::NoRouter);
    }
    if super::wire(hello) < OLDEST_WIRE {
        return Err(OpenError::OldRouter);
    }
    if mode == MigrateMode::DryRun {
        return Ok(plan().map(|(name, key)| Sharded::new(name, &key, ShardOutcome::Planned)).into());
    }
    match schema::standing(database).await? {
        Standing::Current => {}
        standing => return Err(migrate::refusal(database, standing).await),
    }
    let (plan, shape) = (plan(), schema::shape()?);
    progress.begin("distributing collections", u64::try_from(plan.len()).ok());
    database.client().database("admin").run_command(doc! { "enableSharding": database.name() }).await?;
    let mut outcomes = Vec::new();
    for (name, key) in plan {
        let outcome = outcome(distribute(database, name, &key, &shape).await)?;
        outcomes.push(Sharded::new(name, &key, outcome));
        progress.advance(1);
    }
    progress.finish();
    Ok(outcomes)
}

impl Sharded {
    fn new(collection: &'static str, key: &Document, outcome: ShardOutcome) -> Self {
        Self { collection, key: key.to_string(), outcome }
    }
}

/// A collection that is distributed by this very key already is left as it is.
async fn distribute(database: &Database, name: &str, key: &Document, shape: &Shape) -> Result<(), Error> {
    if !is_served(name, key, shape) {
        let index = doc! { "key": key, "name": index_name(key) };
        database.run_command(doc! { "createIndexes": name, "indexes": [index] }).await?;
    }
    let namespace = format!("{}.{name}", database.name());
    database.client().database("admin").run_command(doc! { "shardCollection": namespace, "key": key }).await?;
    Ok(())
}

/// Whether the collection has an index that begins with the key, and is not partial: without one, a collection that
/// holds documents cannot be distributed. Where it is missing it is made here, so that one replica set does without.
fn is_served(name: &str, key: &Document, shape: &Shape) -> bool {
    let mut indexes = shape.get(name).into_iter().flatten();
    indexes.any(|index| {
        let whole = !index.contains_key("partialFilterExpression");
        whole && index.get_document("key").is_ok_and(|fields| begins_with(fields, key))
    })
}

fn begins_with(fields: &Document, key: &Document) -> bool {
    key.len() <= fields.len() && key.iter().zip(fields).all(|(wanted, field)| wanted == field)
}

/// The name that the server would choose.
fn index_name(key: &Document) -> String {
    let fields = key.iter().map(|(field, order)| format!("{field}_{}", order.as_str().unwrap_or("1")));
    fields.collect::<Vec<_>>().join("_")
}

/// Tells a refusal, which is that of one collection, from a failure of the connection.
fn outcome(done: Result<(), Error>) -> Result<ShardOutcome, OpenError> {
    let Err(error) = done else { return Ok(ShardOutcome::Distributed) };
    match error.kind.as_ref() {
        ErrorKind::Command(refusal) if refusal.code == ALREADY_INITIALIZED => Ok(ShardOutcome::Otherwise),
        ErrorKind::Command(refusal) => Ok(ShardOutcome::Refused(refusal.message.clone())),
        _ => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{begins_with, is_served, plan, schema};
    use mongodb::bson::doc;

    #[test]
    fn every_unique_index_begins_with_the_key_of_its_collection() {
        let shape = schema::shape().unwrap();
        for (name, key) in plan() {
            for index in shape[name].iter().filter(|index| index.contains_key("unique")) {
                let fields = index.get_document("key").unwrap();
                assert!(begins_with(fields, &key), "{name}: {fields} is not unique over shards by {key}");
            }
        }
    }

    #[test]
    fn an_index_serves_a_key_that_it_begins_with_unless_it_is_partial() {
        let partial = doc! { "key": { "a": 1, "b": 1 }, "partialFilterExpression": { "b": 1 } };
        let shape = [("x".to_owned(), vec![doc! { "key": { "a": 1, "b": -1 } }, partial])].into();
        assert!(is_served("x", &doc! { "a": 1 }, &shape));
        assert!(is_served("x", &doc! { "a": 1, "b": -1 }, &shape));
        for key in [doc! { "a": 1, "b": 1 }, doc! { "b": -1 }, doc! { "a": "hashed" }, doc! { "a": 1, "b": -1, "c": 1 }]
        {
            assert!(!is_served("x", &key, &shape), "{key}");
        }
        assert!(!is_served("y", &doc! { "a": 1 }, &shape));
    }
}
