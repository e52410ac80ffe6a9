-- What customers' programs for number markets do with an order: how long it lasts once its number is on the air (NULL: as long as the
-- configuration says), the newest message when they asked for another code, and when they said that they need no more messages.
ALTER TABLE orders ADD COLUMN lifetime_us INTEGER CHECK (lifetime_us > 0);
ALTER TABLE orders ADD COLUMN asked_again_after INTEGER;
ALTER TABLE orders ADD COLUMN finished_at INTEGER;
-- The numbers that an account has canceled of late: others are preferred for it.
CREATE INDEX orders_canceled ON orders (account_id, service_id, ended_at) WHERE state = 'canceled';
-- The orders of an account that collect messages.
CREATE INDEX orders_collecting ON orders (account_id, expires_at) WHERE state = 'completed' AND filed = 0;
