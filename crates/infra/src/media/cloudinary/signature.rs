//! What proves to Cloudinary that we ask, and to us that Cloudinary answers or calls: plain hashes over text and secret.
//! Nothing here sends anything.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How many characters of a delivery signature are shown in a URL.
const SHOWN: usize = 8;

/// The hash that an account signs with; it is set in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureAlgorithm {
    /// SHA-1, as accounts are unless somebody changed it.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
}

impl SignatureAlgorithm {
    /// Reads the name that `CLOUDINARY_URL` gives it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// Signs with an account's secret.
pub(super) struct Signer {
    algorithm: SignatureAlgorithm,
    secret: SecretString,
}

impl Signer {
    pub(super) fn new(algorithm: SignatureAlgorithm, secret: SecretString) -> Self {
        Self { algorithm, secret }
    }

    /// The signature of a request. All parameters given are signed: `file`, `api_key`, `resource_type`, `cloud_name` and
    /// `signature` itself are not to be among them.
    pub(super) fn request(&self, parameters: &[(&str, String)]) -> String {
        hex::encode(self.digest(&[signed_text(parameters).as_bytes(), self.secret()]))
    }

    /// Whether this is Cloudinary's signature under an answer about this version of an asset.
    pub(super) fn is_answer(&self, public_id: &str, version: u64, signature: &str) -> bool {
        same(&self.answer(public_id, version), signature)
    }

    /// Whether this is Cloudinary's signature under a call with this raw body.
    pub(super) fn is_call(&self, body: &[u8], timestamp: &str, signature: &str) -> bool {
        same(&self.call(body, timestamp), signature)
    }

    /// The component of a delivery URL that opens an asset: `path` is transformation, public id and extension.
    pub(super) fn delivery(&self, path: &str) -> String {
        let digest = URL_SAFE_NO_PAD.encode(self.digest(&[path.as_bytes(), self.secret()]));
        let shown: String = digest.chars().take(SHOWN).collect();
        format!("s--{shown}--")
    }

    pub(super) fn answer(&self, public_id: &str, version: u64) -> String {
        let text = format!("public_id={public_id}&version={version}");
        hex::encode(self.digest(&[text.as_bytes(), self.secret()]))
    }

    pub(super) fn call(&self, body: &[u8], timestamp: &str) -> String {
        hex::encode(self.digest(&[body, timestamp.as_bytes(), self.secret()]))
    }

    fn secret(&self) -> &[u8] {
        self.secret.expose_secret().as_bytes()
    }

    fn digest(&self, parts: &[&[u8]]) -> Vec<u8> {
        match self.algorithm {
            SignatureAlgorithm::Sha1 => hash::<Sha1>(parts),
            SignatureAlgorithm::Sha256 => hash::<Sha256>(parts),
        }
    }
}

fn hash<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().to_vec()
}

/// The second version of the rule: an `&` within a parameter is hidden, so that no value can pass as two parameters.
fn signed_text(parameters: &[(&str, String)]) -> String {
    let mut sent: Vec<_> = parameters.iter().filter(|(_, value)| !value.is_empty()).collect();
    sent.sort_by_key(|(name, _)| *name);
    let pairs: Vec<_> = sent.iter().map(|(name, value)| format!("{name}={value}").replace('&', "%26")).collect();
    pairs.join("&")
}

fn same(ours: &str, theirs: &str) -> bool {
    ours.as_bytes().ct_eq(theirs.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::{SignatureAlgorithm, Signer};

    fn signer(algorithm: SignatureAlgorithm, secret: &str) -> Signer {
        Signer::new(algorithm, SecretString::from(secret))
    }

    fn sha1(secret: &str) -> Signer {
        signer(SignatureAlgorithm::Sha1, secret)
    }

    fn request(secret: &str, parameters: &[(&str, &str)]) -> String {
        let owned: Vec<_> = parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        sha1(secret).request(&owned)
    }

    #[test]
    fn requests_are_signed_as_the_sdks_do() {
        let sample = [("public_id", "sample_image"), ("timestamp", "1315060510")];
        assert_eq!(request("abcd", &sample), "b4ad47fb4e25c7bf5f92a20089f9db59bc302313");
        let eager = ("eager", "w_400,h_300,c_pad|w_260,h_200,c_crop");
        let [id, time] = sample;
        assert_eq!(request("abcd", &[time, id, eager]), "bfd09f95f331f558cbd1320e67aa8d488770583e");
        assert_eq!(
            request("abcd", &[time, id, eager, ("tags", "")]),
            "bfd09f95f331f558cbd1320e67aa8d488770583e",
            "what is empty is not sent"
        );
    }

    #[test]
    fn a_value_does_not_pass_as_two_parameters() {
        let signed = |notification_url, tags| {
            let [cloud, time] = [("cloud_name", "dn6ot3ged"), ("timestamp", "1568810420")];
            request("hdcixPpR2iKERPwqvH6sHdK9cyac", &[cloud, ("notification_url", notification_url), time, tags])
        };
        let one = signed("https://fake.com/callback?a=1&tags=hello,world", ("tags", ""));
        assert_eq!(one, "4fdf465dd89451cc1ed8ec5b3e314e8a51695704");
        assert_ne!(one, signed("https://fake.com/callback?a=1", ("tags", "hello,world")));
    }

    #[test]
    fn an_answer_carries_cloudinarys_signature() {
        let signature = "08d3107a5b2ad82e7d82c0b972218fbf20b5b1e0";
        let secret = "X7qLTrsES31MzxxkxPPA-pAGGfU";
        assert!(sha1(secret).is_answer("tests/logo.png", 1, signature));
        for (id, version, signature) in [
            ("tests/logo.png", 2, signature),
            ("tests/logo.pn", 1, signature),
            ("tests/logo.png", 1, &signature[..39]),
            ("tests/logo.png", 1, ""),
        ] {
            assert!(!sha1(secret).is_answer(id, version, signature));
        }
        assert!(!sha1("other").is_answer("tests/logo.png", 1, signature));
        let sha256 = "cc69ae4ed73303fbf4a55f2ae5fc7e34ad3a5c387724bfcde447a2957cacdfea";
        assert!(signer(SignatureAlgorithm::Sha256, secret).is_answer("tests/logo.png", 1, sha256));
    }

    #[test]
    fn an_ampersand_in_an_answer_stands_as_it_is() {
        assert_eq!(sha1("x").answer("a&b", 1), hex::encode(super::hash::<sha1::Sha1>(&[b"public_id=a&b&version=1x"])));
    }

    #[test]
    fn delivery_is_signed_with_eight_characters() {
        assert_eq!(sha1("b").delivery("sample.jpg"), "s--v2fTPYTu--");
    }

    #[test]
    fn a_call_is_signed_with_body_and_time() {
        let signer = signer(SignatureAlgorithm::Sha256, "someApiSecret");
        let signature = "d5497e1a206ad0ba29ad09a7c0c5f22e939682d15009c15ab3199f62fefbd14b";
        assert!(signer.is_call(b"{}", "0", signature));
        assert!(!signer.is_call(b"{}", "1", signature));
        assert!(!signer.is_call(b"{ }", "0", signature));
        assert!(!signer.is_call(b"{}", "0", &signature.replace('d', "e")));
    }
}
