-- Times in which a rental's SIM was off the air, as far as the daemon ran meanwhile.
CREATE TABLE outage (
    id           INTEGER PRIMARY KEY,
    rental_id    INTEGER NOT NULL REFERENCES rental (id),
    began_at     INTEGER NOT NULL,
    counted_us   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,             -- until then it is counted
    ended_at     INTEGER,                      -- NULL: it lasts
    credit_minor INTEGER NOT NULL DEFAULT 0,   -- what was given back for it
    CHECK (ended_at IS NOT NULL OR credit_minor = 0)
) STRICT;
CREATE UNIQUE INDEX outage_lasting ON outage (rental_id) WHERE ended_at IS NULL;
CREATE INDEX outage_by_rental ON outage (rental_id);

-- How many days in a row a rental has run on for nothing after a term, because its SIM was off the air.
ALTER TABLE rental ADD COLUMN days_off_air INTEGER NOT NULL DEFAULT 0;
