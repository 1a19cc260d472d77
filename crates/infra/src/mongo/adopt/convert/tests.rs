//! Documents in every dialect, and what each becomes.

use aviary_domain::user::Email;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, RawDocumentBuf, doc};

use super::super::legacy::{Converted, Legacy, Refusal};
use super::super::report::{Note, Reason, Stage};
use super::{convert, watched_at};

const HASH: &str = "$2b$10$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234";

pub(super) fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 12])
}

fn at(millis: i64) -> DateTime {
    DateTime::from_millis(millis)
}

pub(super) fn converted(stage: Stage, fields: Document) -> Result<Converted, Refusal> {
    let document = RawDocumentBuf::try_from(fields).expect("a document");
    convert(stage, Legacy::of(stage, id(7), &document).expect("sound BSON"))
}

#[track_caller]
pub(super) fn document(stage: Stage, fields: Document) -> Document {
    converted(stage, fields).expect("a document").document
}

/// Each of these fields has this value.
#[track_caller]
pub(super) fn assert_holds(document: &Document, expected: Document) {
    for (field, value) in expected {
        assert_eq!(document.get(&field), Some(&value), "{field}");
    }
}

pub(super) fn user_fields() -> Document {
    doc! { "_id": id(7), "username": " Ada ", "email": "Ada@Example.org ", "password": HASH, "createdAt": at(5) }
}

pub(super) fn with(mut fields: Document, more: Document) -> Document {
    fields.extend(more);
    fields
}

#[test]
fn names_and_addresses_are_folded_as_they_are_looked_up() {
    let user = document(Stage::Users, user_fields());
    assert_holds(&user, doc! { "username": "ada", "email": "ada@example.org", "password": HASH });
    assert_eq!(Email::fold(" Ada@Example.ORG").as_str(), user.get_str("email").unwrap());
    assert_holds(&user, doc! { "createdAt": at(5), "updatedAt": at(5) });
}

#[test]
fn either_spelling_of_the_full_name_is_read_and_a_missing_one_is_made_up() {
    let name = |fields| {
        let user = document(Stage::Users, with(user_fields(), fields));
        assert!(!user.contains_key("fullname"), "{user}");
        (user.get_str("fullName").unwrap().to_owned(), user.get_document("legacyValues").ok().cloned())
    };
    assert_eq!(name(doc! { "fullName": "Ada L." }), ("Ada L.".to_owned(), None));
    assert_eq!(name(doc! { "fullname": "Ada L." }), ("Ada L.".to_owned(), None));
    assert_eq!(name(doc! { "fullName": "Ada", "fullname": "Ada" }), ("Ada".to_owned(), None));
    assert_eq!(name(doc! {}), ("ada".to_owned(), None));
    let other = Some(doc! { "fullname": "Countess" });
    assert_eq!(name(doc! { "fullName": "Ada", "fullname": "Countess" }), ("Ada".to_owned(), other));
}

#[test]
fn tokens_go_and_what_nobody_knows_stays() {
    let more = doc! { "refreshToken": "eyJ", "__v": 3, "bio": "Likes engines", "watchHistory": [id(1)] };
    let Converted { document: user, notes, .. } = converted(Stage::Users, with(user_fields(), more)).unwrap();
    assert_eq!(notes, [Note::TokenDropped]);
    assert_holds(&user, doc! { "__v": 3, "bio": "Likes engines" });
    assert!(!user.contains_key("refreshToken") && !user.contains_key("watchHistory"));
    for none in [Bson::Null, "".into()] {
        let without = converted(Stage::Users, with(user_fields(), doc! { "refreshToken": none })).unwrap();
        assert_eq!(without.notes, []);
    }
}

#[test]
fn pictures_are_texts_or_documents_and_what_the_document_told_stays() {
    let avatar = doc! { "url": "http://a/b.png", "secure_url": "https://a/b.png", "public_id": "b" };
    let user = document(Stage::Users, with(user_fields(), doc! { "avatar": &avatar, "coverImage": "https://a/c.png" }));
    assert_holds(&user, doc! { "avatar": "https://a/b.png", "coverImage": "https://a/c.png" });
    assert_holds(&user, doc! { "legacyValues": { "avatar": avatar } });
    let none = document(Stage::Users, with(user_fields(), doc! { "avatar": null }));
    assert_holds(&none, doc! { "avatar": "", "coverImage": "" });
}

#[test]
fn an_account_without_a_name_or_an_address_is_refused_and_one_without_a_password_is_not() {
    for field in ["username", "email"] {
        for value in [Bson::Null, "  ".into(), doc! {}.into()] {
            let refused = converted(Stage::Users, with(user_fields(), doc! { field: value }));
            assert_eq!(refused.unwrap_err(), Refusal::malformed(field));
        }
    }
    for password in [Bson::Null, "plain".into(), Bson::Int32(5)] {
        let kept = converted(Stage::Users, with(user_fields(), doc! { "password": &password })).unwrap();
        assert!(kept.notes.contains(&Note::PasswordUnusable));
        assert_holds(&kept.document, doc! { "password": password.as_str().unwrap_or_default() });
    }
}

