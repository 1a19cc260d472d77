//! Users and the channels they are.

use async_trait::async_trait;
use validator::ValidateEmail;

use crate::file::FileKey;
use crate::idempotency::Once;
use crate::security::PasswordHash;
use crate::session::Session;
use crate::text::text_value;
use crate::{Id, InvalidValue, StoreError, Timestamp};

/// A user name: 1 to 30 of `a`–`z`, `0`–`9`, `_`, `.`, `-`, folded to lower case, with a letter or digit first. It
/// stands in URLs and is unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", try_from = "String")
)]
pub struct Username(String);

impl Username {
    /// Trims, folds and checks.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let folded = text.trim().to_lowercase();
        if folded.is_empty() {
            return Err(InvalidValue::new("is required"));
        }
        let sound = folded.len() <= 30
            && folded.starts_with(|c: char| c.is_ascii_alphanumeric())
            && folded.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if sound {
            Ok(Self(folded))
        } else {
            Err(InvalidValue::new(
                "must have 1 to 30 of the characters a-z, 0-9, '_', '.' and '-', a letter or digit first",
            ))
        }
    }

    /// Takes a name back from a store, or one to look up: trimmed and folded, whatever its characters.
    pub fn fold(text: &str) -> Self {
        Self(text.trim().to_lowercase())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address as HTML's `input type=email` takes it, at most 254 characters, folded to lower case; unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", try_from = "String")
)]
pub struct Email(String);

impl Email {
    /// Trims, folds and checks.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let folded = text.trim().to_lowercase();
        if folded.is_empty() {
            return Err(InvalidValue::new("is required"));
        }
        if folded.len() <= 254 && folded.is_ascii() && folded.validate_email() {
            Ok(Self(folded))
        } else {
            Err(InvalidValue::new("must be an e-mail address"))
        }
    }

    /// Takes an address back from a store, or one to look up: trimmed and folded, whatever its form.
    pub fn fold(text: &str) -> Self {
        Self(text.trim().to_lowercase())
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

impl TryFrom<String> for Username {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

text_value! {
    /// The name that people see: 1 to 100 characters of any script.
    FullName, 1..=100
}

/// An account and its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct User {
    /// The id.
    pub id: Id<User>,
    /// The unique name.
    pub username: Username,
    /// The unique address; shown to its owner alone.
    pub email: Email,
    /// The name that people see.
    pub full_name: FullName,
    /// The face.
    pub avatar: FileKey,
    /// The banner, if there is one.
    pub cover_image: Option<FileKey>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed by its owner.
    pub updated_at: Timestamp,
}

/// A user as others see one beside what they made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct UserCard {
    /// The id.
    pub id: Id<User>,
    /// The unique name.
    pub username: Username,
    /// The name that people see.
    pub full_name: FullName,
    /// The face.
    pub avatar: FileKey,
}

/// A channel's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Whose channel it is.
    pub user: User,
    /// How many users subscribe to it.
    pub subscribers_count: u64,
    /// How many channels its owner subscribes to.
    pub subscriptions_count: u64,
    /// Whether the viewer subscribes to it.
    pub is_subscribed: bool,
}

/// A new account with its password.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The hash of the password.
    pub password_hash: PasswordHash,
}

/// How somebody who signs in names the account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LoginName {
    /// By address.
    Email(Email),
    /// By user name.
    Username(Username),
}

/// What an owner changes of an account; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountChange {
    /// The new name.
    pub full_name: Option<FullName>,
    /// The new address.
    pub email: Option<Email>,
}

/// Which picture of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserImage {
    /// The face.
    Avatar,
    /// The banner.
    Cover,
}

/// A change of password.
#[derive(Debug, Clone, PartialEq)]
pub struct PasswordChange {
    /// Whose.
    pub user: Id<User>,
    /// The hash that the old password was checked against.
    pub expected: PasswordHash,
    /// The hash of the new password.
    pub replacement: PasswordHash,
    /// The session that stays.
    pub keep: Id<Session>,
    /// The present.
    pub now: Timestamp,
}

/// The store of accounts.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// Adds an account and claims its pictures. A taken user name is `Conflict { field: "username" }`, a taken address
    /// `Conflict { field: "email" }` (the name is told first when both are taken); of many at once exactly one is added.
    async fn create(&self, account: &Account, once: Option<Once>) -> Result<(), StoreError>;

    /// The user with this id.
    async fn find(&self, id: Id<User>) -> Result<Option<User>, StoreError>;

    /// How many bytes the films and stills of a user's videos have; pictures of the account are not counted. `None` when there
    /// is no such user.
    async fn stored_bytes(&self, id: Id<User>) -> Result<Option<u64>, StoreError>;

    /// The account that somebody signs in to.
    async fn find_account(&self, name: &LoginName) -> Result<Option<Account>, StoreError>;

    /// The hash of a user's password.
    async fn password_hash(&self, id: Id<User>) -> Result<Option<PasswordHash>, StoreError>;

    /// Changes name and address and answers with the user as changed; a taken address is `Conflict { field: "email" }`.
    async fn update(&self, id: Id<User>, change: &AccountChange, now: Timestamp) -> Result<Option<User>, StoreError>;

    /// Sets a picture: claims the new file and makes the old one due, in one step.
    async fn replace_image(
        &self,
        id: Id<User>,
        image: UserImage,
        file: &FileKey,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// Sets the password and revokes every other session of the user, in one step; `false`, and no change, when the
    /// stored hash is no longer the expected one.
    async fn change_password(&self, change: &PasswordChange) -> Result<bool, StoreError>;

    /// The channel of a user name as a viewer sees it.
    async fn channel(&self, username: &Username, viewer: Option<Id<User>>) -> Result<Option<Channel>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::{Email, Username};

    #[test]
    fn names_are_trimmed_and_folded() {
        assert_eq!(Username::parse("  Ada.L-1_x ").map(|u| u.0), Ok("ada.l-1_x".to_owned()));
        assert_eq!(Email::parse(" Ada@Example.ORG ").map(|e| e.0), Ok("ada@example.org".to_owned()));
    }

    #[test]
    fn names_that_would_break_urls_or_fool_the_eye_are_refused() {
        for text in ["", " ", "a b", "a/b", "..", ".a", "🎉", "אבג", "аda", "a\u{202E}b", "a%2f", &"a".repeat(31)]
        {
            assert!(Username::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "a", "a@", "@b.c", "a@b c.d", "a\0@b.cd", "é@b.cd", &format!("{}@b.cd", "a".repeat(300))] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }
}
