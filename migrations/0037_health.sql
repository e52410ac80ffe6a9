-- What the ends of orders have told of a number for a service since its last code. A pair without failures has no row.
CREATE TABLE pair_health (
    number      TEXT NOT NULL,
    service_id  INTEGER NOT NULL REFERENCES service (id),
    failures    INTEGER NOT NULL,   -- in a row
    rests       INTEGER NOT NULL,   -- how often in a row it was put to rest by them
    rests_until INTEGER NOT NULL,   -- until then it is given to no order
    PRIMARY KEY (number, service_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX pair_health_resting ON pair_health (rests_until) WHERE rests_until > 0;

-- The last failure of each account that counted: one a day does. Only the newest are kept.
CREATE TABLE pair_failure (
    number     TEXT NOT NULL,
    service_id INTEGER NOT NULL REFERENCES service (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    at         INTEGER NOT NULL,
    PRIMARY KEY (number, service_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX pair_failure_by_time ON pair_failure (at);

-- Silent orders of a SIM since it last received anything, and until when it is taken to be deaf for them.
ALTER TABLE sim ADD COLUMN silent_orders INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sim ADD COLUMN silent_service INTEGER;               -- of the first
ALTER TABLE sim ADD COLUMN silent_mixed INTEGER NOT NULL DEFAULT 0;   -- not all were of that service
ALTER TABLE sim ADD COLUMN deaf_until INTEGER NOT NULL DEFAULT 0;
