-- What the operator says about a key, and when it was used last, to a minute or so.
ALTER TABLE api_key ADD COLUMN label TEXT;
ALTER TABLE api_key ADD COLUMN expires_at INTEGER;   -- it opens nothing from then on; NULL: it does not expire
ALTER TABLE api_key ADD COLUMN last_used_at INTEGER;
