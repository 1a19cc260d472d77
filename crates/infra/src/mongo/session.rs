//! Sessions in MongoDB.

use async_trait::async_trait;
use aviary_domain::id::RawId;
use aviary_domain::security::PasswordHash;
use aviary_domain::session::{Refresh, Rotation, Session, SessionRepository};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::{Document, doc};

use super::Database;
use super::access::Access;
use super::collection::{SESSIONS, USERS};
use super::document::{Fields, binary, date, object_id};
use super::error::TxError;

/// Sessions in MongoDB.
pub struct MongoSessions {
    database: Database,
}

impl MongoSessions {
    /// The sessions of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SessionRepository for MongoSessions {
    async fn open(&self, session: &Session, checked: &PasswordHash) -> Result<bool, StoreError> {
        self.database.transact(&[session.user.bytes()], |tx| open(tx, session, checked)).await
    }

    async fn is_active(&self, id: Id<Session>, user: Id<User>, now: Timestamp) -> Result<bool, StoreError> {
        let known = &self.database.known().sessions;
        let is_active = |(holder, end): (RawId, Timestamp)| holder == user.bytes() && end > now;
        if let Some(session) = known.get(&id.bytes()) {
            return Ok(is_active(session));
        }
        let asked = known.before();
        let (filter, fields) = (doc! { "_id": object_id(id) }, doc! { "user": 1, "expiresAt": 1 });
        let found = self.database.run(|db| async move { db.find_fields(SESSIONS, filter, fields).await }).await?;
        let Some(found) = found else { return Ok(false) };
        let session = (found.id::<User>("user")?.bytes(), found.time("expiresAt")?);
        known.keep(asked, &id.bytes(), session);
        Ok(is_active(session))
    }

    async fn rotate(&self, refresh: &Refresh) -> Result<Rotation, StoreError> {
        let rotated = self.database.run(|db| rotate(db, refresh)).await;
        self.database.known().sessions.forget(&refresh.session.bytes());
        rotated
    }

    async fn revoke(&self, id: Id<Session>) -> Result<(), StoreError> {
        let filter = doc! { "_id": object_id(id) };
        let revoked = self.database.run(|db| async move { db.delete(SESSIONS, filter).await.map(drop) }).await;
        self.database.known().sessions.forget(&id.bytes());
        revoked
    }
}

async fn open(tx: Access, session: &Session, checked: &PasswordHash) -> Result<bool, TxError> {
    // Only a real change of the user collides with a change of password at the same time, which would otherwise
    // revoke the sessions of its snapshot and leave this one.
    let holder = doc! { "_id": object_id(session.user), "password": checked.expose() };
    if !tx.update(USERS, holder, doc! { "$inc": { "sessionsOpened": 1_i64 } }).await? {
        return Ok(false);
    }
    let document = doc! {
        "_id": object_id(session.id),
        "user": object_id(session.user),
        "refresh": binary(&session.refresh.0),
        "createdAt": date(session.created_at),
        "expiresAt": date(session.expires_at),
    };
    tx.insert(SESSIONS, document).await?;
    Ok(true)
}

/// Each step is one atomic write whose filter holds the session's state. A token that is neither the current one nor
/// the one before never becomes one of them again, so nothing can come between the refusal and the revocation.
async fn rotate(db: Access, refresh: &Refresh) -> Result<Rotation, TxError> {
    let session = active(refresh.session, refresh.user, refresh.now);
    let presented = binary(&refresh.presented.0);
    let mut known = session.clone();
    known.insert("$or", vec![doc! { "refresh": presented.clone() }, doc! { "previous": presented.clone() }]);
    // Whichever of the two was presented is from now on the one before the current: presented again, it is again
    // an answer that got lost, as long as the successor was not seen.
    let successor = doc! { "$set": {
        "refresh": binary(&refresh.successor.0), "previous": presented, "expiresAt": date(refresh.expires_at),
    } };
    if db.update(SESSIONS, known, successor).await? {
        return Ok(Rotation::Rotated);
    }
    Ok(if db.delete(SESSIONS, session).await? { Rotation::Replayed } else { Rotation::Absent })
}

fn active(id: Id<Session>, user: Id<User>, now: Timestamp) -> Document {
    doc! { "_id": object_id(id), "user": object_id(user), "expiresAt": { "$gt": date(now) } }
}
