//! Documents as our store has them at rest, for comparison.

use std::collections::BTreeSet;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};

use super::MADE;

/// A document with its times.
pub(crate) fn dated(mut document: Document, created: DateTime, updated: DateTime) -> Document {
    document.extend(doc! { "createdAt": created, "updatedAt": updated });
    document
}

/// The counts of an account.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) subscribers: i64,
    pub(crate) subscriptions: i64,
    pub(crate) videos: i64,
    pub(crate) published: i64,
    pub(crate) tweets: i64,
    pub(crate) views: i64,
    pub(crate) likes: i64,
    pub(crate) comments: i64,
}

impl Counts {
    pub(crate) fn of(self, mut user: Document) -> Document {
        user.extend(doc! {
            "subscribersCount": self.subscribers, "subscriptionsCount": self.subscriptions,
            "videosCount": self.videos, "publishedCount": self.published, "tweetsCount": self.tweets,
            "viewsReceived": self.views, "likesReceived": self.likes, "commentsReceived": self.comments,
            "storedBytes": 0_i64,
        });
        user
    }
}

/// A video whose texts hold these words alone, in ASCII and lower case.
pub(crate) fn video(fields: Document, title: &[&str], description: &[&str]) -> Document {
    let mut video = doc! {
        "width": 0_i64, "height": 0_i64, "bytes": 0_i64, "thumbnailBytes": 0_i64, "title": title.join(" "), "titleKey": title.join(" "),
        "description": description.join(" "), "titleText": format!(" {} ", title.join(" ")),
        "titleWords": title, "titlePrefixes": prefixes(title.iter()),
    };
    let words: BTreeSet<&&str> = title.iter().chain(description).collect();
    video.extend(doc! { "prefixes": prefixes(words.iter().copied()) });
    video.extend(doc! { "words": words.into_iter().copied().collect::<Vec<_>>() });
    video.extend(fields);
    video
}

fn prefixes<'a>(words: impl Iterator<Item = &'a &'a str>) -> Vec<String> {
    let prefixes: BTreeSet<String> =
        words.flat_map(|word| (1..=word.len().min(12)).map(|end| word[..end].to_owned())).collect();
    prefixes.into_iter().collect()
}

/// An entry of a watch history, watched so many seconds after the first document was made.
pub(crate) fn watched(user: ObjectId, video: ObjectId, seconds: i64) -> Document {
    doc! { "user": user, "video": video, "watchedAt": DateTime::from_millis(MADE + seconds * 1_000) }
}

/// An entry of a playlist.
pub(crate) fn entry(playlist: ObjectId, video: ObjectId, position: i64) -> Document {
    doc! { "playlist": playlist, "video": video, "position": position }
}
