//! What handlers take: who asks, which thing, which part of a list, which input.
//!
//! Extractors look at the head of a request alone. Bodies are read inside handlers (`body.read().await?`), so that
//! nobody's upload is received before it is known who sends it.

mod actor;
mod body;
mod fields;
mod key;
mod list;
mod path;
mod payload;
mod urlencoded;

pub(crate) use actor::{Actor, MaybeActor, refuse_foreign_pages};
pub(crate) use body::{Body, RawBody, is_fields, read_fields};
pub(crate) use fields::{Fields, Input};
pub(crate) use key::{GuestKeyHeader, KeyHeader, MaybeKey, has_key};
pub(crate) use list::{ListQuery, Query};
pub(crate) use path::{PathId, PathIds, PathText};
pub(crate) use payload::{PatientPayload, announced, payload_failure};
