-- The last order when the last message of a trace became known, as noted_after is of its first. It is
-- unknown of traces that are older than this column and have more than one message.
ALTER TABLE trace ADD COLUMN last_noted_after INTEGER;
