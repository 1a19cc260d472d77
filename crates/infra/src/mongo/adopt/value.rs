//! Values as other applications left them, in whichever of several types and forms. What cannot be read is `None`.

use aviary_domain::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document};

/// Whether there is no value: missing, null or its forerunner.
pub(super) fn is_absent(value: &Bson) -> bool {
    matches!(value, Bson::Null | Bson::Undefined)
}

/// A text; numbers are taken for what their digits say, as a cast of Mongoose does.
pub(super) fn text(value: &Bson) -> Option<String> {
    match value {
        Bson::String(text) | Bson::Symbol(text) => Some(text.clone()),
        Bson::Int32(number) => Some(number.to_string()),
        Bson::Int64(number) => Some(number.to_string()),
        Bson::ObjectId(id) => Some(id.to_hex()),
        _ => None,
    }
}

/// A number that is one: neither infinite nor undefined.
pub(super) fn number(value: &Bson) -> Option<f64> {
    let number = match value {
        Bson::Double(number) => *number,
        Bson::Int32(number) => f64::from(*number),
        Bson::Int64(number) => number.to_string().parse().ok()?,
        Bson::Decimal128(number) => number.to_string().parse().ok()?,
        Bson::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// An amount as ours may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount<T> {
    pub(super) taken: T,
    /// Whether that is the very number that stood there: it was neither negative nor cut.
    pub(super) is_exact: bool,
}

impl Amount<u64> {
    /// Cuts what is more than that.
    pub(super) fn at_most(self, most: u64) -> Self {
        Self { taken: self.taken.min(most), is_exact: self.is_exact && self.taken <= most }
    }

    /// As a number of 32 bits, if it fits.
    pub(super) fn narrow(self) -> Option<Amount<u32>> {
        Some(Amount { taken: u32::try_from(self.taken).ok()?, is_exact: self.is_exact })
    }
}

/// A length in seconds; texts may say it as `12.5`, `2:05` or `1:02:05`. Never less than nothing.
pub(super) fn seconds(value: &Bson) -> Option<Amount<f64>> {
    let seconds = match value {
        Bson::String(text) if text.contains(':') => clock(text)?,
        value => number(value)?,
    };
    Some(Amount { taken: seconds.max(0.0), is_exact: seconds >= 0.0 })
}

fn clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    parts.into_iter().try_fold(0.0, |sum, part| {
        let part: f64 = part.parse().ok()?;
        (part.is_finite() && part >= 0.0).then_some(sum * 60.0 + part)
    })
}

/// A count: whole, and not less than none.
pub(super) fn count(value: &Bson) -> Option<Amount<u64>> {
    let (whole, is_whole) = if let Some(whole) = whole(value) {
        (whole, true)
    } else {
        let number = number(value)?;
        // Through its text: a cast would change what does not fit without a word.
        (format!("{:.0}", number.floor()).parse::<i64>().ok()?, number.fract() == 0.0)
    };
    Some(Amount { taken: u64::try_from(whole).unwrap_or(0), is_exact: is_whole && whole >= 0 })
}

/// A whole number that is written as one, without going through a type that has fewer digits.
fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        Bson::Decimal128(number) => number.to_string().parse().ok(),
        Bson::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A flag.
pub(super) fn flag(value: &Bson) -> Option<bool> {
    match value {
        Bson::Boolean(flag) => Some(*flag),
        Bson::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" | "" => Some(false),
            _ => None,
        },
        value => number(value).map(|number| number != 0.0),
    }
}

/// An instant: a date, a text of ISO 8601, or milliseconds.
pub(super) fn date(value: &Bson) -> Option<DateTime> {
    match value {
        Bson::DateTime(date) => Some(*date),
        Bson::Timestamp(stamp) => Some(DateTime::from_millis(i64::from(stamp.time) * 1_000)),
        Bson::Int64(millis) => Some(DateTime::from_millis(*millis)),
        Bson::Double(_) => format!("{:.0}", number(value)?).parse().ok().map(DateTime::from_millis),
        Bson::String(text) => {
            let text = text.trim();
            let instant = Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}T00:00:00Z")));
            instant.ok().map(|instant| DateTime::from_millis(instant.millis()))
        }
        _ => None,
    }
}

/// A reference: an id, the text of one, or a document that has it: one that was copied in, or what drivers call a
/// `DBRef`.
pub(super) fn reference(value: &Bson) -> Option<ObjectId> {
    match value {
        Bson::ObjectId(id) => Some(*id),
        Bson::String(text) => ObjectId::parse_str(text.trim()).ok(),
        Bson::Document(copied) => first_of(copied, &IDS).and_then(|(_, id)| plain(id)),
        _ => None,
    }
}

/// The fields in which a document may have its own id, and those in which an entry of a list may name its video.
const IDS: [&str; 3] = ["_id", "$id", "id"];
const VIDEOS: [&str; 2] = ["video", "videoId"];

/// The first of these fields that a document has.
fn first_of<'a>(document: &'a Document, fields: &[&'static str]) -> Option<(&'static str, &'a Bson)> {
    fields.iter().find_map(|field| Some((*field, document.get(field)?)))
}

/// A reference that is no document.
fn plain(value: &Bson) -> Option<ObjectId> {
    if value.as_document().is_some() { None } else { reference(value) }
}

/// The video that an entry of a list refers to. An entry may be a document, whose own id means nothing then.
pub(super) fn entry(value: &Bson) -> Option<ObjectId> {
    let named = value.as_document().and_then(|entry| first_of(entry, &VIDEOS));
    reference(named.map_or(value, |(_, video)| video))
}

/// When the video of an entry was watched, if the entry tells.
pub(super) fn watched_at(value: &Bson) -> Option<DateTime> {
    date(value.as_document()?.get(WATCHED_AT)?)
}

/// The field in which an entry of a history tells when its video was watched.
const WATCHED_AT: &str = "watchedAt";

/// Whether an entry tells anything besides its video and, where that is kept, a time that can be read. A video that
/// was copied in does.
pub(super) fn tells_more(value: &Bson, keeps_time: bool) -> bool {
    let Some(entry) = value.as_document() else { return false };
    let is_time = |field: &str, value: &Bson| keeps_time && field == WATCHED_AT && date(value).is_some();
    let Some((named, video)) = first_of(entry, &VIDEOS) else { return has_more(entry, &IDS, is_time) };
    has_more(entry, &[named], is_time) || video.as_document().is_some_and(|copied| has_more(copied, &IDS, |_, _| false))
}

/// Whether a document has a value besides the first of these fields and what else is read.
fn has_more(document: &Document, fields: &[&'static str], is_read: impl Fn(&str, &Bson) -> bool) -> bool {
    let read = first_of(document, fields).map(|(field, _)| field);
    document.iter().any(|(field, value)| Some(field.as_str()) != read && !is_absent(value) && !is_read(field, value))
}

/// The name of a file: a text, or a document that has it as an address. The secure one goes first: the other one
/// is refused by browsers on a secure page.
pub(super) fn file(value: &Bson) -> Option<String> {
    match value {
        Bson::String(text) => Some(text.trim().to_owned()),
        Bson::Document(file) => {
            let addresses = ["secure_url", "url"].into_iter().filter_map(|field| file.get(field).and_then(text));
            addresses.map(|address| address.trim().to_owned()).find(|address| !address.is_empty())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
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
}
