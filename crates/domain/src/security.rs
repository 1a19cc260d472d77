//! Passwords, tokens and randomness: what the use cases need of cryptography, as ports.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::error::Cause;
use crate::session::Session;
use crate::user::User;
use crate::{Id, InvalidValue, Timestamp};

/// A password that somebody wants to set: 8 characters or more, 71 bytes of UTF-8 or fewer. Never printed.
///
/// bcrypt looks at 72 bytes and ends the text with a zero; a longer password would silently lose its end, so it is refused.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// The fewest characters.
    pub const MIN_CHARS: usize = 8;
    /// The most bytes of UTF-8.
    pub const MAX_BYTES: usize = 71;

    /// Checks the length; every character counts, spaces at the ends too.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text.is_empty() {
            return Err(InvalidValue::new("is required"));
        }
        if text.chars().count() < Self::MIN_CHARS {
            return Err(InvalidValue::new("must have at least 8 characters"));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidValue::new("must have at most 71 bytes"));
        }
        if text.contains('\0') {
            return Err(InvalidValue::new("must not contain a zero character"));
        }
        Ok(Self(SecretString::from(text)))
    }

    /// The text, for the hasher.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A bcrypt hash in its modular crypt form (`$2b$…`). Never printed.
#[derive(Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// Takes a hash from a hasher or a store.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text, for a store or a hasher.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Why no hash was made or checked.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many passwords are being hashed already; try again in a moment.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The hasher failed.
    #[error("the password hasher failed")]
    Failed(#[source] Cause),
}

/// Slow hashing, away from the threads that serve requests.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password under a fresh salt.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError>;

    /// Whether the candidate is the password behind the hash. Without a hash it does the same work and says no, so
    /// that time does not tell whether an account exists.
    async fn verify(&self, candidate: &SecretString, hash: Option<PasswordHash>) -> Result<bool, HashError>;
}

/// The SHA-256 of a refresh token, the only form in which one is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// What an access token says. The profile parts are for clients that read tokens; the server trusts only the ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Whose token it is.
    pub user: Id<User>,
    /// The session that it lives and dies with.
    pub session: Id<Session>,
    /// The e-mail address at the time of issue.
    pub email: String,
    /// The user name at the time of issue.
    pub username: String,
    /// The full name at the time of issue.
    pub full_name: String,
}

/// What a refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshClaims {
    /// Whose token it is.
    pub user: Id<User>,
    /// The session that it continues.
    pub session: Id<Session>,
}

/// Why a token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was ours, but its time is over.
    #[error("the token has expired")]
    Expired,
    /// It is not a token of ours of this kind.
    #[error("the token is not valid")]
    Invalid,
}

/// A signed token with its end.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The token itself.
    pub token: SecretString,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Signs and reads tokens. An access token never passes as a refresh token, nor the other way round.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait Tokens: Send + Sync {
    /// Signs an access token.
    fn issue_access(&self, claims: &AccessClaims, now: Timestamp) -> Result<IssuedToken, TokenError>;

    /// Checks and reads an access token.
    fn read_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;

    /// Signs a refresh token; two tokens of one session are never equal.
    fn issue_refresh(&self, claims: &RefreshClaims, now: Timestamp) -> Result<IssuedToken, TokenError>;

    /// Checks and reads a refresh token.
    fn read_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenError>;

    /// The hash under which a refresh token is stored.
    fn hash_refresh(&self, token: &str) -> TokenHash;
}

/// An anonymous viewer: a salted hash of address and user agent, from which neither can be recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GuestKey(pub [u8; 16]);

/// Randomness and keyed hashing.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait Entropy: Send + Sync {
    /// 128 bits that nobody can guess.
    fn unguessable(&self) -> [u8; 16];

    /// The key of an anonymous viewer; the same for the same address and user agent.
    fn guest_key(&self, address: IpAddr, user_agent: &str) -> GuestKey;
}
