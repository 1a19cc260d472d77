//! The harness of the black-box tests: a whole server in this process, over a folder and a database of its own, and clients that
//! speak HTTP to it. Every answer that a client reads is checked against the forms of the contract.

pub mod caller;
pub mod check;
pub mod cloudinary;
pub mod code;
pub mod form;
pub mod home;
mod host;
pub mod mongod;
pub mod people;
pub mod raw;
pub mod replica_set;
pub mod reply;
pub mod samples;
pub mod seed;
pub mod server;
pub mod settle;

pub use caller::Caller;
pub use check::{assert_fields, assert_id, assert_time};
pub use form::{Form, form};
pub use home::Home;
pub use people::Person;
pub use reply::Reply;
pub use server::TestServer;
pub use settle::eventually;
