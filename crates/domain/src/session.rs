//! Sessions: one for each device that signed in, continued by rotating refresh tokens.

use async_trait::async_trait;

use crate::security::{PasswordHash, TokenHash};
use crate::user::User;
use crate::{Id, StoreError, Timestamp};

/// A device that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, which every token of the session carries.
    pub id: Id<Session>,
    /// Who signed in.
    pub user: Id<User>,
    /// The hash of the refresh token that continues it.
    pub refresh: TokenHash,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it ends unless it is continued.
    pub expires_at: Timestamp,
}

/// A refresh token presented to get the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// The session that the token names.
    pub session: Id<Session>,
    /// The user that the token names.
    pub user: Id<User>,
    /// The hash of the token that was presented.
    pub presented: TokenHash,
    /// The hash of the token that is to follow.
    pub successor: TokenHash,
    /// The present.
    pub now: Timestamp,
    /// When the session ends with the new token.
    pub expires_at: Timestamp,
}

/// What became of a presented refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The successor is now the session's token.
    Rotated,
    /// The token had been used and so had its successor: somebody holds a copy. The session is revoked.
    Replayed,
    /// There is no such session, or it has ended.
    Absent,
}

/// The store of sessions.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Opens a session for somebody whose password was checked against this hash; `false`, and no session, when it is
    /// no longer the hash of the user's password.
    async fn open(&self, session: &Session, checked: &PasswordHash) -> Result<bool, StoreError>;

    /// Whether the session exists, is this user's and has not ended at `now`. One that this process has ended is not active
    /// from then on; one that another process has ended may seem active for up to five seconds more.
    async fn is_active(&self, id: Id<Session>, user: Id<User>, now: Timestamp) -> Result<bool, StoreError>;

    /// Exchanges a refresh token for its successor.
    ///
    /// The session's current token is exchanged. The token before it is exchanged too, as long as the current one was
    /// never presented: the answer that carried the current one was lost, so the successor replaces it. Any other token
    /// of the session is a replay, and the session is revoked. Of many exchanges at once, the session ends with exactly
    /// one current token.
    async fn rotate(&self, refresh: &Refresh) -> Result<Rotation, StoreError>;

    /// Ends a session. Ending one that is not there is no error.
    async fn revoke(&self, id: Id<Session>) -> Result<(), StoreError>;
}
