//! The facts as rows of the tables, with the columns in the order of the copy's list.

use aviary_domain::id::RawId;

use super::world::{Liking, Target, World, one};
use crate::copy::record::{Record, Value};

/// Where the files of seeded rows are said to be: on a host that nobody can have (RFC 2606). The store leaves addresses of
/// others alone.
const HOST: &str = "https://media.example";

/// What a name needs that other people's rows show.
pub(super) fn username(user: u32) -> String {
    format!("user{}", u64::from(user) + 1)
}

/// How many rows a table has.
pub(super) fn count(world: &World, table: &str) -> u32 {
    let rows = match table {
        "users" => world.people.len(),
        "videos" => world.films.len(),
        "history" => world.watchings.len(),
        "comments" => world.remarks.len(),
        "tweets" => world.posts.len(),
        "likes" => world.likings.len(),
        "subscriptions" => world.followings.len(),
        "playlists" => world.playlists.len(),
        "playlist_videos" => world.entries.len(),
        // Nobody is signed in, views of that age are forgotten, and nothing is on its way.
        _ => 0,
    };
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// The row of this number; nothing where there is none.
pub(super) fn row(world: &World, table: &str, number: u32) -> Option<Record> {
    let place = usize::try_from(number).ok()?;
    let values = match table {
        "users" if number < count(world, table) => user(world, number),
        "videos" if number < count(world, table) => video(world, number),
        "history" => {
            let watching = world.watchings.get(place)?;
            let time = world.lines.history.time(watching.number);
            vec![id(world.lines.users.id(watching.user)), id(world.lines.videos.id(watching.video)), whole(time)]
        }
        "comments" if number < count(world, table) => comment(world, number),
        "tweets" if number < count(world, table) => tweet(world, number),
        "likes" => like(world, number, *world.likings.get(place)?),
        "subscriptions" => {
            let following = world.followings.get(place)?;
            let line = &world.lines.subscriptions;
            let [channel, subscriber] =
                [following.channel, following.subscriber].map(|user| world.lines.users.id(user));
            vec![id(channel), id(subscriber), id(line.id(following.number)), whole(line.time(following.number))]
        }
        "playlists" if number < count(world, table) => playlist(world, number),
        "playlist_videos" => {
            let entry = world.entries.get(place)?;
            let playlist = world.lines.playlists.id(entry.playlist);
            vec![id(playlist), whole(entry.position), id(world.lines.videos.id(entry.video))]
        }
        _ => return None,
    };
    Some(Record(values))
}

fn user(world: &World, number: u32) -> Vec<Value> {
    let (name, person, time) = (username(number), one(&world.people, number), world.lines.users.time(number));
    vec![
        id(world.lines.users.id(number)),
        Value::Text(name.clone()),
        Value::Text(format!("{name}@example.org")),
        Value::Text(world.texts.full_name(number)),
        Value::Text(world.password_hash.clone()),
        Value::Text(format!("{HOST}/faces/{name}.jpg")),
        Value::Null,
        whole(time),
        whole(time),
        whole(person.subscribers),
        whole(person.subscriptions),
        whole(person.videos),
        whole(person.published),
        whole(person.tweets),
        whole(person.views),
        whole(person.likes),
        whole(person.comments),
        // Of its files the store has nothing.
        whole(0),
    ]
}

fn video(world: &World, number: u32) -> Vec<Value> {
    let (film, line, text) = (one(&world.films, number), &world.lines.videos, world.texts.video(number));
    let time = line.time(number);
    vec![
        id(line.id(number)),
        id(world.lines.users.id(film.owner)),
        whole(!film.is_hidden),
        Value::Text(format!("{HOST}/films/{number}.mp4")),
        Value::Text(format!("{HOST}/stills/{number}.jpg")),
        Value::Text(text.title),
        Value::Text(text.title_key),
        Value::Text(text.description),
        Value::Real(film.seconds.into()),
        whole(1_280),
        whole(720),
        whole(0),
        whole(film.views),
        whole(film.likes),
        whole(film.comments),
        whole(time),
        whole(time),
        whole(0),
        Value::Null,
        Value::Null,
        whole(false),
    ]
}

fn comment(world: &World, number: u32) -> Vec<Value> {
    let (remark, line) = (one(&world.remarks, number), &world.lines.comments);
    vec![
        id(line.id(number)),
        id(world.lines.videos.id(remark.video)),
        id(world.lines.users.id(remark.owner)),
        Value::Text(world.texts.comment(number)),
        whole(remark.likes),
        whole(line.time(number)),
        whole(line.time(number)),
    ]
}

fn tweet(world: &World, number: u32) -> Vec<Value> {
    let (post, line) = (one(&world.posts, number), &world.lines.tweets);
    vec![
        id(line.id(number)),
        id(world.lines.users.id(post.owner)),
        Value::Text(world.texts.tweet(number)),
        whole(post.likes),
        whole(line.time(number)),
        whole(line.time(number)),
    ]
}

fn like(world: &World, place: u32, liking: Liking) -> Vec<Value> {
    let (video, comment, tweet) = match liking.target {
        Target::Video(video) => (id(world.lines.videos.id(video)), Value::Null, Value::Null),
        Target::Comment(comment) => (Value::Null, id(world.lines.comments.id(comment)), Value::Null),
        Target::Tweet(tweet) => (Value::Null, Value::Null, id(world.lines.tweets.id(tweet))),
    };
    let line = &world.lines.likes;
    let (by, time) = (id(world.lines.users.id(liking.by)), whole(line.time(liking.number)));
    vec![id(line.id(place)), by, video, comment, tweet, Value::Null, Value::Null, time]
}

/// An entry was added each minute.
fn playlist(world: &World, number: u32) -> Vec<Value> {
    let (playlist, line) = (one(&world.playlists, number), &world.lines.playlists);
    let (name, description) = world.texts.playlist(number);
    let time = line.time(number);
    vec![
        id(line.id(number)),
        id(world.lines.users.id(playlist.owner)),
        Value::Text(name),
        Value::Text(description),
        whole(playlist.entries),
        whole(playlist.entries),
        whole(time),
        whole(time + i64::from(playlist.entries) * 60_000),
    ]
}

fn id(raw: RawId) -> Value {
    Value::Id(raw)
}

fn whole(number: impl Into<i64>) -> Value {
    Value::Integer(number.into())
}
