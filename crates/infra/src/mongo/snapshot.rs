//! Reads of one consistent state, led by an index that is named: the planner cannot settle for a worse one.

use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::{AggregateOptions, DatabaseOptions, FindOptions, Hint, ReadConcern};

use super::Database;
use super::access::Access;
use super::error::TxError;

/// Access to the database as it is now, for several reads of one state, however long they take. It is no transaction,
/// which would end after a minute; the first read takes the snapshot.
pub(crate) async fn begin(database: &Database) -> Result<Access, TxError> {
    // It only reads, so its lane is never used.
    let access = database.access_in(0);
    let session = access.client().start_session().snapshot(true).await?;
    let options = DatabaseOptions::builder().read_concern(ReadConcern::snapshot()).build();
    let name = database.driver().name();
    let snapshot = access.client().database_with_options(name, options);
    Ok(access.over(snapshot).within(session))
}

/// What a pipeline gives that begins with a walk of the index with this key.
pub(crate) async fn walk(
    access: &Access,
    name: &str,
    pipeline: Vec<Document>,
    index: Document,
) -> Result<Vec<RawDocumentBuf>, TxError> {
    let options = AggregateOptions::builder().hint(Hint::Keys(index)).read_concern(ReadConcern::snapshot()).build();
    access.aggregate_with(name, pipeline, options).await
}

/// The documents that a walk of the index with this key meets.
pub(crate) async fn find(
    access: &Access,
    name: &str,
    filter: Document,
    mut options: FindOptions,
    index: Document,
) -> Result<Vec<RawDocumentBuf>, TxError> {
    options.hint = Some(Hint::Keys(index));
    options.read_concern = Some(ReadConcern::snapshot());
    access.find(name, filter, options).await
}

/// What a pipeline gives that begins with the id of a document.
pub(crate) async fn look(access: &Access, name: &str, pipeline: Vec<Document>) -> Result<Vec<RawDocumentBuf>, TxError> {
    walk(access, name, pipeline, doc! { "_id": 1 }).await
}
