//! Signing in, staying signed in, signing out.

use std::net::IpAddr;
use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::security::{AccessClaims, IssuedToken, Password, RefreshClaims, TokenError};
use aviary_domain::session::{Refresh, Rotation, Session};
use aviary_domain::user::{Account, Email, LoginName, PasswordChange, User, Username};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{AuthFailure, Error, Noun};
use crate::input::Fields;
use crate::login_guard::{LoginGuard, Whose};
use crate::{Actor, Ports};

/// What somebody types to sign in. The e-mail address goes before the user name.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// The address.
    pub email: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
}

/// The two tokens of a session.
#[derive(Debug, Clone)]
pub struct TokenPair {
    /// For requests.
    pub access: IssuedToken,
    /// For the next pair.
    pub refresh: IssuedToken,
}

/// Somebody who has just signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// With which tokens.
    pub tokens: TokenPair,
}

/// The use cases of sessions.
#[derive(Clone)]
pub struct Sessions {
    ports: Arc<Ports>,
    guard: Arc<LoginGuard>,
}

impl Sessions {
    pub(crate) fn new(ports: Arc<Ports>, guard: Arc<LoginGuard>) -> Self {
        Self { ports, guard }
    }

    /// Opens a session. An unknown account and a wrong password are told the same, after the same work.
    pub async fn log_in(&self, login: &Login, address: IpAddr) -> Result<SignedIn, Error> {
        let (name, password) = read_login(login)?;
        let now = self.ports.clock.now();
        let account = self.ports.store.users.find_account(&name).await?;
        let whose = account.as_ref().map_or(Whose::Nobody(name), |account| Whose::User(account.user.id));
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let right = self.guard.check(&self.ports, &whose, address, password, hash).await?;
        let wrong = || Error::Unauthenticated(AuthFailure::WrongCredentials);
        let Account { user, password_hash } = account.filter(|_| right).ok_or_else(wrong)?;
        let session = self.ports.ids.next::<Session>();
        let tokens = self.issue(&user, session)?;
        let refresh = self.ports.tokens.hash_refresh(tokens.refresh.token.expose_secret());
        let expires_at = tokens.refresh.expires_at;
        let session = Session { id: session, user: user.id, refresh, created_at: now, expires_at };
        if self.ports.store.sessions.open(&session, &password_hash).await? {
            Ok(SignedIn { user, tokens })
        } else {
            // The password was changed between the check and now.
            Err(wrong())
        }
    }

    /// Who presents this access token. The store is asked for the session each time, so that a revoked one stops (see
    /// [`is_active`](aviary_domain::session::SessionRepository::is_active)).
    pub async fn authenticate(&self, token: &str) -> Result<Actor, Error> {
        let now = self.ports.clock.now();
        let claims = self.ports.tokens.read_access(token, now).map_err(refused)?;
        if self.ports.store.sessions.is_active(claims.session, claims.user, now).await? {
            Ok(Actor { user: claims.user, session: claims.session })
        } else {
            Err(Error::Unauthenticated(AuthFailure::SessionEnded))
        }
    }

    /// Exchanges a refresh token for a new pair.
    pub async fn refresh(&self, token: Option<&str>) -> Result<TokenPair, Error> {
        let token = token.ok_or(Error::Unauthenticated(AuthFailure::MissingToken))?;
        let now = self.ports.clock.now();
        let claims = self.ports.tokens.read_refresh(token, now).map_err(refused)?;
        let user = self.ports.store.users.find(claims.user).await?;
        let user = user.ok_or(Error::Unauthenticated(AuthFailure::SessionEnded))?;
        let pair = self.issue(&user, claims.session)?;
        let refresh = Refresh {
            session: claims.session,
            user: claims.user,
            presented: self.ports.tokens.hash_refresh(token),
            successor: self.ports.tokens.hash_refresh(pair.refresh.token.expose_secret()),
            now,
            expires_at: pair.refresh.expires_at,
        };
        match self.ports.store.sessions.rotate(&refresh).await? {
            Rotation::Rotated => Ok(pair),
            Rotation::Replayed => {
                tracing::warn!(session = %claims.session, user = %claims.user, "refresh token replayed, session revoked");
                Err(Error::Unauthenticated(AuthFailure::SessionEnded))
            }
            Rotation::Absent => Err(Error::Unauthenticated(AuthFailure::SessionEnded)),
        }
    }

