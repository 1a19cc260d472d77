//! Accounts and channels in MongoDB.

use std::collections::HashSet;

use async_trait::async_trait;
use aviary_domain::file::FileKey;
use aviary_domain::idempotency::Once;
use aviary_domain::security::PasswordHash;
use aviary_domain::user::{
    Account, AccountChange, Channel, LoginName, PasswordChange, User, UserImage, UserRepository, Username,
};
use aviary_domain::{Id, StoreError, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, doc};
use mongodb::options::{FindOptions, Hint, ReturnDocument};

use super::Database;
use super::access::Access;
use super::card::user;
use super::collection::{SESSIONS, SUBSCRIPTIONS, USERS};
use super::document::{Fields, date, object_id};
use super::error::TxError;
use super::file::{claim, make_due};
use super::idempotency::note;
use super::list::{any_of, pairs_in};
use super::schema::{UNIQUE_EMAIL, UNIQUE_USERNAME};

/// Accounts in MongoDB.
pub struct MongoUsers {
    database: Database,
}

impl MongoUsers {
    /// The accounts of this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl UserRepository for MongoUsers {
    async fn create(&self, account: &Account, once: Option<Once>) -> Result<(), StoreError> {
        let created = self.database.transact(&[], |tx| create(tx, account, once)).await;
        match created {
            // The indexes refuse in an order of their own, but the name is told first.
            Err(StoreError::Conflict { field: "email" }) => {
                let holder = doc! { "username": account.user.username.as_str() };
                let taken = self.database.run(|db| async move { db.exists(USERS, holder).await }).await?;
                Err(StoreError::Conflict { field: if taken { "username" } else { "email" } })
            }
            created => created,
        }
    }

    async fn find(&self, id: Id<User>) -> Result<Option<User>, StoreError> {
        let filter = doc! { "_id": object_id(id) };
        let found = self.database.run(|db| async move { db.find_one(USERS, filter).await }).await?;
        found.map(|document| user(&document)).transpose()
    }

    async fn stored_bytes(&self, id: Id<User>) -> Result<Option<u64>, StoreError> {
        let (filter, fields) = (doc! { "_id": object_id(id) }, doc! { "storedBytes": 1 });
        let found = self.database.run(|db| async move { db.find_fields(USERS, filter, fields).await }).await?;
        found.map(|user| Ok(user.optional_count("storedBytes")?.unwrap_or_default())).transpose()
    }

    async fn find_account(&self, name: &LoginName) -> Result<Option<Account>, StoreError> {
        let filter = match name {
            LoginName::Email(email) => doc! { "email": email.as_str() },
            LoginName::Username(username) => doc! { "username": username.as_str() },
        };
        let found = self.database.run(|db| async move { db.find_one(USERS, filter).await }).await?;
        found
            .map(|document| Ok(Account { user: user(&document)?, password_hash: password_hash(&document)? }))
            .transpose()
    }

    async fn password_hash(&self, id: Id<User>) -> Result<Option<PasswordHash>, StoreError> {
        let filter = doc! { "_id": object_id(id) };
        let fields = doc! { "password": 1 };
        let found = self.database.run(|db| async move { db.find_fields(USERS, filter, fields).await }).await?;
        found.map(|document| password_hash(&document)).transpose()
    }

    async fn update(&self, id: Id<User>, change: &AccountChange, now: Timestamp) -> Result<Option<User>, StoreError> {
        let mut set = doc! { "updatedAt": date(now) };
        if let Some(full_name) = &change.full_name {
            set.insert("fullName", full_name.as_str());
        }
        if let Some(email) = &change.email {
            set.insert("email", email.as_str());
        }
        let (filter, change) = (doc! { "_id": object_id(id) }, doc! { "$set": set });
        let changed = self.database.run(|db| async move {
            db.find_and_update(USERS, filter, change, ReturnDocument::After).await.map_err(name_conflict)
        });
        let changed = changed.await;
        self.database.known().people.forget(&id.bytes());
        changed?.map(|document| user(&document)).transpose()
    }

    async fn replace_image(
        &self,
        id: Id<User>,
        image: UserImage,
        file: &FileKey,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let replaced = self.database.transact(&[id.bytes()], |tx| replace_image(tx, id, image, file, now)).await;
        self.database.known().people.forget(&id.bytes());
        replaced
    }

    async fn change_password(&self, change: &PasswordChange) -> Result<bool, StoreError> {
        let changed = self.database.transact(&[change.user.bytes()], |tx| change_password(tx, change)).await;
        // It ends sessions, of which nobody here knows which.
        self.database.known().sessions.forget_all();
        changed
    }

    async fn channel(&self, username: &Username, viewer: Option<Id<User>>) -> Result<Option<Channel>, StoreError> {
        self.database.run(|db| channel(db, username, viewer)).await
    }
}

async fn create(tx: Access, account: &Account, once: Option<Once>) -> Result<(), TxError> {
    let user = &account.user;
    note(&tx, once.as_ref(), user.id.bytes()).await?;
    tx.insert(USERS, fresh(account)).await.map_err(name_conflict)?;
    claim(&tx, &user.avatar, user.created_at).await?;
    match &user.cover_image {
        Some(cover) => claim(&tx, cover, user.created_at).await,
        None => Ok(()),
    }
}

