-- What a key is for (NULL: everything), what may be spent with it in a day (NULL: no limit), and what has been spent with it on the
-- day on which it was used last for something that costs. The sum of that day's entries in the ledger that it caused.
ALTER TABLE api_key ADD COLUMN scopes TEXT;
ALTER TABLE api_key ADD COLUMN spend_per_day INTEGER CHECK (spend_per_day > 0);
ALTER TABLE api_key ADD COLUMN day_began_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN day_spent_minor INTEGER NOT NULL DEFAULT 0;

-- The first characters of the key by which something was held or charged, or by which what is given back had been.
ALTER TABLE ledger ADD COLUMN key_prefix TEXT;
