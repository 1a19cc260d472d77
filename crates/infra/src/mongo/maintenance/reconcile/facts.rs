//! Every stored count, and where its facts are.

use mongodb::bson::{Bson, Document, doc};

use crate::mongo::collection::{COMMENTS, LIKES, PLAYLIST_VIDEOS, PLAYLISTS, SUBSCRIPTIONS, TWEETS, USERS, VIDEOS};
use crate::mongo::like::LikeKind;
use crate::mongo::totals::Total;

/// A stored count.
pub(in crate::mongo) struct Counter {
    /// The name in reports, as every store has it.
    pub(super) name: &'static str,
    /// The field that keeps it.
    pub(super) field: &'static str,
    /// The count by the facts, in the documents that the facts' stages leave; what is missing counts as 0.
    actual: &'static str,
}

/// The counts of one collection.
pub(in crate::mongo) struct Counted {
    pub(in crate::mongo) collection: &'static str,
    /// The stages that gather the facts for each document. Each walks an index that begins with the document's id.
    facts: fn() -> Vec<Document>,
    pub(super) counters: &'static [Counter],
}

const fn counter(name: &'static str, field: &'static str, actual: &'static str) -> Counter {
    Counter { name, field, actual }
}

/// Every stored count but those of the whole store.
pub(in crate::mongo) const COUNTED: [Counted; 5] = [
    Counted {
        collection: VIDEOS,
        facts: || vec![likes_of(LikeKind::Video), number_of(COMMENTS, "video", "comments")],
        counters: &[
            counter("videos.likes_count", "likesCount", "$likes.number"),
            counter("videos.comments_count", "commentsCount", "$comments.number"),
        ],
    },
    Counted {
        collection: COMMENTS,
        facts: || vec![likes_of(LikeKind::Comment)],
        counters: &[counter("comments.likes_count", "likesCount", "$likes.number")],
    },
    Counted {
        collection: TWEETS,
        facts: || vec![likes_of(LikeKind::Tweet)],
        counters: &[counter("tweets.likes_count", "likesCount", "$likes.number")],
    },
    Counted {
        collection: PLAYLISTS,
        facts: || vec![number_of(PLAYLIST_VIDEOS, "playlist", "inside")],
        counters: &[counter("playlists.entries", "entries", "$inside.number")],
    },
    Counted {
        collection: USERS,
        facts: facts_of_users,
        counters: &[
            counter("users.subscribers_count", "subscribersCount", "$subscribers.number"),
            counter("users.subscriptions_count", "subscriptionsCount", "$subscriptions.number"),
            counter("users.videos_count", "videosCount", "$videos.number"),
            counter("users.published_count", "publishedCount", "$videos.published"),
            counter("users.tweets_count", "tweetsCount", "$tweets.number"),
            counter("users.views_received", "viewsReceived", "$videos.views"),
            counter("users.likes_received", "likesReceived", LIKES_RECEIVED),
            counter("users.comments_received", "commentsReceived", "$videos.comments"),
            counter("users.stored_bytes", "storedBytes", "$videos.stored"),
        ],
    },
];

/// Stands for the sum of the likes of videos, comments and tweets, which no single field holds.
const LIKES_RECEIVED: &str = "";

/// What stands for a count beyond all reason.
const MOST: i64 = 1_000_000_000_000_000_000;

/// A count of the whole store: its name, and the rows of the collection that it counts.
pub(in crate::mongo) fn total_facts(total: Total) -> (&'static str, &'static str, Document) {
    match total {
        Total::PublishedVideos => ("totals.published_videos", VIDEOS, doc! { "isPublished": true }),
        Total::Tweets => ("totals.tweets", TWEETS, doc! {}),
    }
}

impl Counted {
    /// The documents with a count that differs from the facts: `stored` and `actual`, each by the names of the fields.
    /// A count that is missing stands for 0.
    pub(super) fn drifted(&self) -> Vec<Document> {
        let (mut kept, mut stored, mut actual) = (Document::new(), Document::new(), Document::new());
        for counter in self.counters {
            kept.insert(counter.field, 1);
            stored.insert(counter.field, or_zero(format!("${}", counter.field)));
            actual.insert(counter.field, counter.facts());
        }
        let mut stages = vec![doc! { "$project": kept }];
        stages.extend((self.facts)());
        stages.push(doc! { "$project": { "stored": stored, "actual": actual } });
        stages.push(doc! { "$match": { "$expr": { "$ne": ["$stored", "$actual"] } } });
        stages
    }

