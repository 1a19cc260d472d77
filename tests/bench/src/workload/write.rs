//! What people leave behind.

use serde_json::json;

use super::pairs;
use crate::cast::Cast;
use crate::client;
use crate::request::Request;

/// How many different likes, comments and tweets are sent in turn.
const EACH: usize = 4_000;
/// What is written: as long as a short comment is.
const TEXT: &str = "Watched it twice. The part over the harbour, where the light changes, is the best of all.";

/// Turned over and over, each of these likes is made and taken back in turn.
pub(super) fn like(cast: &Cast) -> Vec<Request> {
    let likes = pairs(&cast.videos, &cast.members, EACH.min(cast.videos.len()));
    likes.map(|(id, member)| Request::post(format!("/api/v1/likes/toggle/v/{id}")).by(&member.token)).collect()
}

pub(super) fn storm(cast: &Cast) -> Vec<Request> {
    let path = format!("/api/v1/likes/toggle/v/{}", cast.most_commented);
    cast.members.iter().map(|member| Request::post(&path).by(&member.token)).collect()
}

pub(super) fn comment(cast: &Cast) -> Vec<Request> {
    let comments = pairs(&cast.videos, &cast.members, EACH.min(cast.videos.len()));
    let comment = |id| Request::post(format!("/api/v1/comments/{id}")).with(&json!({ "content": TEXT }));
    comments.map(|(id, member)| comment(id).by(&member.token)).collect()
}

pub(super) fn tweet(cast: &Cast) -> Vec<Request> {
    let tweet = Request::post("/api/v1/tweets").with(&json!({ "content": TEXT }));
    cast.members.iter().map(|member| tweet.clone().by(&member.token)).collect()
}

pub(super) fn login(cast: &Cast) -> Vec<Request> {
    cast.members.iter().map(|member| client::login(&member.username, &cast.password)).collect()
}

/// Only whose tokens are exchanged: the tokens are fetched anew for each round, because each works once.
pub(super) fn refresh(cast: &Cast) -> Vec<Request> {
    login(cast).into_iter().take(REFRESHERS).collect()
}

/// How many sessions are refreshed: twice as many as there are clients.
const REFRESHERS: usize = 32;
