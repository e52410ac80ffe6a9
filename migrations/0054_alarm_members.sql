-- The things that an alarm is about, where one stands for several, such as SIMs: each on a line. And those that were told.
ALTER TABLE alarm ADD COLUMN members TEXT NOT NULL DEFAULT '';
ALTER TABLE told_alarm ADD COLUMN members TEXT NOT NULL DEFAULT '';
