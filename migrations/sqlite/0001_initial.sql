-- The whole social graph. Ids are the twelve bytes of an ObjectId, times are milliseconds since the Unix epoch,
-- flags are 0 or 1. Every stored count is changed in the transaction that changes what it counts.

CREATE TABLE users (
    id                  BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    username            TEXT    NOT NULL UNIQUE,
    email               TEXT    NOT NULL UNIQUE,
    full_name           TEXT    NOT NULL,
    password_hash       TEXT    NOT NULL,
    avatar              TEXT    NOT NULL,
    cover_image         TEXT,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    subscribers_count   INTEGER NOT NULL DEFAULT 0 CHECK (subscribers_count >= 0),
    subscriptions_count INTEGER NOT NULL DEFAULT 0 CHECK (subscriptions_count >= 0),
    videos_count        INTEGER NOT NULL DEFAULT 0 CHECK (videos_count >= 0),
    published_count     INTEGER NOT NULL DEFAULT 0 CHECK (published_count >= 0),
    tweets_count        INTEGER NOT NULL DEFAULT 0 CHECK (tweets_count >= 0),
    views_received      INTEGER NOT NULL DEFAULT 0 CHECK (views_received >= 0),
    likes_received      INTEGER NOT NULL DEFAULT 0 CHECK (likes_received >= 0),
    comments_received   INTEGER NOT NULL DEFAULT 0 CHECK (comments_received >= 0)
) STRICT, WITHOUT ROWID;

