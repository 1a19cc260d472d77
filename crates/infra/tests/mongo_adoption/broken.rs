//! What cannot be kept: it is all in the quarantine, with the reason, and counted.

use std::collections::BTreeMap;

use aviary_infra::mongo::{EntryReason, Note, Reason, Stage};
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use super::dialects::{Dialect, HASH};
use super::{Dump, Guard, id, sorted};

fn account(number: u32, username: &str, email: &str) -> Document {
    doc! { "_id": id(b'u', number), "username": username, "email": email, "password": HASH }
}

fn with(mut document: Document, more: Document) -> Document {
    document.extend(more);
    document
}

/// Fields of another meaning, or with numbers that cannot be, under the names of ours.
pub(crate) fn strange_account() -> Document {
    doc! { "subscribersCount": 12, "storedBytes": "much" }
}

pub(crate) fn strange_video() -> Document {
    doc! {
        "words": ["theirs"], "prefixes": "f", "titleKey": "F", "likesCount": 9, "duration": -4, "views": 3.7,
        "width": "wide",
    }
}

pub(crate) fn strange_list() -> Document {
    doc! { "entries": [{ "at": 1 }], "nextPosition": "end" }
}

/// Everything that can be wrong, beside a little that is right.
pub(crate) fn broken() -> Dialect {
    let (ada, twin, nobody) = (id(b'u', 1), id(b'u', 2), id(b'u', 99));
    let (film, lost, comment, dead) = (id(b'v', 1), id(b'v', 2), id(b'c', 1), id(b'c', 2));
    let twin_account =
        with(account(2, " ADA", "twin@example.org"), doc! { "refreshToken": "eyJ", "watchHistory": [film] });
    let ada_account = with(account(1, "ada", "ada@example.org"), doc! { "watchHistory": [nobody, film, film, "x"] });
    let video = |id, owner| doc! { "_id": id, "owner": owner, "title": "film", "videoFile": "v", "isPublished": true };
    let said = |number, video, owner| doc! { "_id": id(b'c', number), "content": "x", "video": video, "owner": owner };
    let like = |number, user, field: &str, what| doc! { "_id": id(b'l', number), "likedBy": user, field: what };
    let subscription = |number, from, to| doc! { "_id": id(b's', number), "subscriber": from, "channel": to };
    let bob = id(b'u', 6);
    Dialect::new()
        .left(
            "users",
            [
                ada_account,
                twin_account,
                account(3, "carl", " Ada@example.org"),
                doc! { "_id": id(b'u', 4), "username": "dora", "password": HASH },
                with(account(6, "bob", "bob@example.org"), strange_account()),
                doc! { "_id": "five", "username": "five", "email": "five@example.org" },
            ],
        )
        .left(
            "videos",
            [
                video(film, ada),
                video(lost, twin),
                doc! { "_id": id(b'v', 3), "title": "nobody's" },
                video(id(b'v', 4), nobody),
                doc! { "_id": 7, "title": "odd", "owner": ada },
                with(video(id(b'v', 5), bob), strange_video()),
            ],
        )
        .left("tweets", [doc! { "_id": id(b't', 1), "content": "x", "owner": id(b'u', 3) }])
        .left("comments", [said(1, film, ada), said(2, lost, ada), said(3, film, twin)])
        .left(
            "likes",
            [
                like(1, ada, "video", film),
                like(2, ada, "video", film),
                like(3, ada, "comment", dead),
                like(4, twin, "video", film),
                doc! { "_id": id(b'l', 5), "likedBy": ada, "video": null },
                like(6, ada, "comment", comment),
            ],
        )
        .left(
            "subscriptions",
            [
                subscription(1, ada, ada),
                subscription(2, twin, ada),
                subscription(3, ada, nobody),
                subscription(4, bob, ada),
                subscription(5, bob, ada),
            ],
        )
        .left(
            "playlists",
            [
                doc! {
                    "_id": id(b'p', 1), "name": "Mine", "owner": ada,
                    "videos": [film, film, lost, Bson::Null, "x"],
                },
                doc! { "_id": id(b'p', 2), "name": "Lost", "owner": nobody },
                with(doc! { "_id": id(b'p', 3), "name": "Odd", "owner": bob, "videos": [film] }, strange_list()),
            ],
        )
}

