-- Figures of the site over time: of a minute for two days, means of ten minutes for two weeks, of an hour for 400 days.
CREATE TABLE sample (
    topic   TEXT    NOT NULL,
    span    INTEGER NOT NULL CHECK (span IN (60, 600, 3600)),   -- seconds
    at      INTEGER NOT NULL,                                  -- when the span began
    minutes INTEGER NOT NULL CHECK (minutes BETWEEN 1 AND 60), -- in which the daemon ran
    figures TEXT    NOT NULL CHECK (json_valid (figures)),     -- an object of numbers by name
    PRIMARY KEY (topic, span, at)
) STRICT, WITHOUT ROWID;
