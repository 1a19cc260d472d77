//! The adapters behind Aviary's ports: SQLite, MongoDB, local media, security, clock and ids. No HTTP, no use cases.

pub mod copy;
pub mod data_folder;
mod gain;
pub mod media;
pub mod mongo;
mod page_key;
pub mod progress;
mod recent;
pub mod security;
pub mod seed;
pub mod sqlite;
pub mod system;
