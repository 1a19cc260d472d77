//! The acceptance tests: every row of the HTTP contract and every rule that it states, against a whole server.

mod aliases;
mod comments;
mod cookies;
mod dashboard;
mod folder;
mod frame;
mod harness;
mod health;
mod history;
mod hostile;
mod likes;
mod media;
mod openapi;
mod paging;
mod playlists;
mod races;
mod routes;
mod search;
mod sessions;
mod subscriptions;
mod tweets;
mod uploads;
mod users;
mod videos;
mod views;
mod visibility;
