-- What the operator says: since when a number counts as used for a service, and until when its uses count for nothing.
CREATE TABLE mark (
    number     TEXT NOT NULL,
    service_id INTEGER NOT NULL,
    used_at    INTEGER,
    unused_at  INTEGER,
    PRIMARY KEY (number, service_id)
) STRICT, WITHOUT ROWID;
