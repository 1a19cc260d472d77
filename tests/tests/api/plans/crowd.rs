//! Crowds: many documents like one that the server wrote, put straight into the database. There are enough of each that
//! a query which walks the wrong index looks at visibly too much.

use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};

/// How many there are of each.
pub const CROWD: usize = 300;

/// 2020-01-01T00:00:00Z.
const BEGINNING: i64 = 1_577_836_800_000;

/// The id of a document in a crowd.
pub fn nth(crowd: u8, number: usize) -> ObjectId {
    let mut bytes = [0; 12];
    bytes[0] = crowd;
    bytes[8..].copy_from_slice(&u32::try_from(number).expect("a small number").to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// An instant for each.
pub fn moment(number: usize) -> DateTime {
    DateTime::from_millis(BEGINNING + i64::try_from(number).expect("a small number") * 1000)
}

/// Adds as many documents as make a crowd, each like the one with these fields but for an id of its own and a change.
pub async fn gather(
    database: &Database,
    collection: &str,
    like: Document,
    crowd: u8,
    change: impl Fn(usize, &mut Document),
) {
    let all = database.collection::<Document>(collection);
    let original = all.find_one(like.clone()).await.expect("an answer");
    let original = original.unwrap_or_else(|| panic!("nothing in {collection} is like {like}"));
    let copies = (0..CROWD).map(|number| {
        let mut copy = original.clone();
        copy.insert("_id", nth(crowd, number));
        for time in ["createdAt", "updatedAt"].into_iter().filter(|time| original.contains_key(time)) {
            copy.insert(time, moment(number));
        }
        change(number, &mut copy);
        copy
    });
    all.insert_many(copies).await.unwrap_or_else(|error| panic!("a crowd in {collection}: {error}"));
}

/// 2100-01-01T00:00:00Z: before what never comes, and due for nobody here.
const FAR: DateTime = DateTime::from_millis(4_102_444_800_000);

/// Adds a crowd of files that wait in the ledger, none of them due.
pub async fn gather_files(database: &Database) {
    // Each with a ticket of somebody's.
    let files = (0..CROWD).map(|number| {
        let (name, owner) = (format!("videos/{number:032x}.mp4"), nth(0xee, number));
        doc! { "_id": name, "dueAt": FAR, "attempts": 0_i64, "owner": owner, "bytes": 1_i64 }
    });
    database.collection::<Document>("file_ledger").insert_many(files).await.expect("a crowd of files");
}

/// Adds a crowd of videos whose files need attention, none of them now.
pub async fn gather_tasks(database: &Database) {
    let tasks =
        (0..CROWD).map(|number| doc! { "_id": nth(0xef, number), "dueAt": FAR, "attempts": 0_i64, "stamp": 1_i64 });
    database.collection::<Document>("media_tasks").insert_many(tasks).await.expect("a crowd of tasks");
}
