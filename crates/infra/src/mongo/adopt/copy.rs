//! One batch of documents: converted, checked against what is there, written, and what cannot be kept moved to the
//! quarantine. Doing it again, wholly or from anywhere in it, has the same outcome and changes nothing.

use std::collections::{HashMap, HashSet};

use aviary_domain::playlist::MAX_PLAYLIST_VIDEOS;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, RawDocumentBuf, doc};
use mongodb::error::Error;

use super::convert::{convert, watched_at};
use super::entries::{Keep, Resolved, resolve};
use super::error::AdoptionError;
use super::legacy::{Converted, Legacy, Refusal};
use super::place::{MOST_DOCUMENT_BYTES, Places, Source, id_of};
use super::quarantine::Quarantine;
use super::report::{Reason, Stage, Tally};
use crate::mongo::OpenError;
use crate::mongo::collection::{COMMENTS, HISTORY, PLAYLIST_VIDEOS, TWEETS, USERS, VIDEOS};
use crate::mongo::migrate::lock::MigrationLock;

/// What copying needs besides the documents.
pub(super) struct Copier<'a> {
    pub(super) places: &'a Places,
    pub(super) lock: &'a MigrationLock,
    /// When what moves to the quarantine is said to have moved.
    pub(super) moved_at: DateTime,
}

/// A document and what becomes of it.
struct Item {
    source: Source,
    fate: Result<Converted, Refusal>,
    list: Resolved,
}

impl Item {
    fn new(stage: Stage, source: Source) -> Self {
        let fate = match &source.id {
            Bson::ObjectId(id) => match Legacy::of(stage, *id, &source.document) {
                Ok(legacy) => convert(stage, legacy),
                Err(_) => Err(Reason::Unreadable.into()),
            },
            _ => Err(Reason::UnreadableId.into()),
        };
        Self { source, fate, list: Resolved::default() }
    }

    fn document(&self) -> Option<&Document> {
        self.fate.as_ref().ok().map(|converted| &converted.document)
    }

    fn reference(&self, field: &str) -> Option<ObjectId> {
        self.document()?.get_object_id(field).ok()
    }

    fn refuse(&mut self, reason: Reason) {
        self.fate = Err(reason.into());
    }
}

/// Which fields refer to what, and what it means when that is not there.
fn references(stage: Stage) -> &'static [(&'static str, &'static str, Reason)] {
    const OWNER: (&str, &str, Reason) = ("owner", USERS, Reason::OwnerMissing);
    match stage {
        Stage::Users | Stage::Histories => &[],
        Stage::Videos | Stage::Tweets | Stage::Playlists => &[OWNER],
        Stage::Comments => &[OWNER, ("video", VIDEOS, Reason::TargetMissing)],
        Stage::Likes => &[
            ("likedBy", USERS, Reason::OwnerMissing),
            ("video", VIDEOS, Reason::TargetMissing),
            ("comment", COMMENTS, Reason::TargetMissing),
            ("tweet", TWEETS, Reason::TargetMissing),
        ],
        Stage::Subscriptions => {
            &[("subscriber", USERS, Reason::OwnerMissing), ("channel", USERS, Reason::TargetMissing)]
        }
    }
}

/// The fields that together stand once.
pub(super) fn unique(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Likes => &["likedBy", "video", "comment", "tweet"],
        Stage::Subscriptions => &["channel", "subscriber"],
        _ => &[],
    }
}

