-- What the end of an order told of its number; NULL while it is open, and of orders that ended before this was kept. (A CHECK would have
-- all orders be read once.)
ALTER TABLE orders ADD COLUMN outcome TEXT;
