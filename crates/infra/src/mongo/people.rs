//! Who stands on cards and beside videos. Nearly every page shows somebody, mostly the same few, so they are remembered
//! for a moment ([`Known`](super::known::Known)).

use std::collections::HashMap;
use std::sync::Arc;

use aviary_domain::id::RawId;
use aviary_domain::user::{User, UserCard};
use aviary_domain::{Id, StoreError};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};

use super::access::Access;
use super::card::{user_card, user_card_fields};
use super::collection::USERS;
use super::document::{Fields, object_id};
use super::error::TxError;
use super::list::by_id;

/// A user as others see them.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) card: UserCard,
    pub(super) subscribers: u64,
}

impl Person {
    fn read(document: &RawDocument) -> Result<Self, StoreError> {
        Ok(Self { card: user_card(document)?, subscribers: document.count("subscribersCount")? })
    }
}

fn fields() -> Document {
    let mut fields = user_card_fields();
    fields.insert("subscribersCount", 1);
    fields
}

/// One of them, if there is such a user.
pub(super) async fn find(db: &Access, id: Id<User>) -> Result<Option<Arc<Person>>, TxError> {
    Ok(find_all(db, [id]).await?.remove(&id.bytes()))
}

/// The card of a user who is there because something is theirs: nobody's account ends.
pub(super) async fn card(db: &Access, id: Id<User>) -> Result<UserCard, TxError> {
    card_of(&find_all(db, [id]).await?, id)
}

/// The same among those that were found.
pub(super) fn card_of(people: &HashMap<RawId, Arc<Person>>, id: Id<User>) -> Result<UserCard, TxError> {
    let person = people.get(&id.bytes()).ok_or_else(|| StoreError::backend("the owner of something is missing"))?;
    Ok(person.card.clone())
}

/// Those of these users that there are, in one query for all that are not remembered.
///
/// They are read beside the transaction or snapshot: what is kept must not be older than the moment it is asked for.
pub(super) async fn find_all(
    db: &Access,
    ids: impl IntoIterator<Item = Id<User>>,
) -> Result<HashMap<RawId, Arc<Person>>, TxError> {
    let known = &db.known().people;
    let mut found = HashMap::new();
    let mut unknown = Vec::new();
    for id in ids {
        let key = id.bytes();
        if found.contains_key(&key) || unknown.contains(&object_id(id)) {
            continue;
        }
        match known.get(&key) {
            Some(person) => _ = found.insert(key, person),
            None => unknown.push(object_id(id)),
        }
    }
    if unknown.is_empty() {
        return Ok(found);
    }
    let asked = known.before();
    let answers = db.outside().ask(|asked| &asked.people, (), unknown.clone(), read).await?;
    for document in unknown.iter().filter_map(|id| answers.get(id)) {
        let person = Arc::new(Person::read(document)?);
        let key = person.card.id.bytes();
        known.keep(asked, &key, Arc::clone(&person));
        found.insert(key, person);
    }
    Ok(found)
}

async fn read(db: Access, ids: Vec<ObjectId>) -> Result<HashMap<ObjectId, RawDocumentBuf>, TxError> {
    by_id(db.find_all(USERS, ids, fields()).await?)
}

/// Whose this document of a collection is, if it is there; one that was deleted a while ago may be taken for there.
pub(super) async fn owner(db: &Access, collection: &str, id: ObjectId) -> Result<Option<RawId>, TxError> {
    let known = &db.known().owners;
    if let Some(owner) = known.get(&id.bytes()) {
        return Ok(Some(owner));
    }
    let asked = known.before();
    let found = db.find_fields(collection, doc! { "_id": id }, doc! { "owner": 1 }).await?;
    let owner = found.map(|found| found.id::<User>("owner")).transpose()?.map(|owner| owner.bytes());
    if let Some(owner) = owner {
        known.keep(asked, &id.bytes(), owner);
    }
    Ok(owner)
}
