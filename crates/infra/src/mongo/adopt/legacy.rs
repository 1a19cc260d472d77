//! A document of another application while it is taken apart: what is ours is taken out of it, what nobody knows stays
//! with it, and what could not be read, or stands where something of ours has to, is set aside.

use mongodb::bson::error::Error;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, RawDocument};

use super::entries::{self, Entry};
use super::report::{Note, Reason, Stage};
use super::value::{self, Amount};

/// The field that holds what a document held in another form, by the names it had.
pub(super) const LEGACY_VALUES: &str = "legacyValues";

/// The most views that are taken for true.
pub(super) const MOST_VIEWS: u64 = 1_000_000_000_000_000;

/// Why a document cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// The field it is about, if it is about one.
    pub(super) field: Option<&'static str>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, field: None }
    }
}

impl Refusal {
    /// A field that cannot be made up.
    pub(super) fn malformed(field: &'static str) -> Self {
        Self { reason: Reason::Malformed, field: Some(field) }
    }
}

/// What was made of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Converted {
    /// As the store writes it.
    pub(super) document: Document,
    /// What its lists held, which become documents of their own.
    pub(super) entries: Vec<Entry>,
    pub(super) notes: Vec<Note>,
    /// The fields whose values could not be taken over as they were.
    pub(super) unread: Vec<String>,
}

/// A document that is taken apart field by field.
pub(super) struct Legacy {
    id: ObjectId,
    fields: Document,
    /// What its lists hold.
    entries: Vec<Entry>,
    /// What is kept beside the document: values that could not be taken over, and those that told more than was needed.
    unread: Document,
    told_more: Document,
    notes: Vec<Note>,
}

impl Legacy {
    /// Reads a document. Its lists, which may be most of it, are read entry by entry and never held as a whole. Fails
    /// where any of it is no sound BSON.
    pub(super) fn of(stage: Stage, id: ObjectId, document: &RawDocument) -> Result<Self, Error> {
        let mut fields = Document::new();
        for element in document {
            let (field, value) = element?;
            if field.as_str() != "_id" && !entries::lists(stage).contains(&field.as_str()) {
                fields.insert(field.as_str(), Bson::try_from(value)?);
            }
        }
        let entries = entries::elements(stage, document).map(|element| Entry::read(stage, element?));
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Self { id, fields, entries, unread: Document::new(), told_more: Document::new(), notes: Vec::new() })
    }

    pub(super) fn id(&self) -> ObjectId {
        self.id
    }

    /// Takes out what its lists hold.
    pub(super) fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// Takes a field out, if it has a value.
    pub(super) fn take(&mut self, field: &str) -> Option<Bson> {
        self.fields.remove(field).filter(|value| !value::is_absent(value))
    }

    /// Whether the field is there at all, be it without a value.
    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// Whether the field names something: a blank text does not.
    pub(super) fn names(&self, field: &str) -> bool {
        self.fields
            .get(field)
            .is_some_and(|value| !value::is_absent(value) && !value.as_str().is_some_and(|text| text.trim().is_empty()))
    }

    /// Keeps a value that could not be taken for what it should be.
    pub(super) fn set_aside(&mut self, field: &str, value: Bson) {
        self.unread.insert(field, value);
    }

    pub(super) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Takes a field out and reads it; what cannot be read is set aside.
    pub(super) fn read<T>(&mut self, field: &str, read: impl FnOnce(&Bson) -> Option<T>) -> Option<T> {
        let value = self.take(field)?;
        let found = read(&value);
        if found.is_none() {
            self.set_aside(field, value);
        }
        found
    }

    /// A reference that cannot be made up. What else a document told that was copied in is kept.
    pub(super) fn reference(&mut self, field: &'static str) -> Result<ObjectId, Refusal> {
        let value = self.take(field).ok_or(Refusal::malformed(field))?;
        let found = value::reference(&value).ok_or(Refusal::malformed(field))?;
        if value.as_document().is_some() {
            self.told_more.insert(field, value);
        }
        Ok(found)
    }

    /// Takes an amount out and reads it; what cannot be read, or only as another number, is set aside.
    pub(super) fn amount<T>(&mut self, field: &str, read: impl FnOnce(&Bson) -> Option<Amount<T>>) -> Option<T> {
        let value = self.take(field)?;
        let found = read(&value);
        if !found.as_ref().is_some_and(|amount| amount.is_exact) {
            self.set_aside(field, value);
        }
        found.map(|amount| amount.taken)
    }

    /// A number of views, which may stand there as the list of those who viewed. What is beyond all reason is cut, so
    /// that sums of it stay within what can be stored.
    pub(super) fn views(&mut self, field: &str) -> u64 {
        if let Some(Bson::Array(viewers)) = self.fields.get(field) {
            let views = u64::try_from(viewers.len()).unwrap_or(MOST_VIEWS);
            if let Some(viewers) = self.take(field) {
                self.told_more.insert(field, viewers);
            }
            return views;
        }
        self.amount(field, |value| Some(value::count(value)?.at_most(MOST_VIEWS))).unwrap_or_default()
    }

    /// A field that cannot be made up.
    pub(super) fn required<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&Bson) -> Option<T>,
    ) -> Result<T, Refusal> {
        self.take(field).as_ref().and_then(read).ok_or(Refusal::malformed(field))
    }

    /// The name of a file, empty where there is none. A document that told more about it is set aside: whoever
    /// keeps the file may need to know.
    pub(super) fn file(&mut self, field: &str) -> String {
        let Some(value) = self.take(field) else { return String::new() };
        let found = value::file(&value);
        if found.is_none() {
            self.set_aside(field, value);
        } else if value.as_document().is_some() {
            self.told_more.insert(field, value);
        }
        found.unwrap_or_default()
    }

    /// When it was made, which its id tells too, and when it was last changed.
    pub(super) fn times(&mut self) -> (DateTime, DateTime) {
        let created = self.read("createdAt", value::date).unwrap_or_else(|| self.id.timestamp());
        let updated = self.read("updatedAt", value::date).unwrap_or(created);
        (created, updated)
    }

    /// The document as the store writes it, with whatever else was in it. What stood where the store writes something of
    /// its own is set aside: counts as an application kept them, too.
    pub(super) fn finish(mut self, ours: Document, entries: Vec<Entry>) -> Converted {
        let mut document = ours;
        let mut strange = Document::new();
        for (field, value) in std::mem::take(&mut self.fields) {
            if !document.contains_key(&field) {
                strange.insert(field, value);
            } else if !value::is_absent(&value) {
                self.set_aside(&field, value);
            }
        }
        let unread: Vec<String> = self.unread.keys().cloned().collect();
        if !unread.is_empty() {
            self.notes.push(Note::ValueSetAside);
        }
        if !self.told_more.is_empty() {
            self.notes.push(Note::ToldMore);
        }
        self.unread.extend(self.told_more);
        if !self.unread.is_empty() {
            if let Some(value) = strange.remove(LEGACY_VALUES) {
                self.unread.insert(LEGACY_VALUES, value);
            }
            document.insert(LEGACY_VALUES, self.unread);
        }
        document.extend(strange);
        Converted { document, entries, notes: self.notes, unread }
    }
}
