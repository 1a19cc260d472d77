//! Holds the journal against the store: what was acknowledged is there, what was acknowledged to be gone is gone, and
//! nothing is there that nobody wrote.

use std::collections::BTreeSet;

use reqwest::{Client, StatusCode};
use rusqlite::{Connection, Params};
use serde_json::json;

use super::journal::{Device, Fact, Journal, Known, Slot};
use super::world::World;

/// Everything in the store that the journal contradicts, and every answer that no crash excuses.
pub(crate) fn rows(journal: &Journal, store: &Connection) -> Vec<String> {
    let mut wrong = journal.faults.clone();
    for (fact, known) in &journal.facts {
        let expected = match known {
            Known::Unknown => continue,
            Known::Present => parents_are_there(store, fact),
            Known::Absent => false,
        };
        if is_there(store, fact) != expected {
            wrong.push(format!("{fact:?} was acknowledged as {known:?}; in the store it is not so"));
        }
    }
    let back = journal.seen_gone.iter().filter(|fact| is_there(store, fact));
    wrong.extend(back.map(|fact| format!("{fact:?} was seen to be gone and is there")));
    wrong.extend(views(journal, store));
    wrong.extend(inventions(journal, store));
    wrong
}

fn is_there(store: &Connection, fact: &Fact) -> bool {
    let live = "SELECT 1 FROM videos WHERE state < 2 AND id = unhex(?1)";
    match fact {
        Fact::User { name } => any(store, "SELECT 1 FROM users WHERE username = ?1", [name]),
        Fact::Picture { slot, owner, key } => any(
            store,
            match slot {
                Slot::Avatar => "SELECT 1 FROM users WHERE id = unhex(?1) AND avatar = ?2",
                Slot::Cover => "SELECT 1 FROM users WHERE id = unhex(?1) AND cover_image = ?2",
                Slot::Thumbnail => "SELECT 1 FROM videos WHERE state < 2 AND id = unhex(?1) AND thumbnail = ?2",
            },
            [owner, key],
        ),
        Fact::Video { id } => any(store, live, [id]),
        Fact::Comment { id, video } => {
            any(store, "SELECT 1 FROM comments WHERE id = unhex(?1) AND video = unhex(?2)", [id, video])
        }
        Fact::Tweet { id } => any(store, "SELECT 1 FROM tweets WHERE id = unhex(?1)", [id]),
        Fact::Playlist { id } => any(store, "SELECT 1 FROM playlists WHERE id = unhex(?1)", [id]),
        Fact::Like { user, target } => {
            let (kind, id) = match target.as_ref() {
                Fact::Video { id } => (1, id),
                Fact::Comment { id, .. } => (2, id),
                Fact::Tweet { id } => (3, id),
                other => unreachable!("{other:?} cannot be liked"),
            };
            let sql = "SELECT 1 FROM likes WHERE kind = ?1 AND target = unhex(?2) AND liked_by = unhex(?3)";
            any(store, sql, (kind, id, user))
        }
        Fact::Subscription { subscriber, channel } => {
            let sql = "SELECT 1 FROM subscriptions WHERE subscriber = unhex(?1) AND channel = unhex(?2)";
            any(store, sql, [subscriber, channel])
        }
        Fact::Entry { playlist, video } => {
            let sql = "SELECT 1 FROM playlist_videos WHERE playlist = unhex(?1) AND video = unhex(?2)";
            any(store, sql, [playlist, video])
        }
        Fact::Visit { user, video } => {
            any(store, "SELECT 1 FROM history WHERE user = unhex(?1) AND video = unhex(?2)", [user, video])
        }
    }
}

/// What hangs on something goes with it.
fn parents_are_there(store: &Connection, fact: &Fact) -> bool {
    let video_is_there = |id: &String| is_there(store, &Fact::Video { id: id.clone() });
    match fact {
        Fact::Picture { slot: Slot::Thumbnail, owner, .. } => video_is_there(owner),
        Fact::Comment { video, .. } | Fact::Visit { video, .. } => video_is_there(video),
        Fact::Like { target, .. } => is_there(store, target),
        Fact::Entry { playlist, video } => {
            video_is_there(video) && is_there(store, &Fact::Playlist { id: playlist.clone() })
        }
        Fact::User { .. }
        | Fact::Picture { .. }
        | Fact::Video { .. }
        | Fact::Tweet { .. }
        | Fact::Playlist { .. }
        | Fact::Subscription { .. } => true,
    }
}

fn any(store: &Connection, sql: &str, values: impl Params) -> bool {
    store.prepare_cached(sql).unwrap().exists(values).unwrap()
}

/// Views have no rows of their own that last: they are held against what the visitors know.
fn views(journal: &Journal, store: &Connection) -> Vec<String> {
    let mut query = store.prepare("SELECT lower(hex(id)), views FROM videos WHERE state < 2").unwrap();
    let rows = query
        .query_map([], |row| Ok((row.get::<_, String>(0)?, usize::try_from(row.get::<_, i64>(1)?).unwrap())))
        .unwrap();
    let videos: Vec<(String, usize)> = rows.map(Result::unwrap).collect();
    let wrong = videos.iter().filter_map(|(id, views)| {
        let (least, most) = journal.view_bounds(id);
        (*views < least || *views > most).then(|| format!("{id} has {views} views instead of {least} to {most}"))
    });
    wrong.collect()
}

/// Rows that nobody wrote, or that one request wrote twice.
fn inventions(journal: &Journal, store: &Connection) -> Vec<String> {
    let known: BTreeSet<&str> = journal
        .facts
        .keys()
        .filter_map(|fact| match fact {
            Fact::Video { id } | Fact::Comment { id, .. } | Fact::Tweet { id } | Fact::Playlist { id } => {
                Some(id.as_str())
            }
            _ => None,
        })
        .collect();
    let mut wrong = vec![];
    let mut texts = BTreeSet::new();
    // A video's title changes after its upload, so only what was lost is looked for by its text.
    let sql = "SELECT lower(hex(id)), content FROM comments UNION ALL SELECT lower(hex(id)), content FROM tweets
               UNION ALL SELECT lower(hex(id)), name FROM playlists
               UNION ALL SELECT lower(hex(id)), title FROM videos WHERE state < 2";
    let mut query = store.prepare(sql).unwrap();
    for row in query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap() {
        let (id, text) = row.unwrap();
        if !known.contains(id.as_str()) && !journal.lost_texts.contains(&text) {
            wrong.push(format!("nobody wrote {id}: {text}"));
        }
        if !texts.insert(text.clone()) {
            wrong.push(format!("two rows say: {text}"));
        }
    }
    wrong
}

/// Asks the running server about every device: who is signed in stays so, who signed out is out.
pub(crate) async fn sessions(world: &World, api: &str) -> Vec<String> {
    let devices: Vec<Device> = world.journal().devices.clone();
    let http = Client::new();
    let mut wrong = vec![];
    for device in devices.iter().filter(|device| device.state != Known::Unknown) {
        let user = http.get(format!("{api}/users/current-user")).bearer_auth(&device.access);
        let refresh = http.post(format!("{api}/users/refresh-token")).json(&json!({ "refreshToken": device.refresh }));
        let expected = if device.state == Known::Present { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        for request in [user, refresh] {
            let status = request.send().await.unwrap().status();
            if status != expected {
                wrong.push(format!("a device that was acknowledged as {:?} was answered {status}", device.state));
            }
        }
    }
    wrong
}
