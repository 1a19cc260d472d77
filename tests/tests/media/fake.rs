//! The fake keeps the provider's rules: what it would let pass that the real one refuses, no test of the adapter finds.

mod calls;
mod chunks;
mod client;
mod delivery;
mod faults;
mod listing;
mod notices;
mod streaming;
