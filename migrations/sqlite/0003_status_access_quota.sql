-- How far a video's files are, who wants others to see it, and what its owner has stored.
--
-- videos.state keeps to what others see: 0 hidden, 1 visible, 2 deleted. A video is visible when its owner wants it to be
-- and its files are ready; publish_when_ready says that only the latter is missing.
-- status: NULL for ready. thumbnail_bytes is 0 where the still is derived from the film.
ALTER TABLE videos ADD COLUMN thumbnail_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE videos ADD COLUMN status TEXT CHECK (status IN ('processing', 'failed'));
ALTER TABLE videos ADD COLUMN status_reason TEXT;
ALTER TABLE videos ADD COLUMN publish_when_ready INTEGER NOT NULL DEFAULT 0
    CHECK (publish_when_ready IN (0, 1));

-- What hidden files and unfinished films are looked up by, whichever mark follows their names.
CREATE INDEX videos_hidden_by_file ON videos (file) WHERE state = 0;
CREATE INDEX videos_hidden_by_thumbnail ON videos (thumbnail) WHERE state = 0;

-- The bytes of the films and stills of the user's videos.
ALTER TABLE users ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0 CHECK (stored_bytes >= 0);
UPDATE users SET stored_bytes =
    coalesce((SELECT sum(bytes + thumbnail_bytes) FROM videos WHERE owner = users.id AND state < 2), 0);

-- Tickets: who may send a film under the name, and how many bytes it may have; both NULL for other files.
ALTER TABLE file_ledger ADD COLUMN owner BLOB CHECK (length(owner) = 12);
ALTER TABLE file_ledger ADD COLUMN bytes INTEGER CHECK (bytes >= 0);
CREATE INDEX file_ledger_by_owner ON file_ledger (owner, due_at) WHERE owner IS NOT NULL;

-- Videos whose files need something done. A task that is renewed is another row, and row numbers are never given
-- again: by its number who works on a task sees that it is still the same. times_made counts the renewals, and the first
-- time. The video may be gone.
CREATE TABLE media_tasks (
    seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    video      BLOB    NOT NULL UNIQUE CHECK (length(video) = 12),
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    times_made INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX media_tasks_by_time ON media_tasks (due_at, video);

-- Where the media store keeps files, from the first server on, in one row: the media folder alone, or an account too.
CREATE TABLE media_site (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    account TEXT,
    folder  TEXT,
    CHECK ((account IS NULL) = (folder IS NULL))
) STRICT;
