//! How the documents of a collection are read, batch by batch, in the order that is asked for.

use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::error::Error;
use mongodb::options::{AggregateOptions, Hint};
use mongodb::{Cursor, Database};
use tokio::sync::mpsc;

use super::row::{self, Ours, sort, start};
use crate::copy::CopyError;
use crate::copy::home::{Batch, Read, Reading};

/// Reads the rows and sends them in batches, without the last word.
pub(super) async fn send(database: &Database, reading: &Reading, sender: &mpsc::Sender<Read>) -> Result<(), CopyError> {
    let ours = Ours::of(reading.table);
    let mut cursor = walk(database, reading).await?;
    let mut batch = Batch::default();
    while cursor.advance().await? {
        let record = ours.record(cursor.current(), &mut batch.strange)?;
        batch.push(record);
        if batch.is_full(reading.limits) && sender.send(Ok(Some(std::mem::take(&mut batch)))).await.is_err() {
            return Ok(());
        }
    }
    if !batch.records.is_empty() {
        drop(sender.send(Ok(Some(batch))).await);
    }
    Ok(())
}

/// The documents in order. In that of their key an index has them so; in any other the server sorts them, on its disk
/// if need be, which is why the words of videos are left out before.
async fn walk(database: &Database, reading: &Reading) -> Result<Cursor<RawDocumentBuf>, Error> {
    let order = sort(reading.table, reading.order);
    let mut pipeline = vec![doc! { "$match": start(reading) }];
    let derived = row::derived(reading.table);
    if !derived.is_empty() {
        pipeline.push(doc! { "$unset": derived.to_vec() });
    }
    pipeline.push(doc! { "$sort": order.clone() });
    let mut options = AggregateOptions::builder().allow_disk_use(true).build();
    options.batch_size = u32::try_from(reading.limits.rows).ok();
    options.hint = (reading.order == reading.table.key).then_some(Hint::Keys(order));
    let collection = database.collection::<RawDocumentBuf>(reading.table.name);
    collection.aggregate(pipeline).with_options(options).with_type::<RawDocumentBuf>().await
}
