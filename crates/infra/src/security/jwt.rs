//! Access and refresh tokens as JSON Web Tokens, HS256 alone. Whether a session still lives is not asked here.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::security::{AccessClaims, IssuedToken, RefreshClaims, TokenError, TokenHash, Tokens};
use aviary_domain::{Id, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::system::random_bytes;

/// What tokens are signed with and how long they live.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// Signs access tokens.
    pub access_secret: SecretString,
    /// Signs refresh tokens.
    pub refresh_secret: SecretString,
    /// The life of an access token.
    pub access_life: Duration,
    /// The life of a refresh token.
    pub refresh_life: Duration,
}

/// What a token is for. It stands in the token, so that neither kind passes as the other even under one secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Access,
    Refresh,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessBody {
    #[serde(rename = "_id")]
    id: String,
    email: String,
    username: String,
    full_name: String,
    sid: String,
    #[serde(rename = "typ")]
    kind: Kind,
    iat: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct RefreshBody {
    #[serde(rename = "_id")]
    id: String,
    sid: String,
    /// Random, so that two tokens of one session and second differ.
    jti: String,
    #[serde(rename = "typ")]
    kind: Kind,
    iat: i64,
    exp: i64,
}

/// Signs and reads JSON Web Tokens.
pub struct JwtTokens {
    access: Signer,
    refresh: Signer,
    validation: Validation,
    /// Access tokens whose signature was checked, with what they say and until when. A browser sends the same one with
    /// every request; that it is signed stays true, and nothing else is concluded from standing here.
    read: Cache<String, Arc<(AccessClaims, i64)>>,
}

/// How many access tokens are remembered, and for how long after they were last seen.
const REMEMBERED: u64 = 10_000;
const REMEMBERED_FOR: Duration = Duration::from_mins(10);

struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    life: Duration,
}

impl Signer {
    fn new(secret: &SecretString, life: Duration) -> Self {
        let secret = secret.expose_secret().as_bytes();
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret), life }
    }

    fn end(&self, now: Timestamp) -> i64 {
        now.after(self.life).seconds()
    }

    fn sign(&self, body: &impl Serialize, end: i64) -> Result<IssuedToken, TokenError> {
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), body, &self.encoding);
        let token = token.map_err(|cause| {
            tracing::error!(%cause, "a token was not signed");
            TokenError::Invalid
        })?;
        Ok(IssuedToken { token: token.into(), expires_at: Timestamp::from_millis(end.saturating_mul(1000)) })
    }
}

impl JwtTokens {
    /// Tokens under these secrets.
    pub fn new(settings: &JwtSettings) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        // The crate reads the system's clock; time is a port here, so `exp` is compared below.
        validation.validate_exp = false;
        Self {
            access: Signer::new(&settings.access_secret, settings.access_life),
            refresh: Signer::new(&settings.refresh_secret, settings.refresh_life),
            validation,
            read: Cache::builder().max_capacity(REMEMBERED).time_to_idle(REMEMBERED_FOR).build(),
        }
    }

    /// The body of a token that we signed, whatever its age.
    fn open<B: DeserializeOwned>(&self, token: &str, signer: &Signer) -> Result<B, TokenError> {
        let opened = jsonwebtoken::decode::<B>(token, &signer.decoding, &self.validation);
        opened.map(|opened| opened.claims).map_err(|_| TokenError::Invalid)
    }
}

impl Tokens for JwtTokens {
    fn issue_access(&self, claims: &AccessClaims, now: Timestamp) -> Result<IssuedToken, TokenError> {
        let end = self.access.end(now);
        let body = AccessBody {
            id: claims.user.to_string(),
            email: claims.email.clone(),
            username: claims.username.clone(),
            full_name: claims.full_name.clone(),
            sid: claims.session.to_string(),
            kind: Kind::Access,
            iat: now.seconds(),
            exp: end,
        };
        self.access.sign(&body, end)
    }

    fn read_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        if let Some(read) = self.read.get(token) {
            check(true, read.1, now)?;
            return Ok(read.0.clone());
        }
        let body: AccessBody = self.open(token, &self.access)?;
        check(body.kind == Kind::Access, body.exp, now)?;
        let claims = AccessClaims {
            user: id(&body.id)?,
            session: id(&body.sid)?,
            email: body.email,
            username: body.username,
            full_name: body.full_name,
        };
        self.read.insert(token.to_owned(), Arc::new((claims.clone(), body.exp)));
        Ok(claims)
    }

    fn issue_refresh(&self, claims: &RefreshClaims, now: Timestamp) -> Result<IssuedToken, TokenError> {
        let end = self.refresh.end(now);
        let body = RefreshBody {
            id: claims.user.to_string(),
            sid: claims.session.to_string(),
            jti: URL_SAFE_NO_PAD.encode(random_bytes::<16>()),
            kind: Kind::Refresh,
            iat: now.seconds(),
            exp: end,
        };
        self.refresh.sign(&body, end)
    }

    fn read_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenError> {
        let body: RefreshBody = self.open(token, &self.refresh)?;
        check(body.kind == Kind::Refresh, body.exp, now)?;
        Ok(RefreshClaims { user: id(&body.id)?, session: id(&body.sid)? })
    }

    fn hash_refresh(&self, token: &str) -> TokenHash {
        TokenHash(Sha256::digest(token).into())
    }
}

/// A token of the right kind works up to, and not at, its end: sessions end at the same instant.
fn check(kind: bool, end: i64, now: Timestamp) -> Result<(), TokenError> {
    match (kind, now.seconds() < end) {
        (false, _) => Err(TokenError::Invalid),
        (true, false) => Err(TokenError::Expired),
        (true, true) => Ok(()),
    }
}

fn id<T>(text: &str) -> Result<Id<T>, TokenError> {
    Id::parse(text).map_err(|_| TokenError::Invalid)
}

#[cfg(test)]
mod tests;
