-- A message of which it is not known to which SIM it came is given to no customer, by hand neither.
ALTER TABLE message ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
