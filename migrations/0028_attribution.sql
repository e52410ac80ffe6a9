-- How far the stored messages have been given the services that they fit, by the patterns with this signature. Messages up to `done_to` have;
-- those after `until` had it when they came.
CREATE TABLE attribution (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    signature INTEGER NOT NULL,
    done_to   INTEGER NOT NULL,
    until     INTEGER NOT NULL
) STRICT;
