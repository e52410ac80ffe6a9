-- The service that a message fits: that of the order which it was given to, or else the one whose patterns fit it best; NULL: none. Services
-- that were never ordered can be removed, and what was theirs keeps their ids.
ALTER TABLE message ADD COLUMN service_id INTEGER;

-- Which numbers were used for which services by messages, beside those whose orders were completed by them. It outlives the texts.
CREATE TABLE trace (
    number     TEXT NOT NULL,
    service_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account (id),
    rented     INTEGER NOT NULL,   -- 1: the account had rented the number, 0: it had ordered it
    sender     TEXT NOT NULL,
    first_at   INTEGER NOT NULL,   -- when the first and the last message came
    last_at    INTEGER NOT NULL CHECK (last_at >= first_at),
    noted_after INTEGER NOT NULL,  -- the last order when that became known: patterns may be newer than messages
    PRIMARY KEY (number, service_id, account_id, rented, sender)
) STRICT, WITHOUT ROWID;
