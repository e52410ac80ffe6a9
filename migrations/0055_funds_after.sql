-- The account's funds after an entry, so that what stood after an old one costs no more than after a new one. NULL of entries
-- from before this was kept: an entry is never written again.
ALTER TABLE ledger ADD COLUMN balance_after INTEGER;
ALTER TABLE ledger ADD COLUMN held_after INTEGER;
