//! What the local media store signs: links to files that not everybody may fetch, tickets for uploads, and receipts.

use aviary_domain::Timestamp;
use aviary_domain::file::FileKey;
use hmac::digest::common::Key;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What a signature is for. One for another purpose never fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Fetching a file until a time.
    Fetch,
    /// Sending a film: name, time of signing, limit.
    Send,
    /// A film that was sent: name and version.
    Sent,
}

/// What is left to say of a link to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkCheck {
    /// It is ours, and its time is not over.
    Valid,
    /// It was ours.
    Expired,
    /// It is not ours.
    Forged,
}

/// Signs with a secret that every server of one store has.
pub(super) struct Signer {
    keyed: Hmac<Sha256>,
}

impl Signer {
    pub(super) fn new(secret: &SecretString) -> Self {
        let mut key = Key::<Hmac<Sha256>>::default();
        for (place, byte) in key.iter_mut().zip(Sha256::digest(secret.expose_secret())) {
            *place = byte;
        }
        Self { keyed: Hmac::new(&key) }
    }

    /// The signature in hexadecimal digits.
    pub(super) fn sign(&self, purpose: Purpose, parts: &[&str]) -> String {
        hex::encode(self.over(purpose, parts).finalize().into_bytes())
    }

    /// Compares in constant time.
    pub(super) fn fits(&self, purpose: Purpose, parts: &[&str], signature: &str) -> bool {
        hex::decode(signature).is_ok_and(|signature| self.over(purpose, parts).verify_slice(&signature).is_ok())
    }

    /// The query that makes a link to this file work until a time.
    pub(super) fn link(&self, file: &FileKey, until: Timestamp) -> String {
        let expires = until.seconds().to_string();
        let signature = self.sign(Purpose::Fetch, &[file.name(), &expires]);
        format!("expires={expires}&signature={signature}")
    }

    pub(super) fn check_link(&self, file: &FileKey, expires: &str, signature: &str, now: Timestamp) -> LinkCheck {
        if !self.fits(Purpose::Fetch, &[file.name(), expires], signature) {
            return LinkCheck::Forged;
        }
        match expires.parse::<i64>() {
            Ok(expires) if now.seconds() < expires => LinkCheck::Valid,
            _ => LinkCheck::Expired,
        }
    }

    fn over(&self, purpose: Purpose, parts: &[&str]) -> Hmac<Sha256> {
        let mut keyed = self.keyed.clone();
        keyed.update(match purpose {
            Purpose::Fetch => b"fetch",
            Purpose::Send => b"send",
            Purpose::Sent => b"sent",
        });
        for part in parts {
            // No part holds a line break: names are ours, the rest are numbers.
            keyed.update(b"\n");
            keyed.update(part.as_bytes());
        }
        keyed
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::Timestamp;
    use aviary_domain::file::{FileFormat, FileKey};

    use super::{LinkCheck, Purpose, Signer};

    fn signer() -> Signer {
        Signer::new(&"a secret of this test".to_owned().into())
    }

    fn parts(link: &str) -> (&str, &str) {
        let (expires, signature) = link.split_once('&').unwrap();
        (expires.strip_prefix("expires=").unwrap(), signature.strip_prefix("signature=").unwrap())
    }

    #[test]
    fn a_link_works_for_its_file_until_its_time() {
        let (signer, file) = (signer(), FileKey::new(FileFormat::Mp4, [1; 16]));
        let other = FileKey::new(FileFormat::Mp4, [2; 16]);
        let link = signer.link(&file.marked("u1"), Timestamp::from_millis(10_000));
        let (expires, signature) = parts(&link);
        let check =
            |file, expires, signature, now| signer.check_link(file, expires, signature, Timestamp::from_millis(now));
        assert_eq!(check(&file, expires, signature, 9_999), LinkCheck::Valid);
        assert_eq!(check(&file, expires, signature, 10_000), LinkCheck::Expired);
        assert_eq!(check(&other, expires, signature, 0), LinkCheck::Forged);
        assert_eq!(check(&file, "11", signature, 0), LinkCheck::Forged);
        for forged in ["", "0", "zz", "é", &signature[2..], &format!("{signature}00"), &"0".repeat(64)] {
            assert_eq!(check(&file, expires, forged, 0), LinkCheck::Forged, "{forged}");
        }
    }

    #[test]
    fn a_signature_serves_one_purpose_and_one_secret() {
        let signature = signer().sign(Purpose::Send, &["a", "1"]);
        assert!(signer().fits(Purpose::Send, &["a", "1"], &signature));
        assert!(!signer().fits(Purpose::Sent, &["a", "1"], &signature));
        assert!(!signer().fits(Purpose::Send, &["a1"], &signature));
        let other = Signer::new(&"another secret".to_owned().into());
        assert!(!other.fits(Purpose::Send, &["a", "1"], &signature));
    }
}
