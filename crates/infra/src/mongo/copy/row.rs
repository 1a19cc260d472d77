//! Rows of a copy as documents of the shape that the application writes, and back.

use aviary_domain::StoreError;
use aviary_domain::video::{Description, Title};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, RawDocument, doc};

use super::super::collection::{HISTORY, LIKES, MEDIA_TASKS, PLAYLIST_VIDEOS, SUBSCRIPTIONS, USERS, VIDEOS, VIEWS};
use super::super::document::{Fields, binary};
use super::super::video::words;
use crate::copy::home::{KeyChange, Reading, SINCE_EVER, Strange};
use crate::copy::record::{Record, Value};
use crate::copy::table::{Column, Kind, Presence, Table};

/// Fields that are made anew from the others.
pub(super) fn derived(table: &Table) -> &'static [&'static str] {
    if table.is(VIDEOS) { &words::FIELDS } else { &[] }
}

/// Fields of ours that no copy needs: bookkeeping that nothing reads, and what always equals another field.
fn idle(table: &Table) -> &'static [&'static str] {
    match table.name {
        USERS => &["sessionsOpened", "ticketsOpened"],
        VIDEOS => &["touches"],
        LIKES | SUBSCRIPTIONS => &["updatedAt"],
        // Which task is the same as before matters to those alone who work on it.
        MEDIA_TASKS => &["stamp"],
        // Their key is another one.
        HISTORY | VIEWS | PLAYLIST_VIDEOS => &["_id"],
        _ => &[],
    }
}

/// How the documents of a table are read.
pub(super) struct Ours {
    table: &'static Table,
    known: Vec<&'static str>,
}

impl Ours {
    pub(super) fn of(table: &'static Table) -> Self {
        let columns = table.columns.iter().map(|column| column.field);
        let known = columns.chain(derived(table).iter().copied()).chain(idle(table).iter().copied()).collect();
        Self { table, known }
    }

    /// The row in a document; what else is in it is noted.
    pub(super) fn record(&self, document: &RawDocument, strange: &mut Strange) -> Result<Record, StoreError> {
        self.note_strange(document, strange)?;
        let values = self.table.columns.iter().map(|column| value(column, document));
        values.collect::<Result<_, _>>().map(Record)
    }

    fn note_strange(&self, document: &RawDocument, strange: &mut Strange) -> Result<(), StoreError> {
        let mut found = Strange::default();
        for element in document {
            let (name, _) = element.map_err(StoreError::backend)?;
            let name = name.as_str();
            if !self.known.contains(&name) {
                found.documents = 1;
                found.fields.insert(name.to_owned());
            }
        }
        strange.add(found);
        Ok(())
    }
}

fn value(column: &Column, document: &RawDocument) -> Result<Value, StoreError> {
    let field = column.field;
    let found = match column.kind {
        Kind::Id => document.optional_id::<()>(field)?.map(|id| Value::Id(id.bytes())),
        Kind::Time => Some(Value::Integer(document.time(field)?.millis())),
        Kind::Integer => document.optional_whole(field)?.map(Value::Integer),
        Kind::Real => Some(Value::Real(document.real(field)?)),
        Kind::Flag => document.optional_flag(field)?.map(|flag| Value::Integer(flag.into())),
        Kind::Text | Kind::File => document.optional_text(field)?.map(Value::Text),
        Kind::Bytes => document.optional(field, |value| Some(Value::Bytes(value.as_binary()?.bytes.to_vec())))?,
    };
    let found = found.filter(|found| column.presence != Presence::Blank || *found != Value::Text(String::new()));
    match (found, column.presence) {
        (Some(found), _) => Ok(found),
        (None, Presence::Optional | Presence::Blank) => Ok(Value::Null),
        (None, Presence::Zero) => Ok(Value::Integer(0)),
        (None, Presence::Required) => Err(document.malformed(field)),
    }
}

/// The document of a row.
pub(super) fn document(table: &Table, record: &Record) -> Document {
    let mut document = Document::new();
    for (column, value) in table.columns.iter().zip(&record.0) {
        match (value, column.presence) {
            (Value::Null, Presence::Blank) => document.insert(column.field, ""),
            (Value::Null, _) => None,
            (Value::Integer(0), Presence::Zero) if column.kind == Kind::Flag => None,
            (value, _) => document.insert(column.field, bson(column.kind, value)),
        };
    }
    if table.is(VIDEOS) {
        let text = |name| match table.column(name).map(|column| record.value(column)) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        };
        document
            .extend(words::fields(&Title::from_stored(text("title")), &Description::from_stored(text("description"))));
    }
    if table.is(MEDIA_TASKS) {
        // Nobody works on it yet.
        document.insert("stamp", 0_i64);
    }
    if table.is(LIKES) || table.is(SUBSCRIPTIONS) {
        // Neither is ever changed.
        document.extend(document.get("createdAt").cloned().map(|created| ("updatedAt".to_owned(), created)));
    }
    document
}

/// The row with this id.
pub(super) fn id(id: &Value) -> Document {
    doc! { "_id": bson(Kind::Id, id) }
}

/// Which row has which new key of a file, if it still has the old one.
pub(super) fn key_change(change: &KeyChange) -> (Document, Document) {
    let field = change.column.field;
    let mut row = id(&change.row);
    row.insert(field, change.from.as_str());
    (row, doc! { "$set": { field: change.to.as_str() } })
}

