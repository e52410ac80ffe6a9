-- An account's own limits; NULL: the configuration's, -1: none. And what it has done on the day that it ordered or was charged last: the
-- sum of that day's entries in the ledger, kept beside them so that an order costs the same whatever the day has seen.
ALTER TABLE account ADD COLUMN max_open INTEGER CHECK (max_open = -1 OR max_open > 0);
ALTER TABLE account ADD COLUMN orders_per_day INTEGER CHECK (orders_per_day = -1 OR orders_per_day > 0);
ALTER TABLE account ADD COLUMN spend_per_day INTEGER CHECK (spend_per_day = -1 OR spend_per_day > 0);
ALTER TABLE account ADD COLUMN day_began_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN day_spent_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN day_orders INTEGER NOT NULL DEFAULT 0;

-- When the day began on which an entry counts as spent, or no longer does. NULL: on none.
ALTER TABLE ledger ADD COLUMN day INTEGER;