    /// Ends the actor's session.
    pub async fn log_out(&self, actor: Actor) -> Result<(), Error> {
        Ok(self.ports.store.sessions.revoke(actor.session).await?)
    }

    /// Ends the session of a refresh token, for a device whose access token is over.
    pub async fn log_out_by_refresh(&self, token: &str) -> Result<(), Error> {
        let claims = self.ports.tokens.read_refresh(token, self.ports.clock.now()).map_err(refused)?;
        Ok(self.ports.store.sessions.revoke(claims.session).await?)
    }

    /// Sets a new password and ends every other session of the actor. Wrong old passwords count as failed logins.
    pub async fn change_password(
        &self,
        actor: Actor,
        address: IpAddr,
        old: Option<&SecretString>,
        new: Option<&SecretString>,
    ) -> Result<(), Error> {
        let mut fields = Fields::default();
        let old = fields.present("oldPassword", old.filter(|text| !text.expose_secret().is_empty()));
        let new = fields.required("newPassword", new.map(ExposeSecret::expose_secret), Password::parse);
        let (Some(old), Some(new)) = (old, new) else { return Err(fields.into_error()) };

        let expected = self.ports.store.users.password_hash(actor.user).await?;
        let expected = expected.ok_or(Error::NotFound(Noun::User))?;
        let whose = Whose::User(actor.user);
        if !self.guard.check(&self.ports, &whose, address, old, Some(expected.clone())).await? {
            return Err(Error::invalid("oldPassword", "is not the present password"));
        }
        let replacement = self.ports.hasher.hash(&new).await?;
        let now = self.ports.clock.now();
        let change = PasswordChange { user: actor.user, expected, replacement, keep: actor.session, now };
        if self.ports.store.users.change_password(&change).await? {
            Ok(())
        } else {
            // Somebody changed it between the check and now; the old password is no longer the present one.
            Err(Error::invalid("oldPassword", "is not the present password"))
        }
    }

    fn issue(&self, user: &User, session: Id<Session>) -> Result<TokenPair, Error> {
        let now = self.ports.clock.now();
        let claims = AccessClaims {
            user: user.id,
            session,
            email: user.email.as_str().to_owned(),
            username: user.username.as_str().to_owned(),
            full_name: user.full_name.as_str().to_owned(),
        };
        let internal = |error: TokenError| Error::Internal(error.into());
        let access = self.ports.tokens.issue_access(&claims, now).map_err(internal)?;
        let claims = RefreshClaims { user: user.id, session };
        let refresh = self.ports.tokens.issue_refresh(&claims, now).map_err(internal)?;
        Ok(TokenPair { access, refresh })
    }
}

fn read_login(login: &Login) -> Result<(LoginName, &SecretString), Error> {
    fn given(text: Option<&str>) -> Option<&str> {
        text.map(str::trim).filter(|text| !text.is_empty())
    }
    let mut fields = Fields::default();
    // Forms with one box send what was typed as either or as both.
    let name = given(login.email.as_deref()).or(given(login.username.as_deref())).map(|text| {
        if text.contains('@') { LoginName::Email(Email::fold(text)) } else { LoginName::Username(Username::fold(text)) }
    });
    if name.is_none() {
        fields.refuse("email", "is required, or username");
    }
    let password = login.password.as_ref().filter(|text| !text.expose_secret().is_empty());
    match (name, fields.present("password", password)) {
        (Some(name), Some(password)) => Ok((name, password)),
        _ => Err(fields.into_error()),
    }
}

fn refused(error: TokenError) -> Error {
    Error::Unauthenticated(match error {
        TokenError::Expired => AuthFailure::ExpiredToken,
        TokenError::Invalid => AuthFailure::InvalidToken,
    })
}
