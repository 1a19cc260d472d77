//! How values look in documents: ids as `ObjectId`s, times as dates, counts as 64-bit integers; and how pages start.
//! Whatever a document holds is read with a check: what does not fit is a failure of the store, never a panic.

use std::fmt;

use aviary_domain::file::FileKey;
use aviary_domain::page::{Cursor, ListOrder, PageRequest, SortValue};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, RawBsonRef, RawDocument, doc};

pub(crate) use crate::gain::integer;

/// The id as documents keep it.
pub(crate) fn object_id<T>(id: Id<T>) -> ObjectId {
    ObjectId::from_bytes(id.bytes())
}

/// The id behind an `ObjectId`.
pub(crate) fn id<T>(id: ObjectId) -> Id<T> {
    Id::from_bytes(id.bytes())
}

/// The instant as documents keep it.
pub(crate) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.millis())
}

/// The instant behind a date.
pub(crate) fn timestamp(date: DateTime) -> Timestamp {
    Timestamp::from_millis(date.timestamp_millis())
}

/// Hashes and keys as documents keep them.
pub(crate) fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

/// The filter of a list newest first, from where the page starts: by a date and then by an id, both descending.
///
/// Each branch names everything, so that each is one walk of the index that begins with the filter's fields.
pub(crate) fn newest(filter: Document, time: &str, id: &str, page: &PageRequest) -> Result<Document, StoreError> {
    let Some((millis, last)) = page.integer_cursor()? else { return Ok(filter) };
    let date = DateTime::from_millis(millis);
    let (mut later, mut tied) = (filter.clone(), filter);
    later.insert(time, doc! { "$lt": date });
    tied.insert(time, date);
    tied.insert(id, doc! { "$lt": ObjectId::from_bytes(last) });
    Ok(doc! { "$or": [tied, later] })
}

/// Goes on after the item with this time and id, in a list newest first.
pub(crate) fn newest_cursor<T>(time: Timestamp, id: Id<T>) -> Cursor {
    Cursor::new(ListOrder::Newest, SortValue::Integer(time.millis()), id.bytes())
}

/// A field that is not what it has to be.
#[derive(Debug)]
struct Malformed {
    field: String,
    document: Option<ObjectId>,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the field {} is missing or malformed", self.field)?;
        self.document.map_or(Ok(()), |id| write!(f, " in the document {id}"))
    }
}

impl std::error::Error for Malformed {}

/// Reads the fields of a document; what is missing or of another type is a failure of the store.
pub(crate) trait Fields {
    /// A field of any type; a null counts as absent.
    fn value(&self, field: &str) -> Result<Option<RawBsonRef<'_>>, StoreError>;
    /// The failure that names this field.
    fn malformed(&self, field: &str) -> StoreError;

    /// An id.
    fn id<T>(&self, field: &str) -> Result<Id<T>, StoreError> {
        self.optional_id(field)?.ok_or_else(|| self.malformed(field))
    }

    /// An id that may be absent.
    fn optional_id<T>(&self, field: &str) -> Result<Option<Id<T>>, StoreError> {
        self.optional(field, |value| value.as_object_id().map(id))
    }

    /// An instant.
    fn time(&self, field: &str) -> Result<Timestamp, StoreError> {
        self.required(field, |value| value.as_datetime().map(timestamp))
    }

    /// A text.
    fn text(&self, field: &str) -> Result<String, StoreError> {
        self.optional_text(field)?.ok_or_else(|| self.malformed(field))
    }

    /// A text that may be absent.
    fn optional_text(&self, field: &str) -> Result<Option<String>, StoreError> {
        self.optional(field, |value| value.as_str().map(str::to_owned))
    }

    /// A file key.
    fn key(&self, field: &str) -> Result<FileKey, StoreError> {
        self.text(field).map(FileKey::from_stored)
    }

    /// A whole number; one that a shell or another driver wrote with 32 bits or as a double is read too.
    fn whole(&self, field: &str) -> Result<i64, StoreError> {
        self.optional_whole(field)?.ok_or_else(|| self.malformed(field))
    }

    /// A whole number that may be absent.
    fn optional_whole(&self, field: &str) -> Result<Option<i64>, StoreError> {
        self.optional(field, |value| whole(&value))
    }

    /// A count. One that drifted below nothing is shown as nothing, so that the rest of the document stays readable;
    /// a recount tells and mends it.
    fn count(&self, field: &str) -> Result<u64, StoreError> {
        self.optional_count(field)?.ok_or_else(|| self.malformed(field))
    }

