//! The adapters behind Aviary's ports: SQLite, local media, security, clock and ids. No HTTP, no use cases.

pub mod media;
pub mod security;
pub mod sqlite;
pub mod system;