/// The reasons by collection and id.
fn reasons(quarantine: &[Document]) -> BTreeMap<String, String> {
    let told = quarantine.iter().map(|moved| {
        let place = moved.get_document("_id").expect("a place");
        let id = place.get("id").expect("an id").to_string();
        let field = moved.get_str("field").map(|field| format!(" {field}")).unwrap_or_default();
        let reason = format!("{}{field}", moved.get_str("reason").expect("a reason"));
        (format!("{} {id}", place.get_str("collection").expect("a collection")), reason)
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_in_quarantine_with_its_reason() {
    let dialect = broken();
    let guard = Guard::with(&dialect.left).await;
    guard.adopt().await;
    let adopted = guard.adopted().await;
    let place = |collection: &str, id: Bson| format!("{collection} {id}");
    let by_number = |collection: &str, kind, number| place(collection, id(kind, number).into());
    let expected = BTreeMap::from([
        (by_number("users", b'u', 2), "usernameTaken".to_owned()),
        (by_number("users", b'u', 3), "emailTaken".to_owned()),
        (by_number("users", b'u', 4), "malformed email".to_owned()),
        (place("users", "five".into()), "unreadableId".to_owned()),
        (by_number("users.watchHistory", b'u', 1), "entries".to_owned()),
        (by_number("videos", b'v', 2), "ownerMissing".to_owned()),
        (by_number("videos", b'v', 3), "malformed owner".to_owned()),
        (by_number("videos", b'v', 4), "ownerMissing".to_owned()),
        (place("videos", Bson::Int32(7)), "unreadableId".to_owned()),
        (by_number("tweets", b't', 1), "ownerMissing".to_owned()),
        (by_number("comments", b'c', 2), "targetMissing".to_owned()),
        (by_number("comments", b'c', 3), "ownerMissing".to_owned()),
        (by_number("likes", b'l', 2), "duplicate".to_owned()),
        (by_number("likes", b'l', 3), "targetMissing".to_owned()),
        (by_number("likes", b'l', 4), "ownerMissing".to_owned()),
        (by_number("likes", b'l', 5), "malformed target".to_owned()),
        (by_number("subscriptions", b's', 1), "selfSubscription".to_owned()),
        (by_number("subscriptions", b's', 2), "ownerMissing".to_owned()),
        (by_number("subscriptions", b's', 3), "targetMissing".to_owned()),
        (by_number("subscriptions", b's', 5), "duplicate".to_owned()),
        (by_number("playlists", b'p', 2), "ownerMissing".to_owned()),
        (by_number("playlists.videos", b'p', 1), "entries".to_owned()),
    ]);
    assert_eq!(reasons(&adopted["quarantine"]), expected);
    assert_nothing_is_lost(&dialect.left, &adopted);
}

/// Every document is there, or whole in the quarantine, where it lacks nothing but its token.
fn assert_nothing_is_lost(left: &Dump, adopted: &Dump) {
    for (name, documents) in left {
        for document in documents {
            let id = document.get("_id").expect("an id");
            let kept = adopted[name].iter().filter(|kept| kept.get("_id") == Some(id)).count();
            let place = doc! { "collection": name, "id": id };
            let mut moved = adopted["quarantine"].iter().filter(|moved| moved.get_document("_id").ok() == Some(&place));
            let mut expected = document.clone();
            expected.remove("refreshToken");
            match (kept, moved.next()) {
                (1, None) => {}
                (0, Some(moved)) => {
                    assert_eq!(sorted(moved.get_document("document").expect("a document")), sorted(&expected));
                }
                found => panic!("{name} {id}: {found:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_not_kept_are_told_with_their_places() {
    let guard = Guard::with(&broken().left).await;
    guard.adopt().await;
    let adopted = guard.adopted().await;
    let dropped = |list: &str, id| {
        let place = doc! { "collection": list, "id": id };
        let mut moved = adopted["quarantine"].iter().filter(|moved| moved.get_document("_id").ok() == Some(&place));
        moved.next().expect("a list").get_document("document").expect("a document").clone()
    };
    let (film, lost) = (id(b'v', 1), id(b'v', 2));
    let of_playlist = doc! { "entries": [
        { "at": 1_i64, "video": film, "reason": "duplicate" },
        { "at": 2_i64, "video": lost, "reason": "targetMissing" },
        { "at": 3_i64, "video": null, "reason": "unreadable" },
        { "at": 4_i64, "video": "x", "reason": "unreadable" },
    ] };
    assert_eq!(dropped("playlists.videos", id(b'p', 1)), of_playlist);
    let of_history = doc! { "entries": [
        { "at": 0_i64, "video": id(b'u', 99), "reason": "targetMissing" },
        { "at": 1_i64, "video": film, "reason": "duplicate" },
        { "at": 3_i64, "video": "x", "reason": "unreadable" },
    ] };
    assert_eq!(dropped("users.watchHistory", id(b'u', 1)), of_history);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_counts_it_all() {
    let guard = Guard::with(&broken().left).await;
    let database = guard.database().await;
    for foreign in ["sessions", "agendaJobs"] {
        database.collection(foreign).insert_one(doc! { "session": "{}" }).await.expect("a foreign document");
    }
    let report = guard.adopt().await;
    let users = &report.stages[&Stage::Users];
    assert_eq!((users.read, users.kept), (6, 2));
    let taken =
        [(Reason::UnreadableId, 1), (Reason::Malformed, 1), (Reason::UsernameTaken, 1), (Reason::EmailTaken, 1)];
    assert_eq!(users.quarantined, BTreeMap::from(taken));
    for (stage, tally) in &report.stages {
        assert_eq!(tally.read, tally.kept + tally.quarantined.values().sum::<u64>(), "{stage:?}");
        let dropped: u64 = tally.entries_quarantined.values().sum();
        assert_eq!(tally.entries_read, tally.entries_kept + dropped, "{stage:?}");
    }
    let playlists = &report.stages[&Stage::Playlists];
    assert_eq!((playlists.entries_read, playlists.entries_kept), (6, 2));
    assert_eq!(playlists.entries_quarantined[&EntryReason::Unreadable], 2);
    for stage in [Stage::Users, Stage::Videos, Stage::Playlists] {
        // Nor is the account with the token kept.
        assert_eq!(report.stages[&stage].notes, BTreeMap::from([(Note::ValueSetAside, 1)]), "{stage:?}");
    }
    let set_aside: Vec<_> = playlists.unread.iter().map(|(field, number)| (field.as_str(), *number)).collect();
    assert_eq!(set_aside, [("entries", 1), ("nextPosition", 1)]);
    assert_eq!((report.set_aside, report.left_alone), (vec!["sessions".to_owned()], vec!["agendaJobs".to_owned()]));
    let adopted = guard.dump().await;
    assert_eq!((adopted["legacy.sessions"].len(), adopted["agendaJobs"].len()), (1, 1), "they stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_bson_moves_as_it_is() {
    let guard = Guard::with(&super::dialects::classic().left).await;
    let mut bytes = RawDocumentBuf::try_from(&doc! { "_id": id(b't', 9), "owner": id(b'u', 1), "content": "??" })
        .expect("a document")
        .into_bytes();
    let place = bytes.windows(2).position(|pair| pair == b"??").expect("the text");
    bytes[place] = 0xFF;
    let damaged = RawDocumentBuf::from_bytes(bytes.clone()).expect("a document");
    let tweets = guard.database().await.collection::<RawDocumentBuf>("tweets");
    tweets.insert_one(&damaged).await.expect("a damaged document");
    let report = guard.adopt().await;
    assert_eq!(report.stages[&Stage::Tweets].quarantined, BTreeMap::from([(Reason::Unreadable, 1)]));
    let quarantine = guard.database().await.collection::<RawDocumentBuf>("quarantine");
    let moved = quarantine.find_one(doc! { "reason": "unreadable" }).await.expect("an answer").expect("a document");
    assert_eq!(moved.get_document("document").expect("a document").as_bytes(), bytes);
}

/// A document may be as large as documents may be at all, and still has to go somewhere.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_to_be_kept_or_wrapped_is_not_lost() {
    const LARGEST: usize = 16 << 20;
    let mut twin = account(2, "ada", "twin@example.org");
    let room = LARGEST - RawDocumentBuf::try_from(&twin).expect("a document").as_bytes().len();
    // The type, the name with its end, the length of the text and its end.
    twin.insert("bio", "b".repeat(room - 10));
    let long = "t".repeat(9 << 20);
    let film = doc! { "_id": id(b'v', 1), "owner": id(b'u', 1), "title": &long, "videoFile": "v" };
    let list: Vec<Bson> = (0..600_000).map(|_| id(b'v', 1).into()).collect();
    let playlist = doc! { "_id": id(b'p', 1), "owner": id(b'u', 1), "name": "Mine", "videos": list };
    let dialect = Dialect::new()
        .left("users", [account(1, "ada", "ada@example.org"), twin.clone()])
        .left("videos", [film.clone()])
        .left("playlists", [playlist.clone()]);
    let guard = Guard::with(&dialect.left).await;
    let report = guard.adopt().await;
    assert_eq!(report.stages[&Stage::Videos].quarantined, BTreeMap::from([(Reason::TooLarge, 1)]));
    let adopted = guard.dump().await;
    assert_eq!(adopted["quarantine.users"], [twin]);
    assert_eq!(adopted["quarantine.playlists.videos"], [playlist]);
    let kept_in: Vec<_> = adopted["quarantine"].iter().filter_map(|moved| moved.get_str("keptIn").ok()).collect();
    assert_eq!(kept_in, ["quarantine.playlists.videos", "quarantine.users"]);
    let wrapped = adopted["quarantine"].iter().find_map(|moved| moved.get_document("document").ok());
    assert_eq!(wrapped, Some(&film));
}