    /// A count that documents of earlier versions do not have.
    fn optional_count(&self, field: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.optional_whole(field)?.map(|count| u64::try_from(count).unwrap_or_default()))
    }

    /// A number.
    fn real(&self, field: &str) -> Result<f64, StoreError> {
        self.required(field, |value| match value {
            RawBsonRef::Double(value) => Some(value),
            RawBsonRef::Int32(value) => Some(value.into()),
            _ => None,
        })
    }

    /// A flag.
    fn flag(&self, field: &str) -> Result<bool, StoreError> {
        self.optional_flag(field)?.ok_or_else(|| self.malformed(field))
    }

    /// A flag that may be absent.
    fn optional_flag(&self, field: &str) -> Result<Option<bool>, StoreError> {
        self.optional(field, |value| match value {
            RawBsonRef::Boolean(flag) => Some(flag),
            _ => None,
        })
    }

    /// A document within this one.
    fn document(&self, field: &str) -> Result<&RawDocument, StoreError> {
        self.optional_document(field)?.ok_or_else(|| self.malformed(field))
    }

    /// A document within this one that may be absent.
    fn optional_document(&self, field: &str) -> Result<Option<&RawDocument>, StoreError> {
        match self.value(field)? {
            None => Ok(None),
            Some(RawBsonRef::Document(document)) => Ok(Some(document)),
            Some(_) => Err(self.malformed(field)),
        }
    }

    /// A field of the type that `read` knows.
    fn required<T>(&self, field: &str, read: impl FnOnce(RawBsonRef<'_>) -> Option<T>) -> Result<T, StoreError> {
        self.optional(field, read)?.ok_or_else(|| self.malformed(field))
    }

    /// A field of the type that `read` knows, which may be absent.
    fn optional<T>(
        &self,
        field: &str,
        read: impl FnOnce(RawBsonRef<'_>) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.value(field)? {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.malformed(field)),
        }
    }
}

impl Fields for RawDocument {
    fn value(&self, field: &str) -> Result<Option<RawBsonRef<'_>>, StoreError> {
        let value = self.get(field).map_err(StoreError::backend)?;
        Ok(value.filter(|value| !matches!(value, RawBsonRef::Null)))
    }

    fn malformed(&self, field: &str) -> StoreError {
        let document = self.get_object_id("_id").ok();
        StoreError::backend(Malformed { field: field.to_owned(), document })
    }
}

/// A whole number of whichever numeric type.
fn whole(value: &RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int64(value) => Some(*value),
        RawBsonRef::Int32(value) => Some((*value).into()),
        // Through its text: a cast would round silently.
        RawBsonRef::Double(value) if value.fract() == 0.0 => format!("{value:.0}").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::StoreError;
    use aviary_domain::page::{Cursor, ListOrder, PageRequest, PageSize, SortValue};
    use mongodb::bson::oid::ObjectId;
    use mongodb::bson::{Bson, DateTime, RawDocumentBuf, doc};

    use super::{Fields, newest};

    fn raw(value: impl Into<Bson>) -> RawDocumentBuf {
        RawDocumentBuf::try_from(&doc! { "_id": ObjectId::from_bytes([7; 12]), "n": value.into() }).unwrap()
    }

    #[test]
    fn whole_numbers_of_every_type_are_read() {
        for (value, expected) in [(Bson::Int32(7), 7), (Bson::Int64(1 << 60), 1 << 60), (Bson::Double(-3.0), -3)] {
            assert_eq!(raw(value).whole("n").unwrap(), expected);
        }
        for value in [Bson::Double(0.5), Bson::Double(f64::NAN), Bson::Double(1e300), Bson::Null, "7".into()] {
            assert!(raw(value.clone()).whole("n").is_err(), "{value}");
        }
        assert_eq!(raw(-1).count("n").unwrap(), 0);
        assert!(raw("1").count("n").is_err());
    }

    #[test]
    fn what_is_malformed_is_named_with_its_document() {
        let Err(StoreError::Backend(cause)) = raw(1).text("n") else { panic!("a number was read as a text") };
        assert_eq!(cause.to_string(), "the field n is missing or malformed in the document 070707070707070707070707");
        assert!(raw(Bson::Null).optional_text("n").unwrap().is_none());
        assert!(raw(1).optional_text("n").is_err());
    }

    #[test]
    fn a_list_goes_on_in_branches_that_each_name_all_of_the_filter() {
        let cursor = Cursor::new(ListOrder::Newest, SortValue::Integer(5), [9; 12]);
        let page = PageRequest::after(cursor, PageSize::DEFAULT);
        let filter = newest(doc! { "owner": 1 }, "createdAt", "_id", &page).unwrap();
        let (date, id) = (DateTime::from_millis(5), ObjectId::from_bytes([9; 12]));
        let expected = doc! { "$or": [
            { "owner": 1, "createdAt": date, "_id": { "$lt": id } },
            { "owner": 1, "createdAt": { "$lt": date } },
        ] };
        assert_eq!(filter, expected);
    }
}
