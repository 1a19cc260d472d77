//! What each kind of document becomes, by itself: whether what it refers to is there is looked at elsewhere.

use aviary_domain::file::FileKey;
use aviary_domain::security::PasswordHash;
use aviary_domain::user::{Account, Email, FullName, User, Username};
use aviary_domain::video::{Description, Title, Video, VideoStatus};
use mongodb::bson::{Bson, DateTime, Document, doc};

use super::legacy::{Converted, Legacy, Refusal};
use super::report::{Note, Reason, Stage};
use super::value;
use crate::mongo::document::{id, timestamp};
use crate::mongo::user;
use crate::mongo::video::{change, words};

/// Where tokens stand in an account, in clear text.
pub(super) const TOKENS: [&str; 2] = ["refreshToken", "refreshTokens"];

/// Fields that the store writes later, and not into a document that it makes: whatever stands in them means something
/// else.
const STORE_OF_ACCOUNT: [&str; 1] = ["ticketsOpened"];
const STORE_OF_VIDEO: [&str; 4] = ["touches", "status", "statusReason", "publishWhenReady"];

/// The fields of a like that may hold its target.
pub(super) const LIKE_TARGETS: [&str; 3] = ["video", "comment", "tweet"];

/// What a document becomes, or why it cannot be kept.
pub(super) fn convert(stage: Stage, legacy: Legacy) -> Result<Converted, Refusal> {
    match stage {
        Stage::Users => account(legacy),
        Stage::Videos => video(legacy),
        Stage::Tweets => tweet(legacy),
        Stage::Comments => comment(legacy),
        Stage::Likes => like(legacy),
        Stage::Subscriptions => subscription(legacy),
        Stage::Playlists => playlist(legacy),
        Stage::Histories => Ok(history(legacy)),
    }
}

fn account(mut legacy: Legacy) -> Result<Converted, Refusal> {
    let username = Username::fold(&legacy.required("username", name)?);
    let email = Email::fold(&legacy.required("email", name)?);
    let full_name = full_name(&mut legacy).unwrap_or_else(|| username.as_str().to_owned());
    let password = legacy.read("password", as_string).unwrap_or_default();
    if !is_bcrypt(&password) {
        legacy.note(Note::PasswordUnusable);
    }
    if has_tokens(&mut legacy) {
        legacy.note(Note::TokenDropped);
    }
    set_aside(&mut legacy, &STORE_OF_ACCOUNT);
    let cover = Some(legacy.file("coverImage")).filter(|cover| !cover.is_empty());
    let avatar = FileKey::from_stored(legacy.file("avatar"));
    let (created, updated) = legacy.times();
    let user = User {
        id: id(legacy.id()),
        username,
        email,
        full_name: FullName::from_stored(full_name),
        avatar,
        cover_image: cover.map(FileKey::from_stored),
        created_at: timestamp(created),
        updated_at: timestamp(updated),
    };
    let document = user::fresh(&Account { user, password_hash: PasswordHash::new(password) });
    Ok(legacy.finish(document, Vec::new()))
}

/// What somebody is known by: not blank.
fn name(value: &Bson) -> Option<String> {
    value::text(value).filter(|text| !text.trim().is_empty())
}

/// A text and nothing that could be taken for one: a hash or what somebody wrote.
fn as_string(value: &Bson) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The name that people see, under either spelling; where both differ the other one is set aside.
fn full_name(legacy: &mut Legacy) -> Option<String> {
    let spelt = legacy.read("fullName", name);
    let Some(older) = legacy.take("fullname") else { return spelt };
    match (spelt, name(&older)) {
        (Some(spelt), Some(older)) if spelt == older => Some(spelt),
        (None, Some(older)) => Some(older),
        (spelt, _) => {
            legacy.set_aside("fullname", older);
            spelt
        }
    }
}

/// Whether the hash has the form that passwords can be checked against.
fn is_bcrypt(hash: &str) -> bool {
    hash.len() == 60 && ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|version| hash.starts_with(version))
}

fn has_tokens(legacy: &mut Legacy) -> bool {
    let tokens = TOKENS.map(|field| legacy.take(field));
    tokens.into_iter().flatten().any(|token| match token {
        Bson::String(token) => !token.is_empty(),
        Bson::Array(tokens) => !tokens.is_empty(),
        _ => true,
    })
}

fn video(mut legacy: Legacy) -> Result<Converted, Refusal> {
    let owner = legacy.reference("owner")?;
    let title = Title::from_stored(legacy.required("title", value::text)?);
    let description = Description::from_stored(legacy.read("description", value::text).unwrap_or_default());
    let (file, thumbnail) = (legacy.file("videoFile"), legacy.file("thumbnail"));
    if file.is_empty() {
        legacy.note(Note::FilmMissing);
    }
    let pixels = |value: &Bson| value::count(value)?.narrow();
    let (width, height) = (legacy.amount("width", pixels), legacy.amount("height", pixels));
    set_aside(&mut legacy, &STORE_OF_VIDEO);
    let is_published = is_published(&mut legacy);
    let (created, updated) = legacy.times();
    let video = Video {
        id: id(legacy.id()),
        owner: id(owner),
        file: FileKey::from_stored(file),
        thumbnail: FileKey::from_stored(thumbnail),
        duration: legacy.amount("duration", value::seconds).unwrap_or_default(),
        width: width.unwrap_or_default(),
        height: height.unwrap_or_default(),
        bytes: legacy.amount("bytes", value::count).unwrap_or_default(),
        // That of another application's file is not known.
        thumbnail_bytes: 0,
        status: VideoStatus::Ready,
        is_published,
        views: legacy.views("views"),
        likes_count: 0,
        comments_count: 0,
        created_at: timestamp(created),
        updated_at: timestamp(updated),
        title,
        description,
    };
    let mut document = change::document(&video);
    document.extend(bounded_words(&video));
    Ok(legacy.finish(document, Vec::new()))
}

