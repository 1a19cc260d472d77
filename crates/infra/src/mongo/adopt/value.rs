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
mod tests;
