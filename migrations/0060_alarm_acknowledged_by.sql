-- The person who acknowledged an alarm: the number of a user of this machine, and the name of the user or of a login of the console.
ALTER TABLE alarm ADD COLUMN acknowledged_uid INTEGER;
ALTER TABLE alarm ADD COLUMN acknowledged_by TEXT;
