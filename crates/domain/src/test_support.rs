//! For tests alone: mocks of the ports, values to test with, and the contract suite that every store passes.
//! Nothing here is in a production build.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "in a test, a value or a call that fails must end it at that very place"
)]

pub mod contract;
pub mod fixture;
pub mod mock;
pub mod seed;
