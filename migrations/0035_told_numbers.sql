-- What a SIM tells as its number and cannot be one, as it tells it.
ALTER TABLE sim ADD COLUMN told_number TEXT;
