//! Use cases under injected failures: what is undone, what is tried again, what the caller is told.

mod bench;
mod files;
mod keys;
mod login;
mod sweeper;
