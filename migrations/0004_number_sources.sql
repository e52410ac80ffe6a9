-- More sources of a SIM's number: the mobile operator's USSD code, and a message from the SIM to one whose number is known.
-- A CHECK cannot be altered, so the table is made anew. Whatever points at a SIM points at the same row again before the commit.
PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE sim_kept AS SELECT * FROM sim;
DROP TABLE sim;
CREATE TABLE sim (
    id            INTEGER PRIMARY KEY,
    iccid         TEXT NOT NULL UNIQUE,
    imsi          TEXT,
    number        TEXT,   -- E.164 with +
    number_source TEXT CHECK (number_source IN ('phonebook', 'cnum', 'ussd', 'loopback', 'operator')),
    number_at     INTEGER,
    country       TEXT,
    last_given_at INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    rests_until   INTEGER NOT NULL DEFAULT 0,
    retired_at    INTEGER,
    CHECK ((number IS NULL) = (number_source IS NULL))
) STRICT;
INSERT INTO sim (id, iccid, imsi, number, number_source, number_at, country, last_given_at, created_at, rests_until, retired_at)
SELECT id, iccid, imsi, number, number_source, number_at, country, last_given_at, created_at, rests_until, retired_at FROM sim_kept;
DROP TABLE sim_kept;
CREATE INDEX sim_by_number ON sim (number);
CREATE INDEX sim_stock ON sim (country, last_given_at, id) WHERE number IS NOT NULL;
CREATE INDEX sim_numberless ON sim (id) WHERE number IS NULL;

-- When a SIM's number was asked for, and what came of it. Gone once the number is known.
CREATE TABLE number_ask (
    sim_id   INTEGER NOT NULL REFERENCES sim (id),
    means    TEXT NOT NULL CHECK (means IN ('ussd', 'loopback')),
    asked_at INTEGER NOT NULL,
    tries    INTEGER NOT NULL,
    next_at  INTEGER NOT NULL,   -- not asked again by itself before
    failure  TEXT,               -- why it came to nothing so far
    PRIMARY KEY (sim_id, means)
) STRICT;
CREATE INDEX number_ask_due ON number_ask (next_at);

-- Messages from a SIM without a number to one of ours: by the token the message is known when it comes.
CREATE TABLE loopback (
    token       TEXT PRIMARY KEY,
    sim_id      INTEGER NOT NULL REFERENCES sim (id),
    receiver_id INTEGER NOT NULL REFERENCES sim (id),
    sent_at     INTEGER NOT NULL,
    confirmed   INTEGER NOT NULL DEFAULT 0,   -- the SIM was still in the modem after it had been sent
    originator  TEXT                          -- whom it came from, once it has come
) STRICT;
CREATE INDEX loopback_by_age ON loopback (sent_at);
