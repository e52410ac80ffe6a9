-- The messages that other SIMs here send to SIMs that are taken to be deaf, to see whether they are.
CREATE TABLE hearing_test (
    sim_id  INTEGER PRIMARY KEY REFERENCES sim (id),
    tests   INTEGER NOT NULL,   -- how many were sent since it was taken to be deaf
    next_at INTEGER NOT NULL    -- when the next one is
) STRICT;
CREATE INDEX sim_deaf ON sim (id) WHERE deaf_until > 0;
