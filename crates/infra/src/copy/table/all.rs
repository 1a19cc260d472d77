//! Every table that is copied, with all its columns.

use super::{Column, Kind, Table};

const fn id(name: &'static str, field: &'static str) -> Column {
    Column::new(name, field, Kind::Id)
}

const fn time(name: &'static str, field: &'static str) -> Column {
    Column::new(name, field, Kind::Time)
}

const fn integer(name: &'static str, field: &'static str) -> Column {
    Column::new(name, field, Kind::Integer)
}

const fn text(name: &'static str, field: &'static str) -> Column {
    Column::new(name, field, Kind::Text)
}

const fn file(name: &'static str, field: &'static str) -> Column {
    Column::new(name, field, Kind::File)
}

const fn bytes(name: &'static str, field: &'static str) -> Column {
    Column::new(name, field, Kind::Bytes)
}

/// All tables, each after those that its rows refer to. Not among them: what waits to be purged, because nothing does
/// once a copy begins; leases, which end with the processes that hold them; the totals and the note of the site, which
/// are handed on by themselves.
pub(crate) static TABLES: &[Table] = &[
    Table::new(
        "users",
        &[
            id("id", "_id"),
            text("username", "username"),
            text("email", "email"),
            text("full_name", "fullName"),
            text("password_hash", "password"),
            file("avatar", "avatar"),
            file("cover_image", "coverImage").blank(),
            time("created_at", "createdAt"),
            time("updated_at", "updatedAt"),
            integer("subscribers_count", "subscribersCount"),
            integer("subscriptions_count", "subscriptionsCount"),
            integer("videos_count", "videosCount"),
            integer("published_count", "publishedCount"),
            integer("tweets_count", "tweetsCount"),
            integer("views_received", "viewsReceived"),
            integer("likes_received", "likesReceived"),
            integer("comments_received", "commentsReceived"),
            integer("stored_bytes", "storedBytes").zero(),
        ],
        &[0],
    ),
    Table::new(
        "sessions",
        &[
            id("id", "_id"),
            id("user", "user"),
            bytes("refresh", "refresh"),
            bytes("previous", "previous").optional(),
            time("created_at", "createdAt"),
            time("expires_at", "expiresAt"),
        ],
        &[0],
    ),
    VIDEOS,
    Table::new("views", &[id("video", "video"), bytes("viewer", "viewer"), time("counted_at", "countedAt")], &[0, 1]),
    Table::new("history", &[id("user", "user"), id("video", "video"), time("watched_at", "watchedAt")], &[0, 1]),
    Table::new(
        "comments",
        &[
            id("id", "_id"),
            id("video", "video"),
            id("owner", "owner"),
            text("content", "content"),
            integer("likes_count", "likesCount"),
            time("created_at", "createdAt"),
            time("updated_at", "updatedAt"),
        ],
        &[0],
    ),
    Table::new(
        "tweets",
        &[
            id("id", "_id"),
            id("owner", "owner"),
            text("content", "content"),
            integer("likes_count", "likesCount"),
            time("created_at", "createdAt"),
            time("updated_at", "updatedAt"),
        ],
        &[0],
    ),
    LIKES,
    Table::new(
        "subscriptions",
        &[id("channel", "channel"), id("subscriber", "subscriber"), id("id", "_id"), time("created_at", "createdAt")],
        &[0, 1],
    ),
    Table::new(
        "playlists",
        &[
            id("id", "_id"),
            id("owner", "owner"),
            text("name", "name"),
            text("description", "description"),
            integer("entries", "entries"),
            integer("next_position", "nextPosition"),
            time("created_at", "createdAt"),
            time("updated_at", "updatedAt"),
        ],
        &[0],
    ),
    Table::new(
        "playlist_videos",
        &[id("playlist", "playlist"), integer("position", "position"), id("video", "video")],
        &[0, 1],
    ),
    // Which task is the same as before only matters to who works on one.
    Table::new(
        "media_tasks",
        &[
            id("video", "_id"),
            time("due_at", "dueAt"),
            integer("attempts", "attempts"),
            integer("times_made", "timesMade"),
        ],
        &[0],
    ),
    Table::new(
        "file_ledger",
        &[
            text("key", "_id"),
            time("due_at", "dueAt"),
            integer("attempts", "attempts"),
            id("owner", "owner").optional(),
            integer("bytes", "bytes").optional(),
        ],
        &[0],
    ),
    Table::new(
        "idempotency_keys",
        &[
            bytes("key", "_id"),
            bytes("fingerprint", "fingerprint"),
            id("made", "made"),
            bytes("answer", "answer").optional(),
            time("expires_at", "expiresAt"),
        ],
        &[0],
    ),
];

/// In the order of their time, because the embedded store finds the newest first by the order in which they came.
const VIDEOS: Table = Table {
    arrival: Some(&[15, 0]),
    ..Table::new(
        "videos",
        &[
            id("id", "_id"),
            id("owner", "owner"),
            Column::new("state", "isPublished", Kind::Flag),
            file("file", "videoFile"),
            file("thumbnail", "thumbnail"),
            text("title", "title"),
            text("title_key", "titleKey"),
            text("description", "description"),
            Column::new("duration", "duration", Kind::Real),
            integer("width", "width"),
            integer("height", "height"),
            integer("bytes", "bytes"),
            integer("views", "views"),
            integer("likes_count", "likesCount"),
            integer("comments_count", "commentsCount"),
            time("created_at", "createdAt"),
            time("updated_at", "updatedAt"),
            integer("thumbnail_bytes", "thumbnailBytes").zero(),
            text("status", "status").optional(),
            text("status_reason", "statusReason").optional(),
            Column::new("publish_when_ready", "publishWhenReady", Kind::Flag).zero(),
        ],
        &[0],
    )
};

/// Documents have a field for each kind of target, rows have the kind and the target.
const LIKES: Table = Table {
    insert: Some(
        "INSERT INTO likes (id, liked_by, kind, target, description, inviter, created_at)
         VALUES (?1, ?2, CASE WHEN ?3 IS NOT NULL THEN 1 WHEN ?4 IS NOT NULL THEN 2 ELSE 3 END,
             coalesce(?3, ?4, ?5), ?6, ?7, ?8)",
    ),
    ..Table::new(
        "likes",
        &[
            id("id", "_id"),
            id("liked_by", "likedBy"),
            id("video", "video").optional().read_as("CASE WHEN kind = 1 THEN target END"),
            id("comment", "comment").optional().read_as("CASE WHEN kind = 2 THEN target END"),
            id("tweet", "tweet").optional().read_as("CASE WHEN kind = 3 THEN target END"),
            text("description", "description").optional(),
            id("inviter", "inviterId").optional(),
            time("created_at", "createdAt"),
        ],
        &[0],
    )
};
