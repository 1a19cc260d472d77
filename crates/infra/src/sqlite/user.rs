//! Accounts and channels in SQLite.

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::id::RawId;
use aviary_domain::idempotency::Once;
use aviary_domain::security::PasswordHash;
use aviary_domain::user::{
    Account, AccountChange, Channel, Email, FullName, LoginName, PasswordChange, User, UserImage, UserRepository,
    Username,
};
use aviary_domain::{Id, StoreError, Timestamp};
use rusqlite::{Connection, Row, params};

use super::Database;
use super::error::SqlError;
use super::file::{claim, make_due};
use super::idempotency::note;
use super::row::{count, execute, first, id_from, key, timestamp};

/// The columns that [`user`] reads.
macro_rules! user_columns {
    () => {
        "id, username, email, full_name, avatar, cover_image, created_at, updated_at"
    };
}

/// How many columns [`user_columns`] has: where further columns of a query start.
const USER_WIDTH: usize = 8;

/// Accounts in SQLite.
pub struct SqliteUsers {
    database: Database,
}

impl SqliteUsers {
    /// The accounts of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl UserRepository for SqliteUsers {
    async fn create(&self, account: &Account, once: Option<Once>) -> Result<(), StoreError> {
        let account = account.clone();
        self.database.write(move |c| create(c, &account, once.as_ref())).await
    }

    async fn find(&self, id: Id<User>) -> Result<Option<User>, StoreError> {
        const SQL: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE id = ?1");
        self.database.read(|c| first(c, SQL, [id.bytes()], user))
    }

    async fn stored_bytes(&self, id: Id<User>) -> Result<Option<u64>, StoreError> {
        self.database.read(|c| stored_bytes(c, id))
    }

    async fn find_account(&self, name: &LoginName) -> Result<Option<Account>, StoreError> {
        const BY_EMAIL: &str = concat!("SELECT ", user_columns!(), ", password_hash FROM users WHERE email = ?1");
        const BY_USERNAME: &str = concat!("SELECT ", user_columns!(), ", password_hash FROM users WHERE username = ?1");
        let (sql, value) = match name {
            LoginName::Email(email) => (BY_EMAIL, email.as_str()),
            LoginName::Username(username) => (BY_USERNAME, username.as_str()),
        };
        self.database.read(|c| {
            first(c, sql, [value], |row| {
                Ok(Account { user: user(row)?, password_hash: PasswordHash::new(row.get(USER_WIDTH)?) })
            })
        })
    }

    async fn password_hash(&self, id: Id<User>) -> Result<Option<PasswordHash>, StoreError> {
        const SQL: &str = "SELECT password_hash FROM users WHERE id = ?1";
        self.database.read(|c| first(c, SQL, [id.bytes()], |row| row.get(0).map(PasswordHash::new)))
    }

    async fn update(&self, id: Id<User>, change: &AccountChange, now: Timestamp) -> Result<Option<User>, StoreError> {
        let change = change.clone();
        self.database.write(move |c| update(c, id, &change, now)).await
    }

    async fn replace_image(
        &self,
        id: Id<User>,
        image: UserImage,
        file: &FileKey,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let file = file.clone();
        self.database.write(move |c| replace_image(c, id, image, &file, now)).await
    }

    async fn change_password(&self, change: &PasswordChange) -> Result<bool, StoreError> {
        let change = change.clone();
        self.database.write(move |c| change_password(c, &change)).await
    }

    async fn channel(&self, username: &Username, viewer: Option<Id<User>>) -> Result<Option<Channel>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            user_columns!(),
            ", subscribers_count, subscriptions_count,
               EXISTS (SELECT 1 FROM subscriptions s WHERE s.channel = users.id AND s.subscriber = ?2)
             FROM users WHERE username = ?1"
        );
        let viewer = viewer.map(|id| id.bytes());
        self.database.read(|c| first(c, SQL, params![username.as_str(), viewer], channel))
    }
}

