//! What is kept beside a document: values that ours has no place for, each as it was.

use mongodb::bson::{Bson, Document, doc};

use super::super::legacy::Converted;
use super::super::report::{Note, Stage};
use super::tests::{assert_holds, converted, document, id, user_fields, with};

/// What of the original is kept beside the document, and the fields that the report names for it.
#[track_caller]
fn aside(stage: Stage, fields: Document) -> (Document, Vec<String>) {
    let Converted { document, notes, mut unread, .. } = converted(stage, fields).unwrap();
    assert!(notes.contains(&Note::ValueSetAside), "{notes:?}");
    unread.sort();
    (document.get_document("legacyValues").unwrap().clone(), unread)
}

fn sorted(fields: &Document) -> Vec<String> {
    let mut fields: Vec<String> = fields.keys().cloned().collect();
    fields.sort();
    fields
}

#[test]
fn what_has_a_name_that_ours_needs_is_set_aside() {
    let film = doc! { "owner": id(1), "title": "Film", "videoFile": "v", "isPublished": true };
    let mine = doc! { "owner": id(1), "name": "Mine" };
    let said = doc! { "owner": id(1), "content": "x", "video": id(2) };
    let cases = [
        (
            Stage::Videos,
            film,
            doc! {
                "words": ["theirs"], "prefixes": 3, "titleKey": "A", "titleText": "t", "titlePrefixes": {}, "titleWords": "w",
                "likesCount": 4, "commentsCount": 0, "thumbnailBytes": 5.5,
            },
        ),
        (Stage::Playlists, mine, doc! { "entries": [{ "at": 1 }], "nextPosition": "end" }),
        (
            Stage::Users,
            user_fields(),
            doc! {
                "subscribersCount": 7, "subscriptionsCount": "many", "videosCount": 1, "publishedCount": 1, "tweetsCount": 1,
                "viewsReceived": 1, "likesReceived": 1, "commentsReceived": 1, "storedBytes": 1,
            },
        ),
        (Stage::Comments, said.clone(), doc! { "likesCount": [id(3)] }),
        (Stage::Tweets, said, doc! { "likesCount": 2 }),
    ];
    for (stage, fields, theirs) in cases {
        let without = document(stage, fields.clone());
        let made = with(fields, theirs.clone());
        let mut document = document(stage, made.clone());
        let (kept, named) = aside(stage, made);
        assert_eq!(kept.len(), theirs.len(), "{kept}");
        assert_holds(&kept, theirs.clone());
        assert_eq!(named, sorted(&theirs));
        document.remove("legacyValues");
        assert_eq!(document, without, "ours is as if nothing had stood there");
    }
}

#[test]
fn what_an_application_kept_under_the_name_of_what_is_set_aside_stays_there_too() {
    let mine = doc! { "owner": id(1), "name": "Mine", "legacyValues": { "a": 1 } };
    assert_holds(&document(Stage::Playlists, mine.clone()), doc! { "legacyValues": { "a": 1 } });
    let (kept, named) = aside(Stage::Playlists, with(mine, doc! { "entries": 5 }));
    assert_eq!(kept, doc! { "entries": 5, "legacyValues": { "a": 1 } });
    assert_eq!(named, ["entries"]);
}

#[test]
fn nothing_that_says_nothing_is_set_aside() {
    let fields = doc! { "owner": id(1), "name": "Mine", "entries": null, "nextPosition": Bson::Undefined };
    let Converted { document, notes, .. } = converted(Stage::Playlists, fields).unwrap();
    assert!(!document.contains_key("legacyValues"), "{document}");
    assert_eq!(notes, []);
}

#[test]
fn a_number_that_is_read_as_another_one_is_kept_as_it_was() {
    let cases: [(&str, Bson, Bson); 9] = [
        ("views", Bson::Double(41.9), Bson::Int64(41)),
        ("views", Bson::Int32(-4), Bson::Int64(0)),
        ("views", "-1".into(), Bson::Int64(0)),
        ("duration", Bson::Double(-2.5), Bson::Double(0.0)),
        ("width", Bson::Double(639.5), Bson::Int64(639)),
        ("width", Bson::Int64(1 << 40), Bson::Int64(0)),
        ("height", Bson::Int64(-1), Bson::Int64(0)),
        ("bytes", "1e30".into(), Bson::Int64(0)),
        ("bytes", Bson::Double(0.5), Bson::Int64(0)),
    ];
    for (field, theirs, ours) in cases {
        let fields = doc! { "owner": id(1), "title": "Film", field: &theirs };
        assert_holds(&document(Stage::Videos, fields.clone()), doc! { field: ours });
        let (kept, named) = aside(Stage::Videos, fields);
        assert_eq!((kept, named), (doc! { field: theirs }, vec![field.to_owned()]));
    }
    let fields = doc! {
        "owner": id(1), "title": "Film", "views": "41", "duration": "1:02", "width": 640.0, "height": 480, "bytes": 0_i64,
    };
    assert!(
        !document(Stage::Videos, fields).contains_key("legacyValues"),
        "the same number in another type is the same"
    );
}
