-- What a key (of an Idempotency-Key header, hashed with its sender) made, and the answer that was given. A table with
-- row numbers, because answers may be long.
CREATE TABLE idempotency_keys (
    key         BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    made        BLOB    NOT NULL CHECK (length(made) = 12),
    answer      BLOB,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);

-- What only one process at a time may do, and until when.
CREATE TABLE leases (
    name    TEXT    NOT NULL PRIMARY KEY,
    holder  TEXT    NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
