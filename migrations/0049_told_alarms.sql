-- Alarms that were told over a channel for notices and whose end was not.
CREATE TABLE told_alarm (
    channel  TEXT    NOT NULL,
    alarm_id INTEGER NOT NULL REFERENCES alarm (id) ON DELETE CASCADE,
    told_at  INTEGER NOT NULL,
    PRIMARY KEY (channel, alarm_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_alarm_by_alarm ON told_alarm (alarm_id);
