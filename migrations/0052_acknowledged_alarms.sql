-- When an operator acknowledged an alarm, and what is being done about it.
ALTER TABLE alarm ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE alarm ADD COLUMN note TEXT CHECK ((note IS NULL) = (acknowledged_at IS NULL));
