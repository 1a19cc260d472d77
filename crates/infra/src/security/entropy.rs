//! Randomness of the operating system, and the salted hash that stands for an anonymous viewer.

use std::net::IpAddr;

use aviary_domain::security::{Entropy, GuestKey};
use hmac::digest::common::Key;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::system::random_bytes;

/// The system's randomness and one secret salt.
pub struct SystemEntropy {
    keyed: Hmac<Sha256>,
}

impl SystemEntropy {
    /// Keys made with the same salt are the same; without the salt, neither address nor user agent can be tried out.
    pub fn new(salt: &SecretString) -> Self {
        let mut key = Key::<Hmac<Sha256>>::default();
        for (place, byte) in key.iter_mut().zip(Sha256::digest(salt.expose_secret())) {
            *place = byte;
        }
        Self { keyed: Hmac::new(&key) }
    }
}

impl Entropy for SystemEntropy {
    fn unguessable(&self) -> [u8; 16] {
        random_bytes()
    }

    fn guest_key(&self, address: IpAddr, user_agent: &str) -> GuestKey {
        let octets = match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        let mut mac = self.keyed.clone();
        // The address has a fixed length, so no other pair runs together to the same bytes.
        mac.update(&octets);
        mac.update(user_agent.as_bytes());
        let mut key = [0; 16];
        for (place, byte) in key.iter_mut().zip(mac.finalize().into_bytes()) {
            *place = byte;
        }
        GuestKey(key)
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::security::Entropy;
    use secrecy::SecretString;

    use super::SystemEntropy;

    fn entropy(salt: &str) -> SystemEntropy {
        SystemEntropy::new(&SecretString::from(salt))
    }

    #[test]
    fn nothing_random_comes_twice() {
        let entropy = entropy("salt");
        assert_ne!(entropy.unguessable(), entropy.unguessable());
    }

    #[test]
    fn a_viewer_is_told_by_address_agent_and_salt() {
        let viewer = |salt: &str, address: &str, agent: &str| entropy(salt).guest_key(address.parse().unwrap(), agent);
        let ada = viewer("salt", "192.0.2.1", "Browser");
        assert_eq!(ada, viewer("salt", "192.0.2.1", "Browser"));
        assert_eq!(ada, viewer("salt", "::ffff:192.0.2.1", "Browser"));
        assert_ne!(ada, viewer("salt", "192.0.2.2", "Browser"));
        assert_ne!(ada, viewer("salt", "192.0.2.1", "Other"));
        assert_ne!(ada, viewer("other", "192.0.2.1", "Browser"));
        assert_ne!(viewer("salt", "2001:db8::1", ""), viewer("salt", "2001:db8::2", ""));
    }
}