impl Copier<'_> {
    /// Does one batch and tells what became of it.
    pub(super) async fn batch(&self, stage: Stage, sources: Vec<Source>) -> Result<Tally, OpenError> {
        let mut items: Vec<Item> = sources.into_iter().map(|source| Item::new(stage, source)).collect();
        match stage {
            Stage::Users => self.check_names(&mut items).await?,
            Stage::Histories => return self.histories(items).await,
            _ => self.check_references(stage, &mut items).await?,
        }
        check_pairs(stage, &mut items);
        if stage == Stage::Playlists {
            self.resolve_lists(&mut items, Keep::First, usize::try_from(MAX_PLAYLIST_VIDEOS).unwrap_or(usize::MAX))
                .await?;
            count_entries(&mut items);
        }
        self.write(stage, &mut items).await?;
        self.move_to_quarantine(stage, &items).await?;
        Ok(tally(&items))
    }

    /// Of accounts with the same name or address the one with the lowest id is kept.
    async fn check_names(&self, items: &mut [Item]) -> Result<(), OpenError> {
        let mut usernames = self.holders("username", items).await?;
        let mut emails = self.holders("email", items).await?;
        for item in items {
            let Some(document) = item.document() else { continue };
            let id = document.get_object_id("_id").map_err(Error::custom)?;
            let username = document.get_str("username").map_err(Error::custom)?.to_owned();
            let email = document.get_str("email").map_err(Error::custom)?.to_owned();
            if usernames.get(&username).is_some_and(|holder| holder.as_object_id() != Some(id)) {
                item.refuse(Reason::UsernameTaken);
            } else if emails.get(&email).is_some_and(|holder| holder.as_object_id() != Some(id)) {
                item.refuse(Reason::EmailTaken);
            } else {
                usernames.insert(username, id.into());
                emails.insert(email, id.into());
            }
        }
        Ok(())
    }

    /// Who has the names or addresses of these already.
    async fn holders(&self, field: &str, items: &[Item]) -> Result<HashMap<String, Bson>, OpenError> {
        let names: Vec<&str> = items.iter().filter_map(|item| item.document()?.get_str(field).ok()).collect();
        let users = self.places.target(USERS);
        let mut found = users.find(doc! { field: { "$in": names } }).projection(doc! { field: 1 }).await?;
        let mut holders = HashMap::new();
        while found.advance().await? {
            let user = found.current();
            let name = user.get_str(field).map_err(Error::custom)?.to_owned();
            holders.insert(name, id_of(user)?);
        }
        Ok(holders)
    }

    /// Refuses what refers to something that is not there.
    async fn check_references(&self, stage: Stage, items: &mut [Item]) -> Result<(), OpenError> {
        for (field, collection, reason) in references(stage) {
            let wanted: Vec<ObjectId> = items.iter().filter_map(|item| item.reference(field)).collect();
            let known = self.places.existing(collection, wanted).await?;
            for item in &mut *items {
                if item.reference(field).is_some_and(|id| !known.contains(&id)) {
                    item.refuse(*reason);
                }
            }
        }
        Ok(())
    }

    /// Sorts out which entries of the lists are kept.
    async fn resolve_lists(&self, items: &mut [Item], keep: Keep, most: usize) -> Result<(), OpenError> {
        let lists = items.iter().filter_map(|item| item.fate.as_ref().ok());
        let wanted: HashSet<ObjectId> =
            lists.flat_map(|converted| &converted.entries).filter_map(|entry| entry.video).collect();
        let known = self.places.existing(VIDEOS, wanted).await?;
        for item in items {
            if let Ok(converted) = &mut item.fate {
                item.list = resolve(&std::mem::take(&mut converted.entries), &known, keep, most);
            }
        }
        Ok(())
    }

    /// Writes what is kept. What follows from a document is written before it, so that where one stands nothing of
    /// it is missing.
    async fn write(&self, stage: Stage, items: &mut [Item]) -> Result<(), OpenError> {
        let (mut places, mut documents) = (Vec::new(), Vec::new());
        for (place, item) in items.iter_mut().enumerate() {
            let Some(document) = item.document() else { continue };
            let raw = raw(document)?;
            if raw.as_bytes().len() > MOST_DOCUMENT_BYTES {
                item.refuse(Reason::TooLarge);
                continue;
            }
            documents.push(if self.places.is_rehearsal { self::raw(&outline(stage, document))? } else { raw });
            places.push(place);
        }
        self.lock.still_mine().await?;
        if !self.places.is_rehearsal {
            self.places.insert_again(PLAYLIST_VIDEOS, items.iter().flat_map(playlist_entries)).await?;
        }
        let refused = self.places.insert(stage.collection(), &documents).await?;
        let refused: Vec<usize> = refused.into_iter().filter_map(|place| places.get(place).copied()).collect();
        self.sort_out(stage, items, &refused).await
    }

    /// Tells what was there already, because an earlier run had come so far, from what another document keeps out.
    async fn sort_out(&self, stage: Stage, items: &mut [Item], refused: &[usize]) -> Result<(), OpenError> {
        if refused.is_empty() {
            return Ok(());
        }
        let id = |item: Option<&Item>| item.and_then(|item| item.reference("_id"));
        let ids = refused.iter().filter_map(|place| id(items.get(*place)));
        let there = self.places.existing(stage.collection(), ids.collect::<Vec<_>>()).await?;
        for place in refused {
            let Some(item) = items.get_mut(*place) else { continue };
            if id(Some(&*item)).is_some_and(|id| there.contains(&id)) {
                continue;
            }
            if unique(stage).is_empty() {
                // Who has a name was looked up before: somebody else is writing here.
                return Err(AdoptionError::Overtaken.into());
            }
            item.refuse(Reason::Duplicate);
        }
        Ok(())
    }

    async fn move_to_quarantine(&self, stage: Stage, items: &[Item]) -> Result<(), OpenError> {
        let mut quarantine = Quarantine::new(self.moved_at);
        for item in items {
            match &item.fate {
                Err(refusal) => quarantine.document(stage, &item.source, *refusal)?,
                Ok(_) if item.list.aside.is_empty() => {}
                Ok(_) => quarantine.entries(stage, &item.source, &item.list.aside)?,
            }
        }
        // A rehearsal has counted them, which is all that is asked of it.
        if quarantine.is_empty() || self.places.is_rehearsal {
            return Ok(());
        }
        self.lock.still_mine().await?;
        quarantine.write(self.places).await
    }

    /// The watch histories of the accounts that were kept; those of the others are in the quarantine with them.
    async fn histories(&self, mut items: Vec<Item>) -> Result<Tally, OpenError> {
        items.retain(|item| item.fate.as_ref().is_ok_and(|converted| !converted.entries.is_empty()));
        let users: Vec<ObjectId> = items.iter().filter_map(|item| item.reference("_id")).collect();
        let known = self.places.existing(USERS, users).await?;
        items.retain(|item| item.reference("_id").is_some_and(|id| known.contains(&id)));
        self.resolve_lists(&mut items, Keep::Last, usize::MAX).await?;
        if !self.places.is_rehearsal {
            self.lock.still_mine().await?;
            self.places.insert_again(HISTORY, items.iter().flat_map(history_entries)).await?;
        }
        self.move_to_quarantine(Stage::Histories, &items).await?;
        Ok(tally(&items))
    }
}

