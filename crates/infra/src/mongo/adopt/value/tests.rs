//! Values in every type and form, and what is read of them.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Decimal128, Timestamp, doc};
use proptest::prelude::*;

use super::{Amount, count, date, entry, file, flag, number, reference, seconds, tells_more, watched_at};

#[test]
fn numbers_are_read_from_every_type_that_holds_one() {
    let decimal: Decimal128 = "12.5".parse().unwrap();
    for value in [Bson::Double(12.5), Bson::Decimal128(decimal), " 12.5 ".into()] {
        assert_eq!(number(&value), Some(12.5), "{value}");
    }
    assert_eq!((number(&Bson::Int32(3)), number(&Bson::Int64(1 << 40))), (Some(3.0), Some(1_099_511_627_776.0)));
    for value in [Bson::Double(f64::NAN), "inf".into(), "NaN".into(), "1e999".into(), "".into(), Bson::Null] {
        assert_eq!(number(&value), None, "{value}");
    }
}

#[test]
fn lengths_are_read_as_clocks_show_them_and_are_never_negative() {
    for (text, taken, is_exact) in
        [("2:05", 125.0, true), ("1:02:05.5", 3_725.5, true), ("90", 90.0, true), ("-3", 0.0, false)]
    {
        assert_eq!(seconds(&text.into()), Some(Amount { taken, is_exact }), "{text}");
    }
    for text in ["1:2:3:4", "1:-2", "::", "long"] {
        assert_eq!(seconds(&text.into()), None, "{text}");
    }
}

#[test]
fn counts_are_whole_and_not_less_than_none_and_say_whether_that_is_what_stood_there() {
    let decimal = |text: &str| Bson::Decimal128(text.parse().unwrap());
    let cases: [(Bson, u64, bool); 12] = [
        (Bson::Double(7.0), 7, true),
        (Bson::Double(7.9), 7, false),
        (Bson::Int32(-3), 0, false),
        (Bson::Int64(-3), 0, false),
        (Bson::Double(-0.5), 0, false),
        ("41".into(), 41, true),
        ("41.5".into(), 41, false),
        (decimal("41"), 41, true),
        (decimal("41.9"), 41, false),
        // More digits than a floating number has.
        (" 9007199254740993".into(), 9_007_199_254_740_993, true),
        (Bson::Int64(i64::MAX), i64::MAX.unsigned_abs(), true),
        (Bson::Double(3e9), 3_000_000_000, true),
    ];
    for (value, taken, is_exact) in cases {
        assert_eq!(count(&value), Some(Amount { taken, is_exact }), "{value}");
    }
    for value in [Bson::Double(1e300), "many".into(), "99999999999999999999".into()] {
        assert_eq!(count(&value), None, "{value}");
    }
}

#[test]
fn what_is_cut_is_not_what_stood_there() {
    let amount = |taken, is_exact| Amount::<u64> { taken, is_exact };
    assert_eq!(amount(7, true).at_most(7), amount(7, true));
    assert_eq!(amount(8, true).at_most(7), amount(7, false));
    assert_eq!(amount(6, false).at_most(7), amount(6, false));
    assert_eq!(amount(7, false).narrow(), Some(Amount { taken: 7_u32, is_exact: false }));
    assert_eq!(amount(1 << 32, true).narrow(), None);
}

#[test]
fn flags_and_instants_are_read_from_texts_and_numbers() {
    for value in [Bson::Boolean(true), "True".into(), Bson::Int32(1)] {
        assert_eq!(flag(&value), Some(true), "{value}");
    }
    assert_eq!(
        (flag(&"no".into()), flag(&Bson::Double(0.0)), flag(&"perhaps".into())),
        (Some(false), Some(false), None)
    );
    let day = DateTime::from_millis(1_704_412_800_000);
    let stamp = Timestamp { time: 1_704_412_800, increment: 7 };
    for value in [
        Bson::DateTime(day),
        "2024-01-05".into(),
        "2024-01-05T00:00:00.000Z".into(),
        "2024-01-05T01:00:00+01:00".into(),
        Bson::Int64(1_704_412_800_000),
        Bson::Double(1_704_412_800_000.0),
        Bson::Timestamp(stamp),
    ] {
        assert_eq!(date(&value), Some(day), "{value}");
    }
    assert_eq!((date(&"yesterday".into()), date(&Bson::Null)), (None, None));
}

