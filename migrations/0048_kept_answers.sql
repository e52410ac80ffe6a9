-- What was answered to requests that their customers may send again, by the key that they gave each of them: one that is sent again is
-- answered the same, and does nothing. Each is written in the transaction of what it tells, and kept for a day. It may hold texts.
CREATE TABLE kept_answer (
    account_id  INTEGER NOT NULL REFERENCES account (id),
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length (fingerprint) = 32),   -- SHA-256 of the method, the path and the body
    answer      TEXT NOT NULL,                                     -- JSON, without secrets
    at          INTEGER NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT;
CREATE INDEX kept_answer_by_time ON kept_answer (at);

-- The lists of an account's orders and rentals, the newest first.
CREATE INDEX orders_by_account ON orders (account_id, id);
CREATE INDEX rental_by_account ON rental (account_id, id);
