//! What cannot be kept, with the reason, in a collection that nobody but people read.

use mongodb::bson::raw::cstr;
use mongodb::bson::{Bson, DateTime, RawArrayBuf, RawBson, RawDocument, RawDocumentBuf, rawdoc};
use mongodb::error::Error;

use super::convert::TOKENS;
use super::entries::{Aside, elements};
use super::legacy::Refusal;
use super::place::{MOST_DOCUMENT_BYTES, Places, Source};
use super::report::{EntryReason, Stage};
use crate::mongo::OpenError;
use crate::mongo::collection::QUARANTINE;

/// What is said of an entry that is kept, but told more than is kept of it.
const TOLD_MORE: &str = "toldMore";

/// What is to move to the quarantine next.
pub(super) struct Quarantine {
    moved_at: DateTime,
    wrapped: Vec<RawDocumentBuf>,
    /// Documents that are too large to be wrapped, each with the name of a collection for its like.
    verbatim: Vec<(String, RawDocumentBuf)>,
}

impl Quarantine {
    /// An empty one; what moves is said to have moved at this time.
    pub(super) fn new(moved_at: DateTime) -> Self {
        Self { moved_at, wrapped: Vec::new(), verbatim: Vec::new() }
    }

    /// A document that cannot be kept. Tokens in clear text are not kept here either.
    pub(super) fn document(&mut self, stage: Stage, source: &Source, refusal: Refusal) -> Result<(), OpenError> {
        let document = if stage == Stage::Users { without_tokens(&source.document) } else { source.document.clone() };
        let mut wrapper = self.wrapper(stage.collection(), &source.id, refusal.reason.code())?;
        if let Some(field) = refusal.field {
            wrapper.append(cstr!("field"), field);
        }
        self.wrap(stage.collection(), wrapper, document);
        Ok(())
    }

    /// The entries of a list that cannot be kept, or not as they are, while its document is. They are in their order.
    pub(super) fn entries(&mut self, stage: Stage, source: &Source, aside: &[Aside]) -> Result<(), OpenError> {
        let list = match stage {
            Stage::Histories => "users.watchHistory",
            _ => "playlists.videos",
        };
        let wrapper = self.wrapper(list, &source.id, "entries")?;
        match wrapped_entries(stage, &source.document, aside, MOST_DOCUMENT_BYTES - 64 - wrapper.as_bytes().len())? {
            Some(entries) => self.wrap(list, wrapper, entries),
            // All of the list as it was, which says the same.
            None => self.keep_verbatim(list, wrapper, source.document.clone()),
        }
        Ok(())
    }

    /// Writes all that was gathered; what is there already was written before.
    pub(super) async fn write(self, places: &Places) -> Result<(), OpenError> {
        for (name, document) in self.verbatim {
            places.insert(&name, &[document]).await?;
        }
        places.insert(QUARANTINE, &self.wrapped).await.map(drop)
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.wrapped.is_empty()
    }

    fn wrapper(&self, collection: &str, id: &Bson, reason: &str) -> Result<RawDocumentBuf, OpenError> {
        let id = RawBson::try_from(id.clone()).map_err(Error::custom)?;
        Ok(rawdoc! {
            "_id": { "collection": collection, "id": id },
            "reason": reason,
            "movedAt": self.moved_at,
        })
    }

    fn wrap(&mut self, collection: &str, mut wrapper: RawDocumentBuf, document: RawDocumentBuf) {
        // The name of the field and its type come to it.
        if wrapper.as_bytes().len() + document.as_bytes().len() + 64 > MOST_DOCUMENT_BYTES {
            return self.keep_verbatim(collection, wrapper, document);
        }
        wrapper.append(cstr!("document"), document);
        self.wrapped.push(wrapper);
    }

    fn keep_verbatim(&mut self, collection: &str, mut wrapper: RawDocumentBuf, document: RawDocumentBuf) {
        let place = format!("{QUARANTINE}.{collection}");
        wrapper.append(cstr!("keptIn"), place.as_str());
        self.wrapped.push(wrapper);
        self.verbatim.push((place, document));
    }
}

/// These entries, each as it stood there with its place and what is the matter; none where that takes more than so
/// many bytes. Gathered as bytes: a tree of a list is many times as large.
fn wrapped_entries(
    stage: Stage,
    document: &RawDocument,
    aside: &[Aside],
    most: usize,
) -> Result<Option<RawDocumentBuf>, OpenError> {
    let mut aside = aside.iter().peekable();
    let mut entries = RawArrayBuf::new();
    for (at, value) in elements(stage, document).enumerate() {
        let Some(aside) = aside.next_if(|aside| aside.at == at) else { continue };
        let mut entry = rawdoc! { "at": i64::try_from(at).unwrap_or(i64::MAX) };
        entry.append(cstr!("video"), value.map_err(Error::custom)?);
        entry.append(cstr!("reason"), aside.reason.map_or(TOLD_MORE, EntryReason::code));
        entries.push(&entry);
        // The name of the field, its type and the end come to it.
        if entries.as_bytes().len() + 16 > most {
            return Ok(None);
        }
    }
    Ok(Some(rawdoc! { "entries": entries }))
}

/// The document without its tokens; one that cannot be read stays as it is.
fn without_tokens(document: &RawDocumentBuf) -> RawDocumentBuf {
    let mut kept = RawDocumentBuf::new();
    for element in document {
        let Ok((field, value)) = element else { return document.clone() };
        if !TOKENS.iter().any(|token| field.as_str() == *token) {
            kept.append(field, value);
        }
    }
    kept
}
