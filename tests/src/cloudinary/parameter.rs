//! Who may call: the key, the signature over exactly what was sent, and its time; and what the parameters say.

use std::collections::BTreeMap;

use super::answer::Refusal;
use super::asset::Delivery;
use super::shared::Account;
use super::signature::{of_delivery, string_to_sign};

/// How long a signature holds, in seconds, either way.
const WINDOW: i64 = 3600;

/// What every signed call may carry.
const ALWAYS: [&str; 3] = ["api_key", "signature", "timestamp"];

/// Parameters that were signed by the account.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Checks a call that may carry these parameters and no others.
    pub(crate) fn authorize(
        sent: Vec<(String, String)>,
        known: &[&str],
        account: &Account,
        now: i64,
    ) -> Result<Self, Refusal> {
        let string = string_to_sign(&sent);
        let mut parameters = BTreeMap::new();
        for (name, value) in sent {
            if !known.contains(&name.as_str()) && !ALWAYS.contains(&name.as_str()) {
                return Err(Refusal::new(400, format!("Unknown parameter - {name}")));
            }
            if parameters.insert(name.clone(), value).is_some() {
                return Err(Refusal::new(400, format!("Parameter is given twice - {name}")));
            }
        }
        let parameters = Self(parameters);
        let key = parameters.get("api_key").ok_or_else(|| Refusal::new(401, "Must supply api_key"))?;
        if key != account.key {
            return Err(Refusal::new(401, format!("Unknown API key {key}")));
        }
        let signature = parameters.get("signature").ok_or_else(|| Refusal::missing("signature"))?;
        let timestamp = parameters.get("timestamp").ok_or_else(|| Refusal::missing("timestamp"))?;
        let timestamp: i64 =
            timestamp.parse().map_err(|_| Refusal::new(400, format!("Invalid timestamp {timestamp}")))?;
        if signature != account.algorithm.hex(&[string.as_bytes(), account.secret.as_bytes()]) {
            let message = format!("Invalid Signature {signature}. String to sign - '{string}'.");
            return Err(Refusal::new(401, message));
        }
        if (now - timestamp).abs() > WINDOW {
            let message = format!("Stale request - reported time is {timestamp} which is more than 1 hour ago");
            return Err(Refusal::new(400, message));
        }
        Ok(parameters)
    }

    /// A parameter that says something.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::missing(name))
    }

    pub(crate) fn flag(&self, name: &str, otherwise: bool) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(otherwise),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(other) => Err(Refusal::new(400, format!("Invalid value for parameter {name} - {other}"))),
        }
    }

    pub(crate) fn delivery(&self, name: &str) -> Result<Delivery, Refusal> {
        let Some(text) = self.get(name) else { return Ok(Delivery::Upload) };
        Delivery::parse(text).ok_or_else(|| Refusal::new(400, format!("Invalid type {text}")))
    }

    /// A public id, checked.
    pub(crate) fn public_id(&self, name: &str) -> Result<&str, Refusal> {
        let id = self.required(name)?;
        let sound = id.len() <= 255
            && id.trim() == id
            && !id.starts_with('/')
            && !id.ends_with('/')
            && !id.contains("//")
            && !id.contains(['?', '&', '#', '\\', '%', '<', '>', '+']);
        sound.then_some(id).ok_or_else(|| Refusal::new(400, format!("public_id ({id}) is invalid")))
    }
}

/// Whether a URL of a kept file carries the account's signature over what it asks for.
pub(crate) fn is_signed(account: &Account, signature: &str, asked: &str) -> bool {
    of_delivery(asked, &account.secret, account.algorithm).iter().any(|sound| sound == signature)
}
