-- When a request with a key was refused last, and for what: `revoked`, `suspended`, `expired`, `address` or `scope`.
ALTER TABLE api_key ADD COLUMN last_refused_at INTEGER;
ALTER TABLE api_key ADD COLUMN refused_for TEXT;