/// Keeps what stood where the store writes.
fn set_aside(legacy: &mut Legacy, fields: &[&'static str]) {
    for field in fields {
        if let Some(value) = legacy.take(field) {
            legacy.set_aside(field, value);
        }
    }
}

/// A missing value is what the family's schema fills in when it reads: published. One that is there and means
/// nothing is not: to show what somebody meant to hide would be worse.
fn is_published(legacy: &mut Legacy) -> bool {
    if !legacy.has("isPublished") {
        legacy.note(Note::PublishedByDefault);
        return true;
    }
    legacy.read("isPublished", value::flag).unwrap_or(false)
}

/// The words of as much of the texts as ours may hold: without a bound one document could fill the word index.
fn bounded_words(video: &Video) -> Document {
    let title: String = video.title.as_str().chars().take(Title::MAX_CHARS).collect();
    let description: String = video.description.as_str().chars().take(Description::MAX_CHARS).collect();
    words::fields(&Title::from_stored(title), &Description::from_stored(description))
}

fn tweet(mut legacy: Legacy) -> Result<Converted, Refusal> {
    let owner = legacy.reference("owner")?;
    let content = legacy.required("content", value::text)?;
    let (created, updated) = legacy.times();
    let document = doc! {
        "_id": legacy.id(), "content": content, "owner": owner, "likesCount": 0_i64,
        "createdAt": created, "updatedAt": updated,
    };
    Ok(legacy.finish(document, Vec::new()))
}

fn comment(mut legacy: Legacy) -> Result<Converted, Refusal> {
    let owner = legacy.reference("owner")?;
    let video = legacy.reference("video")?;
    let content = legacy.required("content", value::text)?;
    let (created, updated) = legacy.times();
    let document = doc! {
        "_id": legacy.id(), "content": content, "video": video, "owner": owner, "likesCount": 0_i64,
        "createdAt": created, "updatedAt": updated,
    };
    Ok(legacy.finish(document, Vec::new()))
}

fn like(mut legacy: Legacy) -> Result<Converted, Refusal> {
    let user = legacy.reference("likedBy")?;
    let mut targets = Vec::new();
    for field in LIKE_TARGETS {
        if legacy.names(field) {
            targets.push((field, legacy.reference(field)?));
        } else {
            legacy.take(field);
        }
    }
    // Of several nobody knows which one was liked.
    let [(field, target)] = targets.as_slice() else { return Err(Refusal::malformed("target")) };
    let description = legacy.read("description", as_string);
    let inviter = legacy.read("inviterId", value::reference);
    let (created, updated) = legacy.times();
    let mut document = doc! {
        "_id": legacy.id(), "likedBy": user, *field: *target, "createdAt": created, "updatedAt": updated,
    };
    if let Some(description) = description {
        document.insert("description", description);
    }
    if let Some(inviter) = inviter {
        document.insert("inviterId", inviter);
    }
    Ok(legacy.finish(document, Vec::new()))
}

fn subscription(mut legacy: Legacy) -> Result<Converted, Refusal> {
    let subscriber = legacy.reference("subscriber")?;
    let channel = legacy.reference("channel")?;
    if subscriber == channel {
        return Err(Reason::SelfSubscription.into());
    }
    let (created, updated) = legacy.times();
    let document = doc! {
        "_id": legacy.id(), "channel": channel, "subscriber": subscriber, "createdAt": created, "updatedAt": updated,
    };
    Ok(legacy.finish(document, Vec::new()))
}

/// Its entries are counted when it is known which of them are kept.
fn playlist(mut legacy: Legacy) -> Result<Converted, Refusal> {
    let owner = legacy.reference("owner")?;
    let name = legacy.required("name", value::text)?;
    let description = legacy.read("description", value::text).unwrap_or_default();
    let entries = legacy.take_entries();
    let (created, updated) = legacy.times();
    let document = doc! {
        "_id": legacy.id(), "name": name, "description": description, "owner": owner,
        "entries": 0_i64, "nextPosition": 0_i64, "createdAt": created, "updatedAt": updated,
    };
    Ok(legacy.finish(document, entries))
}

/// The videos that an account has watched, and when it last changed, which is when the last of them was watched at the
/// latest.
fn history(mut legacy: Legacy) -> Converted {
    let entries = legacy.take_entries();
    let (_, updated) = legacy.times();
    Converted {
        document: doc! { "_id": legacy.id(), "updatedAt": updated },
        entries,
        notes: Vec::new(),
        unread: Vec::new(),
    }
}

/// When the entries of a history were watched, oldest first. Where nobody knows, each is put a second before the next,
/// and the last one when the account last changed.
pub(super) fn watched_at(last: DateTime, known: impl DoubleEndedIterator<Item = Option<DateTime>>) -> Vec<DateTime> {
    let mut next = last.timestamp_millis().saturating_add(1_000);
    let mut times: Vec<DateTime> = known
        .rev()
        .map(|known| {
            next = known.map_or(next.saturating_sub(1_000), DateTime::timestamp_millis);
            DateTime::from_millis(next)
        })
        .collect();
    times.reverse();
    times
}

#[cfg(test)]
mod aside;
#[cfg(test)]
mod tests;
