//! Cryptography behind the domain's security ports: tokens, passwords, randomness, and the files that keep secrets.

pub mod entropy;
pub mod jwt;
pub mod password;
pub mod secrets;

pub use entropy::SystemEntropy;
pub use jwt::{JwtSettings, JwtTokens};
pub use password::BcryptHasher;
