//! Creating once: a request with an `Idempotency-Key` may be sent again, however often, wherever and whenever its answer
//! was lost, and creates one thing.
//!
//! What decides is the store, which notes the key in the very step that creates. Here it is only looked up beforehand,
//! so that nothing is decoded or stored in vain, and again when the step was refused.

use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::id::RawId;
use aviary_domain::idempotency::{Fingerprint, KEY_FIELD, KeyHash, MAX_ANSWER, Once, Remembered};
use aviary_domain::media::Upload;
use aviary_domain::user::{User, UserCard};
use sha2::{Digest, Sha256};

use crate::error::{Error, Noun};
use crate::{Actor, Chain, Ports};

/// A key that a sender chose for a request, and where the request goes.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters.
    key: String,
    /// The method and the path, in the one spelling that stands for all.
    target: (String, String),
}

impl IdempotencyKey {
    /// The header that carries it, by which a refusal names it.
    pub const HEADER: &str = "Idempotency-Key";

    /// What it has to be.
    const RULE: &str = "must be one key of 1 to 255 visible ASCII characters, without parameters; \
        a key with a comma, a semicolon or a quote in it has to stand in quotes";

    /// Reads the value of the header, which is a string of RFC 9651, in quotes; the bare text is taken too, because
    /// most clients send that. Parameters mean nothing here and are refused rather than ignored, so that nobody takes
    /// `"k";n=1` and `"k";n=2` for two keys. Bare text with a comma or a semicolon is refused too: the first may be two
    /// headers that were joined on the way, the second parameters.
    pub fn parse(value: &str, method: &str, path: &str) -> Result<Self, Error> {
        let value = value.trim_matches([' ', '\t']);
        let key = match value.strip_prefix('"') {
            None => Some(value.to_owned()).filter(|bare| !bare.contains(['"', ',', ';'])),
            Some(quoted) => unquote(quoted),
        };
        let sound = |key: &String| (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        match key.filter(sound) {
            Some(key) => Ok(Self { key, target: (method.to_owned(), path.to_owned()) }),
            None => Err(Error::invalid(Self::HEADER, Self::RULE)),
        }
    }
}

/// The text before the closing quote, which has to be the end.
fn unquote(quoted: &str) -> Option<String> {
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => return rest.next().is_none().then_some(text),
            '\\' => text.push(rest.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => text.push(other),
        }
    }
}

/// Whose key it is: the keys of two senders never meet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sender {
    /// A signed-in user.
    User(Id<User>),
    /// Somebody who is about to become one.
    Nobody,
}