#[test]
fn a_video_gets_what_it_misses() {
    let fields =
        doc! { "owner": id(1).to_hex(), "title": "Été", "duration": "12.5", "videoFile": { "url": "https://v/1" } };
    let Converted { document: video, notes, .. } = converted(Stage::Videos, fields).unwrap();
    let mut expected = doc! {
        "_id": id(7), "owner": id(1), "videoFile": "https://v/1", "thumbnail": "", "title": "Été", "titleKey": "été",
        "description": "", "duration": 12.5, "width": 0_i64, "height": 0_i64, "bytes": 0_i64, "thumbnailBytes": 0_i64,
        "isPublished": true, "views": 0_i64, "likesCount": 0_i64, "commentsCount": 0_i64,
        "createdAt": id(7).timestamp(), "updatedAt": id(7).timestamp(),
        "titleText": " ete ", "titlePrefixes": ["e", "et", "ete"], "titleWords": ["ete"],
        "prefixes": ["e", "et", "ete"], "words": ["ete"],
    };
    expected.insert("legacyValues", doc! { "videoFile": { "url": "https://v/1" } });
    assert_eq!(video, expected);
    assert_eq!(notes, [Note::PublishedByDefault, Note::ToldMore]);
}

#[test]
fn what_stands_where_the_store_writes_is_set_aside() {
    let theirs = doc! {
        "status": "processing", "statusReason": "queued", "publishWhenReady": true, "thumbnailBytes": 5, "touches": 7,
    };
    for is_published in [true, false] {
        let fields = doc! { "owner": id(1), "title": "Film", "isPublished": is_published };
        let video = document(Stage::Videos, with(fields, theirs.clone()));
        assert_holds(&video, doc! { "isPublished": is_published, "thumbnailBytes": 0_i64 });
        for field in ["status", "statusReason", "publishWhenReady", "touches"] {
            assert!(!video.contains_key(field), "{video}");
        }
        let aside = video.get_document("legacyValues").unwrap();
        assert_eq!(aside.len(), theirs.len());
        assert_holds(aside, theirs.clone());
    }
    let user = document(Stage::Users, with(user_fields(), doc! { "storedBytes": "much" }));
    assert_holds(&user, doc! { "storedBytes": 0_i64, "legacyValues": { "storedBytes": "much" } });
}

#[test]
fn a_video_keeps_what_it_has_in_the_types_of_ours() {
    let fields = doc! {
        "owner": id(1), "title": "Film", "description": "About", "duration": 7, "views": -3.5, "isPublished": false,
        "createdAt": "2024-01-05T00:00:00Z", "updatedAt": at(9), "likesCount": 99, "touches": "x", "tags": ["a"],
        "width": -1, "bytes": "many", "videoFile": "v",
    };
    let video = document(Stage::Videos, fields);
    assert_holds(&video, doc! { "duration": 7.0, "views": 0_i64, "likesCount": 0_i64, "width": 0_i64, "tags": ["a"] });
    assert_holds(&video, doc! { "isPublished": false, "updatedAt": at(9), "createdAt": at(1_704_412_800_000) });
    assert!(!video.contains_key("touches"));
    let aside = doc! { "touches": "x", "width": -1, "bytes": "many", "views": -3.5, "likesCount": 99 };
    assert_holds(&video, doc! { "legacyValues": aside });
}

#[test]
fn a_null_where_a_video_should_say_that_it_is_published_hides_it() {
    let video = document(Stage::Videos, doc! { "owner": id(1), "title": "Film", "isPublished": null });
    assert_holds(&video, doc! { "isPublished": false });
}

#[test]
fn texts_that_are_too_long_are_kept_whole_and_indexed_in_part() {
    let (title, description) = ("long title ".repeat(1_000), "word ".repeat(200_000));
    let fields = doc! { "owner": id(1), "title": &title, "description": &description };
    let video = document(Stage::Videos, fields);
    // Lists by title go on after the whole of it.
    assert_holds(&video, doc! { "title": &title, "titleKey": &title, "description": &description });
    assert!(video.get_array("titleWords").unwrap().len() <= 200);
}

