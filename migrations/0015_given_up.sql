-- Numbers that rest between customers: an order was given up or expired on them without its SMS, which may come late.
-- Only the newest are kept.
CREATE TABLE given_up (
    number     TEXT NOT NULL,
    service_id INTEGER NOT NULL REFERENCES service (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    patterned  INTEGER NOT NULL,   -- the service had patterns when the order was made
    at         INTEGER NOT NULL,   -- when the last such order ended
    PRIMARY KEY (number, service_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX given_up_by_time ON given_up (at);