/// Something that a request asks for.
pub(crate) enum Part<'a> {
    /// A text, as it was read.
    Text(&'a str),
    /// A file, unless it was left out.
    File(Option<&'a dyn Upload>),
}

/// What became of a request to create.
#[derive(Debug)]
pub enum Creation<T> {
    /// It was made now.
    Made {
        /// What was made.
        made: T,
        /// The note to which the answer belongs, if the request had a key.
        note: Option<Once>,
    },
    /// An earlier request made it, whose answer was never given: it is shown as it is.
    Recalled {
        /// What was made.
        made: T,
        /// The note to which the answer belongs.
        note: Once,
    },
    /// An earlier request made it and was given this answer.
    Answered {
        /// The id of what was made; it may be gone.
        id: RawId,
        /// The answer, as it was handed to [`Keys::remember`].
        answer: Vec<u8>,
    },
}

/// Remembers the answers of requests with a key.
#[derive(Clone)]
pub struct Keys {
    ports: Arc<Ports>,
}

impl Keys {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Keeps an answer that is about to be given. Where that fails, or the answer is too long, a repeated request is
    /// answered with what was made as it is then.
    pub async fn remember(&self, note: Once, answer: &[u8]) {
        if answer.len() > MAX_ANSWER {
            return;
        }
        let (keys, answer) = (self.ports.store.idempotency.clone(), answer.to_vec());
        // To its end also when the client has gone: that is just who will ask again.
        let task = tokio::spawn(async move {
            if let Err(error) = keys.remember_answer(note, &answer).await {
                tracing::warn!(error = %Chain(&error), "the answer of a request with a key is not remembered");
            }
        });
        if let Err(fault) = task.await {
            tracing::error!(%fault, "remembering an answer ended with a fault");
        }
    }
}

impl Ports {
    /// The note that goes with a creation, if its request has a key. All that the request asks for has to be among the
    /// parts, secrets aside: a fast hash of a password must not be stored.
    pub(crate) fn note(
        &self,
        key: Option<&IdempotencyKey>,
        sender: Sender,
        parts: &[Part<'_>],
    ) -> Result<Option<Once>, Error> {
        let Some(key) = key else { return Ok(None) };
        let fingerprint = fingerprint(key, parts)?;
        Ok(Some(Once { key: hash_of(key, sender), fingerprint, now: self.clock.now() }))
    }

    /// Makes something unless the same request has made it already. `recall` shows what was made then, `None` when it
    /// is gone.
    pub(crate) async fn create_once<T>(
        &self,
        note: Option<Once>,
        recall: impl AsyncFnOnce(RawId) -> Result<Option<T>, Error>,
        making: impl Future<Output = Result<T, Error>>,
    ) -> Result<Creation<T>, Error> {
        let Some(note) = note else { return Ok(Creation::Made { made: making.await?, note: None }) };
        if let Some(before) = self.asked_before(note).await? {
            return replay(note, before, recall).await;
        }
        let refusal = match making.await {
            Ok(made) => return Ok(Creation::Made { made, note: Some(note) }),
            Err(refusal @ (Error::Conflict { .. } | Error::NotFound(_) | Error::QuotaExceeded { .. })) => refusal,
            Err(error) => return Err(error),
        };
        // What stands in the way, a taken name or a full quota, may come from this very request, sent twice at once.
        match (self.asked_before(note).await?, refusal) {
            (Some(before), _) => replay(note, before, recall).await,
            (None, Error::Conflict { field: KEY_FIELD }) => {
                Err(Error::Unavailable("the same request was running at the same time and failed".into()))
            }
            (None, refusal) => Err(refusal),
        }
    }

    /// Whether anything was made under this key of a user's.
    pub(crate) async fn knows_key(&self, actor: Actor, key: &IdempotencyKey) -> Result<bool, Error> {
        let hash = hash_of(key, Sender::User(actor.user));
        Ok(self.store.idempotency.find(hash, self.clock.now()).await?.is_some())
    }

    async fn asked_before(&self, note: Once) -> Result<Option<Remembered>, Error> {
        match self.store.idempotency.find(note.key, note.now).await? {
            Some(before) if before.fingerprint != note.fingerprint => Err(Error::KeyReused),
            before => Ok(before),
        }
    }

    /// The actor as shown beside what they made.
    pub(crate) async fn card_of(&self, actor: Actor) -> Result<UserCard, Error> {
        let user = self.store.users.find(actor.user).await?.ok_or(Error::NotFound(Noun::User))?;
        Ok(UserCard { id: user.id, username: user.username, full_name: user.full_name, avatar: user.avatar })
    }
}

async fn replay<T>(
    note: Once,
    before: Remembered,
    recall: impl AsyncFnOnce(RawId) -> Result<Option<T>, Error>,
) -> Result<Creation<T>, Error> {
    match before.answer {
        Some(answer) => Ok(Creation::Answered { id: before.made, answer }),
        None => match recall(before.made).await? {
            Some(made) => Ok(Creation::Recalled { made, note }),
            None => Err(Error::Conflict { field: KEY_FIELD }),
        },
    }
}

fn hash_of(key: &IdempotencyKey, sender: Sender) -> KeyHash {
    let hash = Sha256::new().chain_update("aviary: a key of ");
    let hash = match sender {
        Sender::User(id) => hash.chain_update("the user ").chain_update(id.bytes()),
        Sender::Nobody => hash.chain_update("nobody "),
    };
    KeyHash(hash.chain_update(&key.key).finalize().into())
}

fn fingerprint(key: &IdempotencyKey, parts: &[Part<'_>]) -> Result<Fingerprint, Error> {
    let (method, path) = &key.target;
    let mut hash = Sha256::new().chain_update("aviary: a request");
    for part in [Part::Text(method), Part::Text(path)].iter().chain(parts) {
        match part {
            // With its length, so that nothing can move from one part to the next.
            Part::Text(text) => {
                hash.update("t");
                hash.update(text.len().to_be_bytes());
                hash.update(text);
            }
            Part::File(None) => hash.update("-"),
            Part::File(Some(upload)) => {
                let digest = upload.digest().ok_or_else(|| Error::Internal("a file without its digest".into()))?;
                hash.update("f");
                hash.update(digest);
            }
        }
    }
    Ok(Fingerprint(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use aviary_domain::Id;

    use super::{IdempotencyKey, Part, Sender, fingerprint, hash_of};

    fn read(value: &str) -> Option<String> {
        IdempotencyKey::parse(value, "POST", "/tweets").ok().map(|key| key.key)
    }

    #[test]
    fn a_key_is_read_with_and_without_quotes() {
        for value in ["abc", "\"abc\"", " abc ", "\t\"abc\" "] {
            assert_eq!(read(value).as_deref(), Some("abc"), "{value:?}");
        }
        assert_eq!(read(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        assert_eq!(read("\"a,b;c=1\"").as_deref(), Some("a,b;c=1"));
        assert_eq!(read(&"k".repeat(255)).map(|key| key.len()), Some(255));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(256);
        for value in ["", "\"\"", "a b", "\"a b\"", "\"abc", "\"", "\"a\"b", "\"a\\x\"", "\"a\\", "é", "a\u{7f}", &long]
        {
            assert_eq!(read(value), None, "{value:?}");
        }
        for value in ["\"a\";b=1", "\"a\"; b", "\"a\", \"b\"", "a;b=1", "a,b", "a, b", "a\"b", "a\""] {
            assert_eq!(read(value), None, "{value:?}");
        }
    }

    #[test]
    fn senders_and_targets_and_parts_are_told_apart() {
        let key = |path| IdempotencyKey::parse("k", "POST", path).unwrap();
        let one = Sender::User(Id::from_bytes([1; 12]));
        let other = Sender::User(Id::from_bytes([2; 12]));
        assert_ne!(hash_of(&key("/a"), one), hash_of(&key("/a"), other));
        assert_ne!(hash_of(&key("/a"), one), hash_of(&key("/a"), Sender::Nobody));
        assert_eq!(hash_of(&key("/a"), one), hash_of(&key("/b"), one), "the same key, wherever it goes");
        let of = |path, texts: &[&str]| {
            let parts: Vec<_> = texts.iter().map(|text| Part::Text(text)).collect();
            fingerprint(&key(path), &parts).unwrap()
        };
        assert_eq!(of("/a", &["x", "y"]), of("/a", &["x", "y"]));
        assert_ne!(of("/a", &["x", "y"]), of("/b", &["x", "y"]));
        assert_ne!(of("/a", &["x", "y"]), of("/a", &["xy", ""]));
        assert_ne!(of("/a", &["x", "y"]), of("/a", &["y", "x"]));
    }
}