#[test]
fn what_nobody_made_or_says_nothing_is_refused() {
    let cases = [
        (Stage::Videos, doc! { "title": "x" }, "owner"),
        (Stage::Videos, doc! { "owner": "somebody", "title": "x" }, "owner"),
        (Stage::Videos, doc! { "owner": id(1) }, "title"),
        (Stage::Tweets, doc! { "owner": id(1), "content": doc! {} }, "content"),
        (Stage::Comments, doc! { "owner": id(1), "content": "x" }, "video"),
        (Stage::Likes, doc! { "video": id(1) }, "likedBy"),
        (Stage::Likes, doc! { "likedBy": id(1), "video": null }, "target"),
        (Stage::Likes, doc! { "likedBy": id(1), "video": id(2), "tweet": id(3) }, "target"),
        (Stage::Likes, doc! { "likedBy": id(1), "tweet": "x" }, "tweet"),
        (Stage::Subscriptions, doc! { "subscriber": id(1) }, "channel"),
        (Stage::Playlists, doc! { "owner": id(1) }, "name"),
    ];
    for (stage, fields, field) in cases {
        assert_eq!(converted(stage, fields.clone()), Err(Refusal::malformed(field)), "{fields}");
    }
}

#[test]
fn likes_lose_the_fields_of_other_targets() {
    let fields = doc! {
        "likedBy": id(1), "video": null, "comment": id(2).to_hex(), "tweet": null, "description": 5,
        "inviterId": id(3).to_hex(), "__v": 0,
    };
    let (made, unread) = (id(7).timestamp(), doc! { "description": 5 });
    let expected = doc! {
        "_id": id(7), "likedBy": id(1), "comment": id(2), "createdAt": made, "updatedAt": made,
        "inviterId": id(3), "legacyValues": unread, "__v": 0,
    };
    assert_eq!(document(Stage::Likes, fields), expected);
}

#[test]
fn a_blank_target_is_none_and_references_are_read_out_of_documents() {
    let fields = doc! { "likedBy": { "_id": id(1), "username": "ada" }, "video": " ", "tweet": { "$id": id(2) } };
    let like = document(Stage::Likes, fields.clone());
    assert_holds(&like, doc! { "likedBy": id(1), "tweet": id(2) });
    assert!(!like.contains_key("video"));
    let told = doc! { "likedBy": fields.get("likedBy"), "tweet": fields.get("tweet") };
    assert_holds(&like, doc! { "legacyValues": told });
}

#[test]
fn views_beyond_all_reason_are_cut_and_a_list_of_viewers_is_counted() {
    let views = |views: Bson| {
        let fields = doc! { "owner": id(1), "title": "Film", "views": &views, "videoFile": "v", "isPublished": true };
        let Converted { document, unread, .. } = converted(Stage::Videos, fields).unwrap();
        let aside = document.get_document("legacyValues").ok().and_then(|values| values.get("views").cloned());
        assert!(aside.is_none_or(|aside| aside == views));
        (document.get_i64("views").unwrap(), document.contains_key("legacyValues"), unread.len())
    };
    assert_eq!(views(Bson::Int64(i64::MAX)), (1_000_000_000_000_000, true, 1));
    assert_eq!(views(Bson::Int64(1_000_000_000_000_000)), (1_000_000_000_000_000, false, 0));
    assert_eq!(views(vec![id(1), id(2)].into()), (2, true, 0));
    assert_eq!(views("many".into()), (0, true, 1));
}

#[test]
fn nobody_subscribes_to_themselves() {
    let refused = converted(Stage::Subscriptions, doc! { "subscriber": id(1), "channel": id(1).to_hex() });
    assert_eq!(refused, Err(Reason::SelfSubscription.into()));
}

#[test]
fn playlists_hold_a_list_under_either_name_or_a_single_video() {
    for (fields, entries) in [
        (doc! { "videos": [id(1), id(2)] }, vec![id(1), id(2)]),
        (doc! { "video": [id(2)] }, vec![id(2)]),
        (doc! { "video": id(3) }, vec![id(3)]),
        (doc! { "videos": [], "video": [id(1)] }, vec![id(1)]),
        (doc! {}, vec![]),
    ] {
        let playlist = converted(Stage::Playlists, with(doc! { "owner": id(1), "name": "Mine" }, fields)).unwrap();
        let found: Vec<_> = playlist.entries.iter().map(|entry| entry.video).collect();
        assert_eq!(found, entries.into_iter().map(Some).collect::<Vec<_>>());
        assert!(!playlist.document.contains_key("videos") && !playlist.document.contains_key("video"));
        assert_holds(&playlist.document, doc! { "description": "" });
    }
}

#[test]
fn watching_ends_when_the_account_last_changed() {
    let history = converted(Stage::Histories, doc! { "watchHistory": [id(1), id(2)], "updatedAt": at(9_000) }).unwrap();
    assert_holds(&history.document, doc! { "updatedAt": at(9_000) });
    assert_eq!(history.entries.len(), 2);
    assert_eq!(watched_at(at(9_000), [None; 3].into_iter()), [at(7_000), at(8_000), at(9_000)]);
    let known = [None, Some(at(5_000)), None].into_iter();
    assert_eq!(watched_at(at(9_000), known), [at(4_000), at(5_000), at(9_000)]);
}
