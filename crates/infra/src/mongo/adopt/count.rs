//! The stored counts of what was copied, taken from the facts by the server itself, batch by batch.

use mongodb::Database;
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::error::Error;
use mongodb::options::{FindOptions, Hint};

use crate::mongo::OpenError;
use crate::mongo::collection::TOTALS;
use crate::mongo::maintenance::reconcile::facts::{Counted, total_facts};
use crate::mongo::totals::Total;

/// How many documents are counted in one command.
const TOGETHER: i64 = 500;

/// Counts for the next documents after a place; answers with the last of them and how many there were.
pub(super) async fn next(
    database: &Database,
    counted: &Counted,
    after: Option<&Document>,
) -> Result<Option<(Document, u64)>, OpenError> {
    let collection = database.collection::<RawDocumentBuf>(counted.collection);
    let range = after.and_then(|after| after.get("_id")).map_or_else(Document::new, |id| doc! { "$gt": id });
    // What another application wrote in the meantime may have ids of other types, and is not counted for.
    let filter = if range.is_empty() {
        doc! { "_id": { "$type": "objectId" } }
    } else {
        doc! { "_id": range.clone() }
    };
    let options = FindOptions::builder()
        .sort(doc! { "_id": 1 })
        .hint(Hint::Keys(doc! { "_id": 1 }))
        .projection(doc! { "_id": 1 })
        .limit(TOGETHER)
        .build();
    let mut found = collection.find(filter).with_options(options).await?;
    let (mut last, mut number) = (None, 0);
    while found.advance().await? {
        last = Some(found.current().get_object_id("_id").map_err(Error::custom)?);
        number += 1;
    }
    let Some(last) = last else { return Ok(None) };
    let mut batch = range;
    batch.insert("$lte", last);
    let mut stages = vec![doc! { "$match": { "_id": batch } }];
    stages.extend(counted.actual());
    stages.push(doc! { "$merge": {
        "into": counted.collection, "on": "_id", "whenMatched": "merge", "whenNotMatched": "discard",
    } });
    // It answers with nothing once all is written.
    collection.aggregate(stages).await?;
    Ok(Some((doc! { "_id": last }, number)))
}

/// Counts for the whole store: all of it in the first share.
pub(super) async fn totals(database: &Database) -> Result<(), OpenError> {
    for total in Total::ALL {
        let (_, collection, rows) = total_facts(total);
        let number = database.collection::<RawDocumentBuf>(collection).count_documents(rows).await?;
        let shares = database.collection::<RawDocumentBuf>(TOTALS);
        let mut value = i64::try_from(number).unwrap_or(i64::MAX);
        for share in total.shares() {
            shares.update_one(doc! { "_id": share }, doc! { "$set": { "value": value } }).await?;
            value = 0;
        }
    }
    Ok(())
}
