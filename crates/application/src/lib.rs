//! The use cases of Aviary: what people can do, who may do it, and in which order the ports are called.
//!
//! Knows neither HTTP nor a database. Input arrives as people typed it and is parsed here, so that every offending
//! field is told at once; every decision about who may do what is made here.
#![warn(missing_docs)]

mod abreast;
mod actor;
mod again;
mod comment;
mod dashboard;
mod direct;
mod error;
mod filing;
mod history;
mod input;
mod lease;
mod like;
mod login_guard;
mod media_check;
mod notice;
mod once;
mod paging;
mod playlist;
mod ports;
mod quota;
mod session;
mod settle;
mod subscription;
mod sweeper;
mod tweet;
mod upload;
mod user;
mod video;

pub use actor::Actor;
pub use comment::Comments;
pub use dashboard::Dashboard;
pub use direct::{Accepted, DirectRequest, DirectTicket, DirectUploads};
pub use error::{AuthFailure, Chain, Error, FieldError, Noun};
pub use history::History;
pub use like::{LikeInput, Likes};
pub use login_guard::LoginLimits;
pub use media_check::{CheckStep, Findings, MediaCheck, MediaReport};
pub use notice::Notices;
pub use once::{Creation, IdempotencyKey, Keys};
pub use paging::ListParams;
pub use playlist::{PlaylistInput, Playlists};
pub use ports::{Application, Policy, Ports};
pub use quota::Storage;
pub use session::{Login, Sessions, SignedIn, TokenPair};
pub use subscription::Subscriptions;
pub use sweeper::{Sweeper, Swept};
pub use tweet::Tweets;
pub use upload::{UploadKind, Uploads};
pub use user::{AccountEdit, Registration, Users};
pub use video::{Publication, ReceiptInput, VideoEdit, VideoList, Videos};
