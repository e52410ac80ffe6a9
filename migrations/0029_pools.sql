-- What a SIM is sold for: orders, rentals, or both.
ALTER TABLE sim ADD COLUMN pool TEXT NOT NULL DEFAULT 'both' CHECK (pool IN ('orders', 'rentals', 'both'));