/// Of documents of one batch that say the same the first is kept, whatever order the server takes them in.
fn check_pairs(stage: Stage, items: &mut [Item]) {
    let fields = unique(stage);
    if fields.is_empty() {
        return;
    }
    let mut seen = HashSet::new();
    for item in items {
        let Some(document) = item.document() else { continue };
        let pair: Vec<Option<ObjectId>> = fields.iter().map(|field| document.get_object_id(field).ok()).collect();
        if !seen.insert(pair) {
            item.refuse(Reason::Duplicate);
        }
    }
}

fn count_entries(items: &mut [Item]) {
    for item in items {
        if let Ok(converted) = &mut item.fate {
            let entries = i64::try_from(item.list.kept.len()).unwrap_or(i64::MAX);
            converted.document.extend(doc! { "entries": entries, "nextPosition": entries });
        }
    }
}

fn playlist_entries(item: &Item) -> impl Iterator<Item = Document> {
    let playlist = item.reference("_id");
    (0_i64..).zip(&item.list.kept).filter_map(move |(position, kept)| {
        Some(doc! { "playlist": playlist?, "video": kept.video, "position": position })
    })
}

fn history_entries(item: &Item) -> impl Iterator<Item = Document> {
    let user = item.reference("_id");
    let last = item.document().and_then(|document| document.get_datetime("updatedAt").ok());
    let known = || item.list.kept.iter().map(|kept| kept.watched_at);
    let times = last.into_iter().flat_map(move |last| watched_at(*last, known()));
    let entries = item.list.kept.iter().zip(times);
    entries.filter_map(move |(kept, time)| Some(doc! { "user": user?, "video": kept.video, "watchedAt": time }))
}

/// As much of a document as others are checked against.
fn outline(stage: Stage, document: &Document) -> Document {
    let fields = ["_id", "username", "email"].iter().chain(unique(stage));
    fields.filter_map(|field| Some(((*field).to_owned(), document.get(field)?.clone()))).collect()
}

fn raw(document: &Document) -> Result<RawDocumentBuf, OpenError> {
    Ok(RawDocumentBuf::try_from(document).map_err(Error::custom)?)
}

fn tally(items: &[Item]) -> Tally {
    let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let mut tally = Tally { read: number(items.len()), ..Tally::default() };
    for item in items {
        match &item.fate {
            Err(refusal) => {
                *tally.quarantined.entry(refusal.reason).or_default() += 1;
                if let Some(field) = refusal.field {
                    *tally.malformed.entry(field.to_owned()).or_default() += 1;
                }
            }
            Ok(converted) => {
                tally.kept += 1;
                for note in &converted.notes {
                    *tally.notes.entry(*note).or_default() += 1;
                }
                for field in &converted.unread {
                    *tally.unread.entry(field.clone()).or_default() += 1;
                }
                tally.entries_kept += number(item.list.kept.len());
                tally.entries_read += number(item.list.kept.len());
                for aside in &item.list.aside {
                    if let Some(reason) = aside.reason {
                        tally.entries_read += 1;
                        *tally.entries_quarantined.entry(reason).or_default() += 1;
                    } else {
                        tally.entries_told_more += 1;
                    }
                }
            }
        }
    }
    tally
}
