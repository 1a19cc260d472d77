//! Use cases under injected failures: what is undone, what is tried again, what the caller is told.

mod bench;
mod direct;
mod files;
mod keys;
mod login;
mod media_check;
mod notices;
mod publish;
mod quota;
mod reprocess;
mod sent;
mod settle;
mod sweeper;
mod sweeping;
mod tasks;
mod upkeep;