    /// The stages that leave of each document its id and its counts by the facts, under the names that they have at
    /// rest.
    pub(in crate::mongo) fn actual(&self) -> Vec<Document> {
        let counts = self.counters.iter();
        let counts = counts.map(|counter| (counter.field.to_owned(), counter.facts().into()));
        let mut stages = vec![doc! { "$project": { "_id": 1 } }];
        stages.extend((self.facts)());
        stages.push(doc! { "$project": counts.collect::<Document>() });
        stages
    }
}

impl Counter {
    /// The expression of its count by the facts. What is larger than can be stored, and added to, is cut.
    fn facts(&self) -> Document {
        doc! { "$convert": { "input": self.sum(), "to": "long", "onError": MOST } }
    }

    fn sum(&self) -> Document {
        if self.actual != LIKES_RECEIVED {
            return or_zero(first(self.actual));
        }
        doc! { "$add": [
            or_zero(first("$videos.likes")), or_zero(first("$comments.likes")), or_zero(first("$tweets.likes")),
        ] }
    }
}

/// The likes are counted themselves: the counts on their targets may be what has drifted.
fn facts_of_users() -> Vec<Document> {
    let sum = |field: &str| doc! { "$sum": or_zero(first(field)) };
    let videos = vec![
        doc! { "$project": { "views": 1, "isPublished": 1, "bytes": 1, "thumbnailBytes": 1 } },
        likes_of(LikeKind::Video),
        number_of(COMMENTS, "video", "comments"),
        doc! { "$group": {
            "_id": null,
            "number": { "$sum": 1_i64 },
            "published": { "$sum": { "$cond": ["$isPublished", 1_i64, 0_i64] } },
            "views": { "$sum": "$views" },
            "stored": { "$sum": { "$add": [or_zero("$bytes"), or_zero("$thumbnailBytes")] } },
            "likes": sum("$likes.number"),
            "comments": sum("$comments.number"),
        } },
    ];
    let written = |kind| {
        vec![
            doc! { "$project": { "_id": 1 } },
            likes_of(kind),
            doc! { "$group": { "_id": null, "number": { "$sum": 1_i64 }, "likes": sum("$likes.number") } },
        ]
    };
    vec![
        number_of(SUBSCRIPTIONS, "channel", "subscribers"),
        number_of(SUBSCRIPTIONS, "subscriber", "subscriptions"),
        lookup(VIDEOS, "owner", "videos", videos),
        lookup(COMMENTS, "owner", "comments", written(LikeKind::Comment)),
        lookup(TWEETS, "owner", "tweets", written(LikeKind::Tweet)),
    ]
}

/// Puts what a pipeline makes of the documents that refer to this one into a field.
fn lookup(from: &str, by: &str, field: &str, pipeline: Vec<Document>) -> Document {
    doc! { "$lookup": { "from": from, "localField": "_id", "foreignField": by, "as": field, "pipeline": pipeline } }
}

/// Puts how many documents refer to this one into a field.
fn number_of(from: &str, by: &str, field: &str) -> Document {
    lookup(from, by, field, vec![doc! { "$count": "number" }])
}

/// Puts how many likes this one has into `likes`. The type is named for the sake of the index, which is partial by it.
fn likes_of(kind: LikeKind) -> Document {
    let typed = doc! { "$match": { kind.field(): { "$type": "objectId" } } };
    lookup(LIKES, kind.field(), "likes", vec![typed, doc! { "$count": "number" }])
}

/// What the only document of an array holds, if there is one.
fn first(field: &str) -> Document {
    doc! { "$first": field }
}

fn or_zero(value: impl Into<Bson>) -> Document {
    doc! { "$ifNull": [value.into(), 0_i64] }
}