#[test]
fn references_and_files_are_read_in_both_forms() {
    let id = ObjectId::from_bytes([5; 12]);
    for value in [Bson::ObjectId(id), id.to_hex().into()] {
        assert_eq!(reference(&value), Some(id));
    }
    assert_eq!(reference(&"x".into()), None);
    for value in [
        Bson::from("https://a/b.png"),
        doc! { "url": "http://a/b.png", "secure_url": "https://a/b.png", "public_id": "b" }.into(),
        doc! { "url": "https://a/b.png", "secure_url": "" }.into(),
    ] {
        assert_eq!(file(&value).as_deref(), Some("https://a/b.png"), "{value}");
    }
    assert_eq!((file(&doc! { "public_id": "b" }.into()), file(&Bson::Int32(1))), (None, None));
}

#[test]
fn references_are_read_out_of_documents() {
    let (id, other) = (ObjectId::from_bytes([5; 12]), ObjectId::from_bytes([6; 12]));
    for value in
        [doc! { "_id": id, "username": "ada" }, doc! { "$ref": "users", "$id": id }, doc! { "id": id.to_hex() }]
    {
        assert_eq!((reference(&value.clone().into()), entry(&value.into())), (Some(id), Some(id)));
    }
    for value in [doc! { "_id": other, "video": id }, doc! { "videoId": id }, doc! { "video": { "_id": id } }] {
        assert_eq!(entry(&value.into()), Some(id));
    }
    for value in [doc! { "_id": other, "video": null }, doc! { "_id": { "_id": id } }, doc! {}] {
        assert_eq!(entry(&value.into()), None);
    }
    let day = DateTime::from_millis(7_000);
    assert_eq!(watched_at(&doc! { "video": id, "watchedAt": day }.into()), Some(day));
    assert_eq!((watched_at(&id.into()), watched_at(&doc! { "watchedAt": "once" }.into())), (None, None));
}

#[test]
fn an_entry_tells_more_where_anything_else_stands_in_it() {
    let (id, day) = (ObjectId::from_bytes([5; 12]), DateTime::from_millis(7_000));
    for value in [
        id.into(),
        doc! { "_id": id }.into(),
        doc! { "video": id }.into(),
        doc! { "video": { "_id": id }, "note": null }.into(),
        doc! { "videoId": id, "watchedAt": day }.into(),
        doc! { "id": id, "watchedAt": "2024-01-05" }.into(),
    ] {
        assert!(!tells_more(&value, true), "{value}");
    }
    for value in [
        doc! { "video": id, "watchedAt": "yesterday" },
        doc! { "video": id, "progress": 0 },
        doc! { "_id": id, "video": id },
        doc! { "video": { "_id": id, "title": "x" } },
        doc! { "video": id, "videoId": id },
        doc! { "_id": id, "title": "x" },
    ] {
        assert!(tells_more(&value.clone().into(), true), "{value}");
    }
    let timed = doc! { "video": id, "watchedAt": day };
    assert!(tells_more(&timed.into(), false), "a time that is not kept is more");
}

proptest! {
    #[test]
    fn no_number_is_ever_out_of_range(value: f64) {
        let value = Bson::Double(value);
        prop_assert!(number(&value).is_none_or(f64::is_finite));
        prop_assert!(seconds(&value).is_none_or(|seconds| seconds.taken >= 0.0));
        prop_assert!(count(&value).is_none_or(|count| i64::try_from(count.taken).is_ok()));
    }
}
