-- Sites whose daemons connect to this one. Of a site's key only the SHA-256 is kept.
CREATE TABLE site (
    name         TEXT    PRIMARY KEY,
    key_digest   BLOB    NOT NULL CHECK (length(key_digest) = 32),
    created_at   INTEGER NOT NULL,          -- when it was given this key
    revoked_at   INTEGER,                   -- when this key was revoked
    last_seen_at INTEGER                    -- when a connection of it began or ended last
) STRICT;
