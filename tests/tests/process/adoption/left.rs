//! What an application of the family left in its database.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};

/// As the family's applications write passwords.
const HASH: &str = "$2b$10$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234";

const USERS: u32 = 1_000;
const VIDEOS: u32 = 1_500;
const COMMENTS: u32 = 2_500;
const TWEETS: u32 = 1_000;
const LIKES: u32 = 8_000;
const SUBSCRIPTIONS: u32 = 1_500;
const PLAYLISTS: u32 = 500;

/// The id of the so manieth of a kind.
fn id(kind: u8, number: u32) -> ObjectId {
    let mut bytes = [0x65, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

fn at(seconds: u32) -> DateTime {
    DateTime::from_millis(1_700_000_000_000 + i64::from(seconds) * 1_000)
}

/// Numbers that seem to be thrown, and are the same every time.
fn pick(number: u32, of: u32) -> u32 {
    number.wrapping_mul(2_654_435_761) % of
}

fn account(number: u32, name: &str, history: Vec<Document>) -> Document {
    doc! {
        "_id": id(b'u', number), "username": name, "email": format!("Mail{number}@example.org"), "fullname": name,
        "password": HASH, "avatar": { "url": "https://media.example/a.png", "public_id": "a" },
        "watchHistory": history, "createdAt": at(number), "updatedAt": at(number + 1_000), "theme": "dark",
    }
}

fn video(number: u32, owner: u32) -> Document {
    doc! {
        "_id": id(b'v', number), "owner": id(b'u', owner), "title": format!("Film number {number}"),
        "description": "A film about birds", "duration": number.to_string(), "views": number % 100,
        "videoFile": "https://media.example/f.mp4", "thumbnail": "", "isPublished": !number.is_multiple_of(10),
    }
}

fn subscription(number: u32, from: u32, to: u32) -> Document {
    doc! { "_id": id(b's', number), "subscriber": id(b'u', from), "channel": id(b'u', to), "createdAt": at(number) }
}

/// Little, with something of each kind that a report tells.
pub(super) fn few() -> Vec<(&'static str, Vec<Document>)> {
    let watched = |number, progress| doc! { "video": id(b'v', number), "watchedAt": at(9), "progress": progress };
    let mut ada = account(1, "ada", vec![watched(1, 0.5), watched(7, 0.1)]);
    let mut bob = account(2, "bob", vec![]);
    for account in [&mut ada, &mut bob] {
        account.insert("avatar", "https://media.example/a.png");
    }
    bob.insert("refreshToken", "eyJhbGciOiJIUzI1NiJ9.e30.x");
    let mut film = video(1, 1);
    film.insert("isPublished", true);
    vec![
        ("users", vec![ada, bob]),
        ("videos", vec![film]),
        ("subscriptions", vec![subscription(1, 1, 2), subscription(2, 1, 2)]),
        ("agendaJobs", vec![doc! { "_id": 1, "name": "mail" }]),
    ]
}

/// So much that an adoption can be killed in the middle of each of its parts, with much that is there twice, refers to
/// nothing or tells more than is kept.
pub(super) fn many() -> Vec<(&'static str, Vec<Document>)> {
    let user = |number: u32| id(b'u', pick(number, USERS));
    let history = |number: u32| {
        let entry = |place: u32| {
            let video = id(b'v', pick(number * 31 + place / 2, VIDEOS + 5));
            doc! { "_id": id(b'e', number * 40 + place), "video": video, "progress": place }
        };
        (0..20).map(entry).collect()
    };
    let accounts = (0..USERS).map(|number| {
        // Every fiftieth takes the name of the one before.
        let name = format!("User{}", number - u32::from(number % 50 == 49));
        account(number, &name, history(number))
    });
    let said =
        |kind, number: u32| doc! { "_id": id(kind, number), "owner": user(number), "content": format!("{number}") };
    let comment = |number: u32| {
        let mut comment = said(b'c', number);
        comment.insert("video", id(b'v', pick(number * 3, VIDEOS + 2)));
        comment
    };
    let like = |number: u32| {
        let told = if number % 20 == 19 { number - 3 } else { number };
        let (field, kind, of) = match told % 3 {
            0 => ("video", b'v', VIDEOS),
            1 => ("comment", b'c', COMMENTS),
            _ => ("tweet", b't', TWEETS),
        };
        doc! { "_id": id(b'l', number), "likedBy": user(told), field: id(kind, pick(told * 7, of + 3)) }
    };
    let playlist = |number: u32| {
        let videos = (0..10).map(|place| id(b'v', pick(number * 17 + place, VIDEOS + 1)));
        doc! { "_id": id(b'p', number), "owner": user(number), "name": "Mine", "videos": videos.collect::<Vec<_>>() }
    };
    vec![
        ("users", accounts.collect()),
        ("videos", (0..VIDEOS).map(|number| video(number, pick(number, USERS))).collect()),
        ("tweets", (0..TWEETS).map(|number| said(b't', number)).collect()),
        ("comments", (0..COMMENTS).map(comment).collect()),
        ("likes", (0..LIKES).map(like).collect()),
        (
            "subscriptions",
            (0..SUBSCRIPTIONS)
                .map(|number| subscription(number, pick(number / 2, USERS), pick(number, USERS)))
                .collect(),
        ),
        ("playlists", (0..PLAYLISTS).map(playlist).collect()),
        ("agendaJobs", vec![doc! { "_id": 1, "name": "mail" }]),
        ("sessions", vec![doc! { "_id": "a", "session": "{}" }]),
    ]
}

/// Three accounts with histories that nearly fill their documents, each entry of which is a document.
pub(super) fn long() -> Vec<(&'static str, Vec<Document>)> {
    let history = |number: u32| {
        let entry = |place: u32| doc! { "video": id(b'v', place % VIDEOS), "watchedAt": at(place), "progress": number };
        (0..240_000).map(entry).collect()
    };
    let accounts = (0..3).map(|number| account(number, &format!("user{number}"), history(number)));
    vec![("users", accounts.collect()), ("videos", (0..VIDEOS).map(|number| video(number, 0)).collect())]
}