-- refresh is the hash of the current refresh token, previous that of the one before it, kept until the current one
-- is presented: who presents the previous one before that has lost an answer, who does so after it is a thief.
CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    user       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    refresh    BLOB    NOT NULL CHECK (length(refresh) = 32),
    previous   BLOB             CHECK (length(previous) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- state: 0 unpublished, 1 published, 2 deleted and waiting to be purged. A deleted row is kept only so that what
-- refers to it can be removed in steps; no answer shows it.
-- seq orders the word index; it is never shown.
CREATE TABLE videos (
    seq            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id             BLOB    NOT NULL UNIQUE CHECK (length(id) = 12),
    owner          BLOB    NOT NULL REFERENCES users (id),
    state          INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    file           TEXT    NOT NULL,
    thumbnail      TEXT    NOT NULL,
    title          TEXT    NOT NULL,
    title_key      TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    duration       REAL    NOT NULL,
    width          INTEGER NOT NULL,
    height         INTEGER NOT NULL,
    bytes          INTEGER NOT NULL,
    views          INTEGER NOT NULL DEFAULT 0 CHECK (views >= 0),
    likes_count    INTEGER NOT NULL DEFAULT 0 CHECK (likes_count >= 0),
    comments_count INTEGER NOT NULL DEFAULT 0 CHECK (comments_count >= 0),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX videos_by_time     ON videos (created_at, id)  WHERE state = 1;
CREATE INDEX videos_by_views    ON videos (views, id)       WHERE state = 1;
CREATE INDEX videos_by_duration ON videos (duration, id)    WHERE state = 1;
CREATE INDEX videos_by_title    ON videos (title_key, id)   WHERE state = 1;
CREATE INDEX videos_by_likes    ON videos (likes_count, id) WHERE state = 1;
CREATE INDEX videos_of_owner_by_time     ON videos (owner, created_at, id, state)  WHERE state < 2;
CREATE INDEX videos_of_owner_by_views    ON videos (owner, views, id, state)       WHERE state < 2;
CREATE INDEX videos_of_owner_by_duration ON videos (owner, duration, id, state)    WHERE state < 2;
CREATE INDEX videos_of_owner_by_title    ON videos (owner, title_key, id, state)   WHERE state < 2;
CREATE INDEX videos_of_owner_by_likes    ON videos (owner, likes_count, id, state) WHERE state < 2;

-- Words are folded by the domain before they come here, so the tokenizer must only split at spaces: unicode61 would
-- also drop letters of scripts that it does not know, ascii takes every character beyond ASCII as one. The scope column
-- holds one token for the owner and one for being published: the index itself then keeps to what a viewer may see.
-- The beginning of a word that has an index of its length is looked up; a longer one is gathered from its words.
CREATE VIRTUAL TABLE video_words USING fts5 (
    title, description, scope,
    content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '1 2 3 4 5'
);

-- One row a viewer and video for as long as a view lasts. viewer: 12 bytes of a user, 16 of a guest's key.
CREATE TABLE views (
    video      BLOB    NOT NULL REFERENCES videos (id),
    viewer     BLOB    NOT NULL,
    counted_at INTEGER NOT NULL,
    PRIMARY KEY (video, viewer)
) STRICT, WITHOUT ROWID;
CREATE INDEX views_by_time ON views (counted_at);

CREATE TABLE history (
    user       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    video      BLOB    NOT NULL REFERENCES videos (id),
    watched_at INTEGER NOT NULL,
    PRIMARY KEY (user, video)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_by_time ON history (user, watched_at, video);
CREATE INDEX history_of_video ON history (video);

CREATE TABLE comments (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    video       BLOB    NOT NULL REFERENCES videos (id),
    owner       BLOB    NOT NULL REFERENCES users (id),
    content     TEXT    NOT NULL,
    likes_count INTEGER NOT NULL DEFAULT 0 CHECK (likes_count >= 0),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX comments_of_video ON comments (video, created_at, id);
CREATE INDEX comments_of_owner ON comments (owner);

CREATE TABLE tweets (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    owner       BLOB    NOT NULL REFERENCES users (id),
    content     TEXT    NOT NULL,
    likes_count INTEGER NOT NULL DEFAULT 0 CHECK (likes_count >= 0),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tweets_by_time ON tweets (created_at, id);
CREATE INDEX tweets_of_owner ON tweets (owner, created_at, id);

-- kind: 1 video, 2 comment, 3 tweet. The target cannot be a foreign key, being one of three tables: likes of deleted
-- targets are removed by the purge.
CREATE TABLE likes (
    kind        INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    target      BLOB    NOT NULL,
    liked_by    BLOB    NOT NULL REFERENCES users (id),
    id          BLOB    NOT NULL CHECK (length(id) = 12),
    description TEXT,
    inviter     BLOB,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (kind, target, liked_by)
) STRICT, WITHOUT ROWID;
CREATE INDEX likes_of_user ON likes (liked_by, kind, created_at, id);

CREATE TABLE subscriptions (
    channel    BLOB    NOT NULL REFERENCES users (id),
    subscriber BLOB    NOT NULL REFERENCES users (id),
    id         BLOB    NOT NULL CHECK (length(id) = 12),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (channel, subscriber),
    CHECK (channel <> subscriber)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_of_channel ON subscriptions (channel, created_at, id);
CREATE INDEX subscriptions_of_subscriber ON subscriptions (subscriber, created_at, id);

-- entries counts the rows of playlist_videos, visible or not; next_position only grows.
CREATE TABLE playlists (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 12),
    owner         BLOB    NOT NULL REFERENCES users (id),
    name          TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    entries       INTEGER NOT NULL DEFAULT 0 CHECK (entries >= 0),
    next_position INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX playlists_of_owner ON playlists (owner, created_at, id);

CREATE TABLE playlist_videos (
    playlist BLOB    NOT NULL REFERENCES playlists (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    video    BLOB    NOT NULL REFERENCES videos (id),
    PRIMARY KEY (playlist, position),
    UNIQUE (playlist, video)
) STRICT, WITHOUT ROWID;
CREATE INDEX playlist_videos_of_video ON playlist_videos (video);

-- Files that no row owns: reserved before they are stored, due when their time has come.
CREATE TABLE file_ledger (
    key      TEXT    NOT NULL PRIMARY KEY,
    due_at   INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX file_ledger_by_time ON file_ledger (due_at);

-- Deleted things whose dependants are still to be removed; kind as in likes.
CREATE TABLE purge_queue (
    kind   INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    target BLOB    NOT NULL,
    PRIMARY KEY (kind, target)
) STRICT, WITHOUT ROWID;

-- Counts of the whole store.
CREATE TABLE totals (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO totals (name, value) VALUES ('published_videos', 0), ('tweets', 0);
