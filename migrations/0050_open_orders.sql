-- The open orders of an account by their end. With `id` as its second column this index looked to SQLite like the
-- one of all orders of an account, whose whole history was then read for each new order.
DROP INDEX orders_open_per_account;
CREATE INDEX orders_open_per_account ON orders (account_id, expires_at) WHERE state = 'open';
