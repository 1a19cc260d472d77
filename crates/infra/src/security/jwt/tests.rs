//! What tokens hold, when they end, and what does not pass as one.

use std::time::Duration;

use aviary_domain::security::{AccessClaims, RefreshClaims, TokenError, Tokens};
use aviary_domain::{Id, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{JwtSettings, JwtTokens};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_500);
const SECRET: &str = "one secret for both kinds, 32 bytes or more";

fn tokens() -> JwtTokens {
    JwtTokens::new(&JwtSettings {
        access_secret: SecretString::from(SECRET),
        refresh_secret: SecretString::from(SECRET),
        access_life: Duration::from_mins(15),
        refresh_life: Duration::from_hours(240),
    })
}

fn access_claims() -> AccessClaims {
    AccessClaims {
        user: Id::from_bytes([7; 12]),
        session: Id::from_bytes([9; 12]),
        email: "ada@example.org".to_owned(),
        username: "ada".to_owned(),
        full_name: "Ada Lovelace 🎉".to_owned(),
    }
}

fn refresh_claims() -> RefreshClaims {
    RefreshClaims { user: Id::from_bytes([7; 12]), session: Id::from_bytes([9; 12]) }
}

fn body(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn sign(header: &Header, body: &Value) -> String {
    jsonwebtoken::encode(header, body, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

#[test]
fn an_access_token_says_what_the_contract_lists() {
    let issued = tokens().issue_access(&access_claims(), NOW).unwrap();
    let expected = json!({
        "_id": "07".repeat(12), "sid": "09".repeat(12), "email": "ada@example.org", "username": "ada",
        "fullName": "Ada Lovelace 🎉", "typ": "access", "iat": 1_700_000_000, "exp": 1_700_000_900,
    });
    assert_eq!(body(issued.token.expose_secret()), expected);
    assert_eq!(issued.expires_at, Timestamp::from_millis(1_700_000_900_000));
    assert_eq!(tokens().read_access(issued.token.expose_secret(), NOW), Ok(access_claims()));
}

#[test]
fn refresh_tokens_of_one_session_differ() {
    let tokens = tokens();
    let (one, two) = (tokens.issue_refresh(&refresh_claims(), NOW), tokens.issue_refresh(&refresh_claims(), NOW));
    let (one, two) = (one.unwrap().token, two.unwrap().token);
    assert_ne!(one.expose_secret(), two.expose_secret());
    assert_ne!(tokens.hash_refresh(one.expose_secret()), tokens.hash_refresh(two.expose_secret()));
    assert_eq!(tokens.read_refresh(two.expose_secret(), NOW), Ok(refresh_claims()));
}

#[test]
fn neither_kind_passes_as_the_other() {
    let tokens = tokens();
    let access = tokens.issue_access(&access_claims(), NOW).unwrap().token;
    let refresh = tokens.issue_refresh(&refresh_claims(), NOW).unwrap().token;
    assert_eq!(tokens.read_refresh(access.expose_secret(), NOW), Err(TokenError::Invalid));
    assert_eq!(tokens.read_access(refresh.expose_secret(), NOW), Err(TokenError::Invalid));
    let mut hybrid = body(access.expose_secret());
    hybrid["jti"] = json!("x");
    assert_eq!(tokens.read_refresh(&sign(&Header::default(), &hybrid), NOW), Err(TokenError::Invalid));
}

#[test]
fn a_token_works_up_to_its_end() {
    let tokens = tokens();
    let access = tokens.issue_access(&access_claims(), NOW).unwrap();
    let read = |at| tokens.read_access(access.token.expose_secret(), at);
    assert!(read(access.expires_at.before(Duration::from_millis(1))).is_ok());
    assert_eq!(read(access.expires_at), Err(TokenError::Expired));
}

#[test]
fn what_we_did_not_sign_is_refused() {
    let tokens = tokens();
    let issued = tokens.issue_access(&access_claims(), NOW).unwrap().token;
    let good = issued.expose_secret();
    let claims = body(good);
    let unsigned =
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#), good.split('.').nth(1).unwrap());
    let other = jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(b"another")).unwrap();
    let wrong_algorithm = sign(&Header::new(Algorithm::HS512), &claims);
    let last = if good.ends_with('A') { 'B' } else { 'A' };
    let tampered = format!("{}{last}", &good[..good.len() - 1]);
    for token in ["", ".", "..", "a.b.c", "🎉", &unsigned, &other, &wrong_algorithm, &tampered, &good[1..]] {
        assert_eq!(tokens.read_access(token, NOW), Err(TokenError::Invalid), "{token}");
    }
}

#[test]
fn every_claim_is_required_and_sound() {
    let tokens = tokens();
    let issued = tokens.issue_access(&access_claims(), NOW).unwrap();
    let claims = body(issued.token.expose_secret());
    assert!(tokens.read_access(&sign(&Header::default(), &claims), NOW).is_ok());
    for field in ["_id", "sid", "typ", "exp", "iat", "email", "username", "fullName"] {
        for wrong in [None, Some(json!(null)), Some(json!({})), Some(json!("nonsense\u{0}"))] {
            if matches!(&wrong, Some(text) if text.is_string()) && ["email", "username", "fullName"].contains(&field) {
                continue;
            }
            let mut broken = claims.clone();
            match wrong {
                Some(value) => broken[field] = value,
                None => drop(broken.as_object_mut().unwrap().remove(field)),
            }
            let outcome = tokens.read_access(&sign(&Header::default(), &broken), NOW);
            assert_eq!(outcome, Err(TokenError::Invalid), "{field}");
        }
    }
}

#[test]
fn secrets_do_not_print() {
    let settings = JwtSettings {
        access_secret: SecretString::from(SECRET),
        refresh_secret: SecretString::from(SECRET),
        access_life: Duration::ZERO,
        refresh_life: Duration::ZERO,
    };
    assert!(!format!("{settings:?}").contains("secret for both"));
}
