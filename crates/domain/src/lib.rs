//! Aviary's domain: entities, values and ports. No I/O, no runtime, no database and no HTTP.
//!
//! A *port* is a trait that an adapter implements. One port method is one atomic business step: it happens
//! wholly or not at all, whatever runs beside it and whenever the process dies. Absence is `Ok(None)`.
//! Every sentence in a port's documentation is one rule of the contract suite (`test_support`, behind the feature of that name).
#![warn(missing_docs)]

pub mod comment;
pub mod dashboard;
pub mod error;
pub mod file;
pub mod history;
pub mod id;
pub mod idempotency;
pub mod lease;
pub mod like;
pub mod maintenance;
pub mod media;
pub mod page;
pub mod playlist;
pub mod search;
pub mod security;
pub mod session;
pub mod store;
pub mod subscription;
pub mod text;
pub mod ticket;
pub mod time;
pub mod tweet;
pub mod user;
pub mod video;

#[cfg(feature = "test-support")]
pub mod test_support;

pub use error::{InvalidValue, StoreError};
pub use id::Id;
pub use store::Store;
pub use time::Timestamp;
