-- How an account's last orders ended (u: given up, k: kept), and until when it is given no number.
ALTER TABLE account ADD COLUMN recent_ends TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN paused_until INTEGER NOT NULL DEFAULT 0;
