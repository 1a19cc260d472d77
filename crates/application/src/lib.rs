//! The use cases of Aviary: what people can do, who may do it, and in which order the ports are called.
//!
//! Knows neither HTTP nor a database. Input arrives as people typed it and is parsed here, so that every offending
//! field is told at once; every decision about who may do what is made here.
#![warn(missing_docs)]

mod actor;
mod comment;
mod dashboard;
mod error;
mod filing;
mod history;
mod input;
mod like;
mod login_guard;
mod once;
mod paging;
mod playlist;
mod ports;
mod session;
mod subscription;
mod sweeper;
mod tweet;
mod upload;
mod user;
mod video;

pub use actor::Actor;
pub use comment::Comments;
pub use dashboard::Dashboard;
pub use error::{AuthFailure, Chain, Error, FieldError, Noun};
pub use history::History;
pub use like::{LikeInput, Likes};
pub use login_guard::LoginLimits;
pub use once::{Creation, IdempotencyKey, Keys};
pub use paging::ListParams;
pub use playlist::{PlaylistInput, Playlists};
pub use ports::{Application, Policy, Ports};
pub use session::{Login, Sessions, SignedIn, TokenPair};
pub use subscription::Subscriptions;
pub use sweeper::{Sweeper, Swept};
pub use tweet::Tweets;
pub use upload::{UploadKind, Uploads};
pub use user::{AccountEdit, Registration, Users};
pub use video::{Publication, VideoEdit, VideoList, Videos};