/// The document of a new account, all its counters at zero.
pub(super) fn fresh(account: &Account) -> Document {
    let user = &account.user;
    doc! {
        "_id": object_id(user.id),
        "username": user.username.as_str(),
        "email": user.email.as_str(),
        "fullName": user.full_name.as_str(),
        "password": account.password_hash.expose(),
        "avatar": user.avatar.as_str(),
        "coverImage": user.cover_image.as_ref().map_or("", FileKey::as_str),
        "createdAt": date(user.created_at),
        "updatedAt": date(user.updated_at),
        "subscribersCount": 0_i64,
        "subscriptionsCount": 0_i64,
        "videosCount": 0_i64,
        "publishedCount": 0_i64,
        "tweetsCount": 0_i64,
        "viewsReceived": 0_i64,
        "likesReceived": 0_i64,
        "commentsReceived": 0_i64,
        "storedBytes": 0_i64,
    }
}

/// What a unique index refused, by the name of the field.
fn name_conflict(error: TxError) -> TxError {
    let field = if error.is_duplicate(UNIQUE_USERNAME) {
        "username"
    } else if error.is_duplicate(UNIQUE_EMAIL) {
        "email"
    } else {
        return error;
    };
    StoreError::Conflict { field }.into()
}

async fn replace_image(
    tx: Access,
    id: Id<User>,
    image: UserImage,
    file: &FileKey,
    now: Timestamp,
) -> Result<Option<User>, TxError> {
    let field = match image {
        UserImage::Avatar => "avatar",
        UserImage::Cover => "coverImage",
    };
    let set = doc! { "$set": { field: file.as_str(), "updatedAt": date(now) } };
    let before = tx.find_and_update(USERS, doc! { "_id": object_id(id) }, set, ReturnDocument::Before).await?;
    let Some(before) = before else {
        return Ok(None);
    };
    let mut user = user(&before)?;
    let old = match image {
        UserImage::Avatar => Some(std::mem::replace(&mut user.avatar, file.clone())),
        UserImage::Cover => user.cover_image.replace(file.clone()),
    };
    user.updated_at = now;
    claim(&tx, file, now).await?;
    if let Some(old) = old {
        make_due(&tx, &old, now).await?;
    }
    Ok(Some(user))
}

async fn change_password(tx: Access, change: &PasswordChange) -> Result<bool, TxError> {
    let expected = doc! { "_id": object_id(change.user), "password": change.expected.expose() };
    let set = doc! { "$set": { "password": change.replacement.expose(), "updatedAt": date(change.now) } };
    if !tx.update(USERS, expected, set).await? {
        return Ok(false);
    }
    let others = doc! { "user": object_id(change.user), "_id": { "$ne": object_id(change.keep) } };
    tx.delete_all(SESSIONS, others).await?;
    Ok(true)
}

async fn channel(db: Access, username: &Username, viewer: Option<Id<User>>) -> Result<Option<Channel>, TxError> {
    let Some(document) = db.find_one(USERS, doc! { "username": username.as_str() }).await? else {
        return Ok(None);
    };
    let user = user(&document)?;
    let is_subscribed = match viewer {
        None => false,
        Some(viewer) => is_subscribed(&db, viewer, user.id).await?,
    };
    Ok(Some(Channel {
        user,
        subscribers_count: document.count("subscribersCount")?,
        subscriptions_count: document.count("subscriptionsCount")?,
        is_subscribed,
    }))
}

/// Whether a user subscribes to a channel.
pub(super) async fn is_subscribed(db: &Access, user: Id<User>, channel: Id<User>) -> Result<bool, TxError> {
    let pair = (object_id(channel), object_id(user));
    let found = db.ask(|asked| &asked.subscriptions, (), vec![pair], subscriptions_among).await?;
    Ok(found.contains(&pair))
}

/// Which of these pairs of a channel and a user are subscriptions.
async fn subscriptions_among(
    db: Access,
    pairs: Vec<(ObjectId, ObjectId)>,
) -> Result<HashSet<(ObjectId, ObjectId)>, TxError> {
    let pairs = pairs.into_iter().map(|(channel, user)| doc! { "channel": channel, "subscriber": user });
    let index = Hint::Keys(doc! { "channel": 1, "subscriber": 1 });
    let fields = doc! { "channel": 1, "subscriber": 1, "_id": 0 };
    let options = FindOptions::builder().projection(fields).hint(index).build();
    let found = db.find(SUBSCRIPTIONS, any_of(pairs.collect()), options).await?;
    pairs_in(&found, ["channel", "subscriber"])
}

/// Whether there is such a user.
pub(super) async fn exists(db: &Access, id: Id<User>) -> Result<bool, TxError> {
    db.exists(USERS, doc! { "_id": object_id(id) }).await
}

fn password_hash(document: &RawDocument) -> Result<PasswordHash, StoreError> {
    document.text("password").map(PasswordHash::new)
}
