//! Aviary over HTTP: configuration, the composition root, routes and views, and the commands of the binary.
//!
//! Handlers parse, call one use case and render. What may be done by whom is decided in `aviary_application`.

pub mod commands;
pub mod config;
pub mod server;
pub mod telemetry;

mod client;
mod cookie;
mod creation;
mod envelope;
mod error;
mod extract;
mod multipart;
mod openapi;
mod paging;
mod routes;
mod state;
mod view;
