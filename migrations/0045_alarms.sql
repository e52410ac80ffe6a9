-- Alarms, those that stand and those of the last time.
CREATE TABLE alarm (
    id        INTEGER PRIMARY KEY,
    name      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,             -- a port, a bank, a country, a service; '' for the site
    text      TEXT    NOT NULL,             -- as it was when the row was last written
    raised_at INTEGER NOT NULL,
    ended_at  INTEGER CHECK (ended_at >= raised_at),
    UNIQUE (name, subject, raised_at)
) STRICT;
CREATE UNIQUE INDEX alarm_standing ON alarm (name, subject) WHERE ended_at IS NULL;
CREATE INDEX alarm_ended ON alarm (ended_at) WHERE ended_at IS NOT NULL;