/// What comes of a film's new key, apart from the id.
pub(super) fn moved_film_task() -> Document {
    doc! { "dueAt": DateTime::from_millis(SINCE_EVER), "attempts": 0_i64, "stamp": 0_i64, "timesMade": 1_i64 }
}

fn bson(kind: Kind, value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Id(id) => ObjectId::from_bytes(*id).into(),
        Value::Integer(millis) if kind == Kind::Time => DateTime::from_millis(*millis).into(),
        Value::Integer(flag) if kind == Kind::Flag => Bson::Boolean(*flag != 0),
        Value::Integer(number) => Bson::Int64(*number),
        Value::Real(number) => Bson::Double(*number),
        Value::Text(text) => Bson::String(text.clone()),
        Value::Bytes(bytes) => binary(bytes).into(),
    }
}

/// The order of these columns.
pub(super) fn sort(table: &Table, order: &'static [usize]) -> Document {
    table.ordered(order).map(|column| (column.field.to_owned(), Bson::Int32(1))).collect()
}

/// The documents after the one from which the reading goes on.
///
/// Each branch holds the values of some fields and goes on in the next one, so that each is one walk of the index.
pub(super) fn start(reading: &Reading) -> Document {
    let Some(after) = &reading.after else { return Document::new() };
    let mut held = Document::new();
    let mut branches = Vec::new();
    for (column, value) in reading.table.ordered(reading.order).zip(&after.0) {
        let value = bson(column.kind, value);
        let mut branch = held.clone();
        branch.insert(column.field, doc! { "$gt": value.clone() });
        branches.push(branch);
        held.insert(column.field, value);
    }
    doc! { "$or": branches }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{Bson, DateTime, RawDocumentBuf, doc, oid::ObjectId};

    use super::{Ours, document, start};
    use crate::copy::home::{Limits, Reading, Strange};
    use crate::copy::record::{Record, Value};
    use crate::copy::table::{Presence, TABLES, Table};

    #[test]
    fn a_reading_goes_on_after_all_fields_of_the_last_key() {
        let table = Table::find("videos").unwrap();
        let after = Some(Record(vec![Value::Integer(5), Value::Id([9; 12])]));
        let reading = Reading { table, order: table.arrival(), after, limits: Limits::default() };
        let (date, id) = (DateTime::from_millis(5), ObjectId::from_bytes([9; 12]));
        let expected = doc! { "$or": [{ "createdAt": { "$gt": date } }, { "createdAt": date, "_id": { "$gt": id } }] };
        assert_eq!(start(&reading), expected);
    }

    #[test]
    fn every_row_comes_back_from_its_document_as_it_was() {
        for table in TABLES {
            let values = table.columns.iter().map(|column| match column.kind {
                super::Kind::Id => Value::Id([3; 12]),
                super::Kind::Time | super::Kind::Integer => Value::Integer(-7),
                super::Kind::Real => Value::Real(0.1),
                super::Kind::Flag => Value::Integer(1),
                super::Kind::Text | super::Kind::File => Value::Text("Ada".into()),
                super::Kind::Bytes => Value::Bytes(vec![0, 200]),
            });
            let full = Record(values.collect());
            let required = table.columns.iter().zip(&full.0).map(|(column, value)| match column.presence {
                Presence::Required => value.clone(),
                Presence::Zero => Value::Integer(0),
                Presence::Optional | Presence::Blank => Value::Null,
            });
            for record in [Record(required.collect()), full] {
                let raw = RawDocumentBuf::try_from(&document(table, &record)).unwrap();
                let mut strange = Strange::default();
                assert_eq!(Ours::of(table).record(&raw, &mut strange).unwrap(), record, "{}", table.name);
                assert_eq!(strange.documents, 0, "{}: {:?}", table.name, strange.fields);
            }
        }
    }

    #[test]
    fn a_field_that_earlier_versions_had_not_is_read_as_nothing() {
        let (videos, users) = (Table::find("videos").unwrap(), Table::find("users").unwrap());
        for (table, fields) in [(videos, vec!["thumbnailBytes", "publishWhenReady"]), (users, vec!["storedBytes"])] {
            let zero = table.columns.iter().filter(|column| column.presence == Presence::Zero);
            assert_eq!(zero.clone().map(|column| column.field).collect::<Vec<_>>(), fields);
            for column in zero {
                let found = super::value(column, &RawDocumentBuf::new()).unwrap();
                assert_eq!(found, Value::Integer(0), "{}", column.field);
                let other = RawDocumentBuf::try_from(&doc! { column.field: "much" }).unwrap();
                assert!(super::value(column, &other).is_err(), "{}", column.field);
            }
        }
    }

    #[test]
    fn fields_of_others_are_noted() {
        let table = Table::find("file_ledger").unwrap();
        let theirs = doc! { "_id": "a", "dueAt": DateTime::from_millis(1), "attempts": 2, "__v": 0, "x": Bson::Null };
        let mut strange = Strange::default();
        Ours::of(table).record(&RawDocumentBuf::try_from(&theirs).unwrap(), &mut strange).unwrap();
        assert_eq!(strange.documents, 1);
        assert_eq!(strange.fields.into_iter().collect::<Vec<_>>(), ["__v", "x"]);
    }
}
