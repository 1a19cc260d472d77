//! Sessions in SQLite.

use async_trait::async_trait;
use aviary_domain::security::{PasswordHash, TokenHash};
use aviary_domain::session::{Refresh, Rotation, Session, SessionRepository};
use aviary_domain::user::User;
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, params};

use super::Database;
use super::error::SqlError;
use super::row::{execute, first};

/// Sessions in SQLite.
pub struct SqliteSessions {
    database: Database,
}

impl SqliteSessions {
    /// The sessions of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SessionRepository for SqliteSessions {
    async fn open(&self, session: &Session, checked: &PasswordHash) -> Result<bool, StoreError> {
        let (session, checked) = (session.clone(), checked.clone());
        self.database.write(move |c| open(c, &session, &checked)).await
    }

    async fn is_active(&self, id: Id<Session>, user: Id<User>, now: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT 1 FROM sessions WHERE id = ?1 AND user = ?2 AND expires_at > ?3";
        let values = params![id.bytes(), user.bytes(), now.millis()];
        self.database.read(|c| Ok(first(c, SQL, values, |_| Ok(()))?.is_some()))
    }

    async fn rotate(&self, refresh: &Refresh) -> Result<Rotation, StoreError> {
        let refresh = *refresh;
        self.database.write(move |c| rotate(c, &refresh)).await
    }

    async fn revoke(&self, id: Id<Session>) -> Result<(), StoreError> {
        self.database.write(move |c| revoke(c, id)).await
    }
}

fn open(c: &Connection, session: &Session, checked: &PasswordHash) -> Result<bool, SqlError> {
    const SQL: &str = "INSERT INTO sessions (id, user, refresh, created_at, expires_at)
         SELECT ?1, id, ?3, ?4, ?5 FROM users WHERE id = ?2 AND password_hash = ?6";
    let values = params![
        session.id.bytes(),
        session.user.bytes(),
        session.refresh.0,
        session.created_at.millis(),
        session.expires_at.millis(),
        checked.expose(),
    ];
    Ok(execute(c, SQL, values)? > 0)
}

fn rotate(c: &Connection, refresh: &Refresh) -> Result<Rotation, SqlError> {
    const FIND: &str = "SELECT refresh, previous FROM sessions WHERE id = ?1 AND user = ?2 AND expires_at > ?3";
    // Whichever of the two was presented is from now on the one before the current: presented again, it is again
    // an answer that got lost, as long as the successor was not seen.
    const ROTATE: &str = "UPDATE sessions SET refresh = ?2, previous = ?3, expires_at = ?4 WHERE id = ?1";
    let session = refresh.session.bytes();
    let tokens = first(c, FIND, params![session, refresh.user.bytes(), refresh.now.millis()], |row| {
        Ok((row.get(0).map(TokenHash)?, row.get::<_, Option<[u8; 32]>>(1)?.map(TokenHash)))
    })?;
    let Some((current, previous)) = tokens else {
        return Ok(Rotation::Absent);
    };
    if refresh.presented != current && Some(refresh.presented) != previous {
        revoke(c, refresh.session)?;
        return Ok(Rotation::Replayed);
    }
    let values = params![session, refresh.successor.0, refresh.presented.0, refresh.expires_at.millis()];
    execute(c, ROTATE, values)?;
    Ok(Rotation::Rotated)
}

fn revoke(c: &Connection, id: Id<Session>) -> Result<(), SqlError> {
    execute(c, "DELETE FROM sessions WHERE id = ?1", [id.bytes()]).map(drop)
}
