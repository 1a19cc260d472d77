//! What Cloudinary signs and wants signed, written for the fake alone: nothing of it may be shared with the adapter, or
//! neither would prove anything of the other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Which hash an account signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Sha1,
    Sha256,
}

impl Algorithm {
    fn digest(self, pieces: &[&[u8]]) -> Vec<u8> {
        let whole = pieces.concat();
        match self {
            Self::Sha1 => Sha1::digest(&whole).to_vec(),
            Self::Sha256 => Sha256::digest(&whole).to_vec(),
        }
    }

    /// The hash of all pieces in a row, in hexadecimal digits.
    pub fn hex(self, pieces: &[&[u8]]) -> String {
        hex::encode(self.digest(pieces))
    }
}

/// Parameters that are sent but not signed.
const UNSIGNED: [&str; 5] = ["file", "api_key", "cloud_name", "resource_type", "signature"];

/// What a request's signature is over.
pub(crate) fn string_to_sign<'a>(parameters: impl IntoIterator<Item = &'a (String, String)>) -> String {
    let signed = parameters.into_iter().filter(|(name, value)| !UNSIGNED.contains(&name.as_str()) && !value.is_empty());
    let mut signed: Vec<_> = signed.map(|(name, value)| (name, value.replace('&', "%26"))).collect();
    signed.sort();
    signed.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The signature under an answer.
pub(crate) fn of_answer(public_id: &str, version: u64, secret: &str, algorithm: Algorithm) -> String {
    algorithm.hex(&[format!("public_id={public_id}&version={version}").as_bytes(), secret.as_bytes()])
}

/// The signatures that open a delivery URL: the short one by the account's hash, and the long one.
pub(crate) fn of_delivery(signed: &str, secret: &str, algorithm: Algorithm) -> [String; 2] {
    [(algorithm, 8), (Algorithm::Sha256, 32)].map(|(algorithm, length)| {
        let whole = URL_SAFE.encode(algorithm.digest(&[signed.as_bytes(), secret.as_bytes()]));
        format!("s--{}--", whole.chars().take(length).collect::<String>())
    })
}

/// The signature of a webhook.
pub(crate) fn of_notice(body: &[u8], timestamp: &str, secret: &str, algorithm: Algorithm) -> String {
    algorithm.hex(&[body, timestamp.as_bytes(), secret.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(parameters: &[(&str, &str)], secret: &str) -> String {
        let owned: Vec<_> = parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Algorithm::Sha1.hex(&[string_to_sign(&owned).as_bytes(), secret.as_bytes()])
    }

    #[test]
    fn requests_are_signed_as_the_published_examples() {
        let plain = [("timestamp", "1315060510"), ("public_id", "sample_image"), ("file", "x"), ("tags", "")];
        assert_eq!(request(&plain, "abcd"), "b4ad47fb4e25c7bf5f92a20089f9db59bc302313");
        let eager = [plain[0], plain[1], ("eager", "w_400,h_300,c_pad|w_260,h_200,c_crop")];
        assert_eq!(request(&eager, "abcd"), "bfd09f95f331f558cbd1320e67aa8d488770583e");
    }

    #[test]
    fn ampersands_are_written_so_that_nothing_can_be_smuggled_in() {
        // The official client signs `cloud_name` here; a request never carries it, so it stands in the text itself.
        let url = "https://fake.com/callback?a=1%26tags=hello,world";
        let text = format!("cloud_name=dn6ot3ged&notification_url={url}&timestamp=1568810420");
        let signed = Algorithm::Sha1.hex(&[text.as_bytes(), b"hdcixPpR2iKERPwqvH6sHdK9cyac"]);
        assert_eq!(signed, "4fdf465dd89451cc1ed8ec5b3e314e8a51695704");
        let sent = [("notification_url".to_owned(), url.replace("%26", "&"))];
        assert_eq!(string_to_sign(&sent), format!("notification_url={url}"));
    }

    #[test]
    fn answers_deliveries_and_notices_are_signed_as_the_published_examples() {
        let answer = of_answer("tests/logo.png", 1, "X7qLTrsES31MzxxkxPPA-pAGGfU", Algorithm::Sha1);
        assert_eq!(answer, "08d3107a5b2ad82e7d82c0b972218fbf20b5b1e0");
        assert_eq!(of_delivery("sample.jpg", "b", Algorithm::Sha1)[0], "s--v2fTPYTu--");
        let notice = of_notice(b"{}", "0", "someApiSecret", Algorithm::Sha256);
        assert_eq!(notice, "d5497e1a206ad0ba29ad09a7c0c5f22e939682d15009c15ab3199f62fefbd14b");
    }
}