fn create(c: &Connection, account: &Account, once: Option<&Once>) -> Result<(), SqlError> {
    const SQL: &str = "INSERT INTO users
        (id, username, email, full_name, password_hash, avatar, cover_image, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let user = &account.user;
    note(c, once, user.id.bytes())?;
    // Nobody else writes between the questions and the insertion, and asking in turn tells the name first.
    if is_taken(c, "SELECT id FROM users WHERE username = ?1", user.username.as_str(), None)? {
        return Err(StoreError::Conflict { field: "username" }.into());
    }
    if is_email_taken(c, &user.email, None)? {
        return Err(StoreError::Conflict { field: "email" }.into());
    }
    claim(c, &user.avatar, user.created_at)?;
    if let Some(cover) = &user.cover_image {
        claim(c, cover, user.created_at)?;
    }
    let values = params![
        user.id.bytes(),
        user.username.as_str(),
        user.email.as_str(),
        user.full_name.as_str(),
        account.password_hash.expose(),
        user.avatar.as_str(),
        user.cover_image.as_ref().map(FileKey::as_str),
        user.created_at.millis(),
        user.updated_at.millis(),
    ];
    execute(c, SQL, values).map(drop)
}

fn update(c: &Connection, id: Id<User>, change: &AccountChange, now: Timestamp) -> Result<Option<User>, SqlError> {
    const SQL: &str = concat!(
        "UPDATE users SET full_name = coalesce(?2, full_name), email = coalesce(?3, email), updated_at = ?4
         WHERE id = ?1 RETURNING ",
        user_columns!()
    );
    if let Some(email) = &change.email
        && is_email_taken(c, email, Some(id))?
    {
        return Err(StoreError::Conflict { field: "email" }.into());
    }
    let full_name = change.full_name.as_ref().map(FullName::as_str);
    let email = change.email.as_ref().map(Email::as_str);
    first(c, SQL, params![id.bytes(), full_name, email, now.millis()], user)
}

fn is_email_taken(c: &Connection, email: &Email, by_other_than: Option<Id<User>>) -> Result<bool, SqlError> {
    is_taken(c, "SELECT id FROM users WHERE email = ?1", email.as_str(), by_other_than)
}

fn is_taken(c: &Connection, sql: &str, value: &str, by_other_than: Option<Id<User>>) -> Result<bool, SqlError> {
    let holder: Option<Id<User>> = first(c, sql, [value], |row| id_from(row, 0))?;
    Ok(holder.is_some() && holder != by_other_than)
}

fn replace_image(
    c: &Connection,
    id: Id<User>,
    image: UserImage,
    file: &FileKey,
    now: Timestamp,
) -> Result<Option<User>, SqlError> {
    let (old, set) = match image {
        UserImage::Avatar => (
            "SELECT avatar FROM users WHERE id = ?1",
            concat!("UPDATE users SET avatar = ?2, updated_at = ?3 WHERE id = ?1 RETURNING ", user_columns!()),
        ),
        UserImage::Cover => (
            "SELECT cover_image FROM users WHERE id = ?1",
            concat!("UPDATE users SET cover_image = ?2, updated_at = ?3 WHERE id = ?1 RETURNING ", user_columns!()),
        ),
    };
    let Some(old) = first(c, old, [id.bytes()], |row| row.get::<_, Option<String>>(0))? else {
        return Ok(None);
    };
    claim(c, file, now)?;
    if let Some(old) = old {
        make_due(c, &FileKey::from_stored(old), now)?;
    }
    first(c, set, params![id.bytes(), file.as_str(), now.millis()], user)
}

fn change_password(c: &Connection, change: &PasswordChange) -> Result<bool, SqlError> {
    const SET: &str = "UPDATE users SET password_hash = ?3, updated_at = ?4 WHERE id = ?1 AND password_hash = ?2";
    const REVOKE: &str = "DELETE FROM sessions WHERE user = ?1 AND id <> ?2";
    let user = change.user.bytes();
    let (expected, replacement) = (change.expected.expose(), change.replacement.expose());
    if execute(c, SET, params![user, expected, replacement, change.now.millis()])? == 0 {
        return Ok(false);
    }
    execute(c, REVOKE, params![user, change.keep.bytes()])?;
    Ok(true)
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: id_from(row, 0)?,
        username: Username::fold(row.get_ref(1)?.as_str()?),
        email: Email::fold(row.get_ref(2)?.as_str()?),
        full_name: FullName::from_stored(row.get(3)?),
        avatar: key(row, 4)?,
        cover_image: row.get::<_, Option<String>>(5)?.map(FileKey::from_stored),
        created_at: timestamp(row, 6)?,
        updated_at: timestamp(row, 7)?,
    })
}

fn channel(row: &Row<'_>) -> rusqlite::Result<Channel> {
    Ok(Channel {
        user: user(row)?,
        subscribers_count: count(row, USER_WIDTH)?,
        subscriptions_count: count(row, USER_WIDTH + 1)?,
        is_subscribed: row.get(USER_WIDTH + 2)?,
    })
}

/// How many bytes a user's videos have.
pub(super) fn stored_bytes(c: &Connection, id: Id<User>) -> Result<Option<u64>, SqlError> {
    first(c, "SELECT stored_bytes FROM users WHERE id = ?1", [id.bytes()], |row| count(row, 0))
}

/// Whether there is such a user.
pub(super) fn exists(c: &Connection, id: Id<User>) -> Result<bool, SqlError> {
    let found = first(c, "SELECT id FROM users WHERE id = ?1", [id.bytes()], |row| row.get::<_, RawId>(0))?;
    Ok(found.is_some())
}
