//! Accounts: making one, showing it, changing it.

use std::net::IpAddr;
use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::idempotency::Once;
use aviary_domain::media::{ImageRole, Upload};
use aviary_domain::security::Password;
use aviary_domain::user::{Account, AccountChange, Channel, Email, FullName, LoginName, User, UserImage, Username};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Noun};
use crate::filing::Kept;
use crate::input::Fields;
use crate::login_guard::{LoginGuard, Whose};
use crate::once::{Creation, IdempotencyKey, Part, Sender};
use crate::quota::Storage;
use crate::{Actor, Policy, Ports, Sweeper};

/// What somebody fills in to get an account.
#[derive(Default)]
pub struct Registration {
    /// The name that people see.
    pub full_name: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
    /// The face.
    pub avatar: Option<Box<dyn Upload>>,
    /// The banner; may be left out.
    pub cover_image: Option<Box<dyn Upload>>,
}

/// What an owner changes of an account.
#[derive(Debug, Clone, Default)]
pub struct AccountEdit {
    /// The new name.
    pub full_name: Option<String>,
    /// The new address.
    pub email: Option<String>,
}

/// The use cases of accounts.
#[derive(Clone)]
pub struct Users {
    ports: Arc<Ports>,
    policy: Arc<Policy>,
    guard: Arc<LoginGuard>,
    sweeper: Sweeper,
}

impl Users {
    pub(crate) fn new(ports: Arc<Ports>, policy: Arc<Policy>, guard: Arc<LoginGuard>, sweeper: Sweeper) -> Self {
        Self { ports, policy, guard, sweeper }
    }

    /// Makes an account; with a key, once. A wrong password in a repeated request counts as a failed login.
    pub async fn register(
        &self,
        input: Registration,
        address: IpAddr,
        key: Option<&IdempotencyKey>,
    ) -> Result<Creation<User>, Error> {
        let form = read_registration(input)?;
        let parts = [
            Part::Text(form.full_name.as_str()),
            Part::Text(form.email.as_str()),
            Part::Text(form.username.as_str()),
            Part::File(Some(form.avatar.as_ref())),
            Part::File(form.cover_image.as_deref()),
        ];
        let note = self.ports.note(key, Sender::Nobody, &parts)?;
        let password = form.password.clone();
        let recall = async |id| Ok(self.ports.store.users.find(Id::from_bytes(id)).await?);
        let creation = self.ports.create_once(note, recall, self.make(form, note)).await?;
        match &creation {
            Creation::Made { .. } => {}
            Creation::Recalled { made, .. } => self.check_again(made.id, address, &password).await?,
            Creation::Answered { id, .. } => self.check_again(Id::from_bytes(*id), address, &password).await?,
        }
        Ok(creation)
    }

    /// The password is as much a part of the request as the rest, but no fingerprint may hold it: only the account can
    /// tell whether it is the same. Without it, whoever knows the rest would be shown the account; without a limit,
    /// they could guess until it is.
    async fn check_again(&self, id: Id<User>, address: IpAddr, password: &Password) -> Result<(), Error> {
        let hash = self.ports.store.users.password_hash(id).await?;
        let candidate = SecretString::from(password.expose());
        let right = self.guard.check(&self.ports, &Whose::User(id), address, &candidate, hash).await?;
        if right { Ok(()) } else { Err(Error::KeyReused) }
    }

    async fn make(&self, form: RegistrationForm, note: Option<Once>) -> Result<User, Error> {
        self.refuse_taken(&form.username, &form.email).await?;
        let avatar = self.ports.prepare_image("avatar", form.avatar, ImageRole::Avatar).await?;
        let avatar = self.ports.name_file("avatar", avatar);
        let (avatar_name, mut cover_name) = (avatar.name.clone(), None);
        let mut files = vec![avatar];
        if let Some(cover) = form.cover_image {
            let cover = self.ports.prepare_image("coverImage", cover, ImageRole::Cover).await?;
            let cover = self.ports.name_file("coverImage", cover);
            cover_name = Some(cover.name.clone());
            files.push(cover);
        }
        let password_hash = self.ports.hasher.hash(&form.password).await?;
        let (users, id, clock) = (self.ports.store.users.clone(), self.ports.ids.next(), self.ports.clock.clone());
        let row = move |kept: Kept| async move {
            let now = clock.now();
            let user = User {
                id,
                username: form.username,
                email: form.email,
                full_name: form.full_name,
                avatar: kept.key(&avatar_name),
                cover_image: cover_name.map(|name| kept.key(&name)),
                created_at: now,
                updated_at: now,
            };
            let account = Account { user, password_hash };
            Ok(users.create(&account, note).await.map(|()| account.user)?)
        };
        let outcome = self.ports.store_with_row(files, row).await;
        self.sweeper.nudge_after(&outcome);
        outcome
    }

