//! Pages that people look at.

use super::pairs;
use crate::cast::Cast;
use crate::request::Request;

/// How many pairs of a member and a video there are. Each is visited once before it is measured, because the first visit
/// counts a view and is entered into the history.
const VISITS: usize = 2_000;

pub(super) fn detail(cast: &Cast) -> Vec<Request> {
    cast.videos.iter().map(|id| Request::get(format!("/api/v1/videos/{id}"))).collect()
}

/// Everybody looks again at the page that they have in front.
pub(super) fn detail_signed(cast: &Cast) -> Vec<Request> {
    let visits = cast.videos.iter().zip(&cast.members);
    visits.map(|(id, member)| Request::get(format!("/api/v1/videos/{id}")).by(&member.token)).collect()
}

/// Everybody goes from video to video, which is entered into the history each time.
pub(super) fn visits(cast: &Cast) -> Vec<Request> {
    let visits = pairs(&cast.videos, &cast.members, cast.videos.len().min(VISITS));
    visits.map(|(id, member)| Request::get(format!("/api/v1/videos/{id}")).by(&member.token)).collect()
}

pub(super) fn list(_: &Cast) -> Vec<Request> {
    vec![Request::get("/api/v1/videos?limit=10")]
}

pub(super) fn list_page(cast: &Cast) -> Vec<Request> {
    vec![Request::get(format!("/api/v1/videos?limit=10&page={}", cast.deep.page))]
}

pub(super) fn list_cursor(cast: &Cast) -> Vec<Request> {
    vec![Request::get(format!("/api/v1/videos?limit=10&cursor={}", cast.deep.cursor))]
}

pub(super) fn channel(cast: &Cast) -> Vec<Request> {
    vec![Request::get(format!("/api/v1/users/c/{}", cast.most_subscribed))]
}

pub(super) fn comments(cast: &Cast) -> Vec<Request> {
    vec![Request::get(format!("/api/v1/comments/{}?limit=10", cast.most_commented))]
}

pub(super) fn tweets(cast: &Cast) -> Vec<Request> {
    cast.tweeters.iter().map(|id| Request::get(format!("/api/v1/tweets/user/{id}?limit=10"))).collect()
}

pub(super) fn history(cast: &Cast) -> Vec<Request> {
    of_members(cast, "/api/v1/users/history?limit=10")
}

pub(super) fn liked(cast: &Cast) -> Vec<Request> {
    of_members(cast, "/api/v1/likes/videos?limit=10")
}

pub(super) fn dashboard(cast: &Cast) -> Vec<Request> {
    vec![Request::get("/api/v1/dashboard/stats").by(&cast.largest.token)]
}

/// A page that is another one for each member.
fn of_members(cast: &Cast, path: &str) -> Vec<Request> {
    cast.members.iter().map(|member| Request::get(path).by(&member.token)).collect()
}