    /// Looks whether the names are free before anything is decoded or hashed for them. The store's own check, when the
    /// account is added, is the one that counts.
    async fn refuse_taken(&self, username: &Username, email: &Email) -> Result<(), Error> {
        let names = [("username", LoginName::Username(username.clone())), ("email", LoginName::Email(email.clone()))];
        for (field, name) in names {
            if self.ports.store.users.find_account(&name).await?.is_some() {
                return Err(Error::Conflict { field });
            }
        }
        Ok(())
    }

    /// The actor's own account, and what the files of the actor's videos take.
    pub async fn current(&self, actor: Actor) -> Result<(User, Storage), Error> {
        let user = async { found(self.ports.store.users.find(actor.user).await?) };
        tokio::try_join!(user, self.ports.storage(actor.user, &self.policy))
    }

    /// Changes name or address.
    pub async fn edit(&self, actor: Actor, edit: &AccountEdit) -> Result<User, Error> {
        let mut fields = Fields::default();
        let full_name = fields.optional("fullName", edit.full_name.as_deref(), FullName::parse);
        let email = fields.optional("email", edit.email.as_deref(), Email::parse);
        if edit.full_name.is_none() && edit.email.is_none() {
            fields.refuse("fullName", "or email is required");
        }
        fields.check()?;
        let change = AccountChange { full_name, email };
        found(self.ports.store.users.update(actor.user, &change, self.ports.clock.now()).await?)
    }

    /// Replaces the face or the banner; the old file is removed.
    pub async fn replace_image(
        &self,
        actor: Actor,
        image: UserImage,
        upload: Option<Box<dyn Upload>>,
    ) -> Result<User, Error> {
        let (field, role) = match image {
            UserImage::Avatar => ("avatar", ImageRole::Avatar),
            UserImage::Cover => ("coverImage", ImageRole::Cover),
        };
        let mut fields = Fields::default();
        let Some(upload) = fields.present(field, upload) else { return Err(fields.into_error()) };
        let file = self.ports.prepare_image(field, upload, role).await?;
        let file = self.ports.name_file(field, file);
        let (users, name, clock) = (self.ports.store.users.clone(), file.name.clone(), self.ports.clock.clone());
        let row = move |kept: Kept| async move {
            found(users.replace_image(actor.user, image, &kept.key(&name), clock.now()).await?)
        };
        let outcome = self.ports.store_with_row(vec![file], row).await;
        self.sweeper.nudge();
        outcome
    }

    /// A channel's page.
    pub async fn channel(&self, username: &str, viewer: Option<Actor>) -> Result<Channel, Error> {
        let viewer = viewer.map(|actor| actor.user);
        let channel = self.ports.store.users.channel(&Username::fold(username), viewer).await?;
        channel.ok_or(Error::NotFound(Noun::Channel))
    }
}

struct RegistrationForm {
    full_name: FullName,
    email: Email,
    username: Username,
    password: Password,
    avatar: Box<dyn Upload>,
    cover_image: Option<Box<dyn Upload>>,
}

fn read_registration(input: Registration) -> Result<RegistrationForm, Error> {
    let mut fields = Fields::default();
    let full_name = fields.required("fullName", input.full_name.as_deref(), FullName::parse);
    let email = fields.required("email", input.email.as_deref(), Email::parse);
    let username = fields.required("username", input.username.as_deref(), Username::parse);
    let password = input.password.as_ref().map(ExposeSecret::expose_secret);
    let password = fields.required("password", password, Password::parse);
    let avatar = fields.present("avatar", input.avatar);
    match (full_name, email, username, password, avatar) {
        (Some(full_name), Some(email), Some(username), Some(password), Some(avatar)) => {
            Ok(RegistrationForm { full_name, email, username, password, avatar, cover_image: input.cover_image })
        }
        _ => Err(fields.into_error()),
    }
}

fn found(user: Option<User>) -> Result<User, Error> {
    user.ok_or(Error::NotFound(Noun::User))
}
